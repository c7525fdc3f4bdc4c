// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/chainlint/chainlint/pkg/terway"
)

// right is one thing that a run does to a cluster.
type right struct {
	group, resource string
	names           []string
	verbs           []string
	// where: "" is the cluster, else a namespace; own is that of the run.
	where string
	// without says what cannot be done without it.
	without string
}

// own stands for the namespace of the run.
const own = "*"

// rights of a run that is given a namespace.
var rights = []right{
	{"", "nodes", nil, []string{"list"}, "", "nothing: nobody knows the nodes"},
	{"apps", "daemonsets", nil, []string{"list"}, terway.ConfigMapNamespace, "the release of Terway, and whether there is a kube-proxy"},
	{"", "configmaps", []string{terway.ConfigMapName, "kube-proxy"}, []string{"get"}, terway.ConfigMapNamespace, "the chain, and the mode of kube-proxy"},
	{"", "services", []string{"kubernetes"}, []string{"get"}, "default", "the part of LL-025 about the API server"},
	{"", "pods", nil, []string{"create", "get", "list", "watch", "patch", "delete", "deletecollection"}, own, "nothing runs"},
	{"", "pods/exec", nil, []string{"create", "get"}, own, "no pod can be told to ask or to answer"},
	{"", "pods/log", nil, []string{"get"}, own, "LL-011"},
	{"", "pods/ephemeralcontainers", nil, []string{"update"}, own, "LL-011"},
	{"", "events", nil, []string{"list"}, own, "why a pod does not start"},
	{"", "services", nil, []string{"create", "delete", "list"}, own, "LL-025 and CON-005"},
	{"apps", "deployments", nil, []string{"create", "delete", "list", "patch"}, own, "CON-008 and LL-017"},
	{"apps", "daemonsets", nil, []string{"create", "delete", "list", "patch"}, own, "CON-009 and LL-017"},
	{"apps", "statefulsets", nil, []string{"create", "delete", "list"}, own, "LL-017"},
	{"batch", "jobs", nil, []string{"create", "delete", "list"}, own, "LL-017"},
	{"batch", "cronjobs", nil, []string{"create", "delete", "list"}, own, "LL-017"},
}

// ownNamespace are what a run needs in addition that makes its namespace itself.
var ownNamespace = []right{{"", "namespaces", nil, []string{"create", "get", "list", "delete"}, "", "a namespace of its own: name one that is there with --namespace"}}

// disruptive are what a run needs in addition that may replace the chain.
var disruptive = []right{
	{"", "configmaps", []string{terway.ConfigMapName}, []string{"update"}, terway.ConfigMapNamespace, "no chain is put in place"},
	{"", "pods", nil, []string{"list", "deletecollection"}, terway.ConfigMapNamespace, "Terway is not restarted"},
	{"", "pods/log", nil, []string{"get"}, terway.ConfigMapNamespace, "why Terway refuses a chain"},
}

// needed are the rights of a run, with or without a namespace that somebody made.
func needed(namespace string, replaces bool) []right {
	all := slices.Clone(rights)
	if namespace == "" {
		all = append(all, ownNamespace...)
	}
	if replaces {
		all = append(all, disruptive...)
	}
	return all
}

// MissingRights asks the cluster what the caller may do, and returns what he may not, each with what is lost. replaces:
// for a run that may replace the chain.
func (a *Access) MissingRights(ctx context.Context, namespace string, replaces bool) ([]string, error) {
	var missing []string
	for _, r := range needed(namespace, replaces) {
		var denied []string
		for _, verb := range r.verbs {
			allowed, err := a.may(ctx, r, verb, namespace)
			if err != nil {
				return nil, err
			}
			if !allowed {
				denied = append(denied, verb)
			}
		}
		if denied != nil {
			missing = append(missing, fmt.Sprintf("%s %s%s: without it, %s", strings.Join(denied, ", "), r.resource, r.place(namespace), r.without))
		}
	}
	return missing, nil
}

func (r right) place(namespace string) string {
	switch {
	case r.where == "":
		return ""
	case r.where != own:
		return " in " + r.where
	case namespace == "":
		return " in the namespace of the run"
	}
	return " in " + namespace
}

func (a *Access) may(ctx context.Context, r right, verb, namespace string) (bool, error) {
	resource, sub, _ := strings.Cut(r.resource, "/")
	where := r.where
	if where == own {
		where = namespace
	}
	name := ""
	if len(r.names) > 0 {
		name = r.names[0]
	}
	answer, err := a.Client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: where, Verb: verb, Group: r.group, Resource: resource, Subresource: sub, Name: name,
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("ask what this user may do: %w", err)
	}
	return answer.Status.Allowed, nil
}

// Account of the manifests of [Manifests].
const Account = "chainlint-conformance"

// Manifests are a namespace, a service account, and what it may do: all that a run needs which is given that namespace.
// replaces: and which may replace the chain.
func Manifests(namespace string, replaces bool) []runtime.Object {
	meta := func(where string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: Account, Namespace: where, Labels: map[string]string{ManagedBy: Manager}}
	}
	subject := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: Account, Namespace: namespace}}
	rules := map[string][]rbacv1.PolicyRule{}
	for _, r := range needed(namespace, replaces) {
		rules[r.where] = append(rules[r.where], rbacv1.PolicyRule{APIGroups: []string{r.group}, Resources: []string{r.resource}, ResourceNames: r.names, Verbs: r.verbs})
	}
	kind := func(name string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: name}
	}
	ref := func(name string) rbacv1.RoleRef {
		return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: name, Name: Account}
	}
	labels := map[string]string{ManagedBy: Manager, "pod-security.kubernetes.io/enforce": "privileged"}
	all := []runtime.Object{
		&corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: labels}},
		&corev1.ServiceAccount{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}, ObjectMeta: meta(namespace)},
		&rbacv1.ClusterRole{TypeMeta: kind("ClusterRole"), ObjectMeta: meta(""), Rules: rules[""]},
		&rbacv1.ClusterRoleBinding{TypeMeta: kind("ClusterRoleBinding"), ObjectMeta: meta(""), RoleRef: ref("ClusterRole"), Subjects: subject},
	}
	for _, where := range []string{own, terway.ConfigMapNamespace, metav1.NamespaceDefault} {
		in := where
		if where == own {
			in = namespace
		}
		all = append(all, &rbacv1.Role{TypeMeta: kind("Role"), ObjectMeta: meta(in), Rules: rules[where]},
			&rbacv1.RoleBinding{TypeMeta: kind("RoleBinding"), ObjectMeta: meta(in), RoleRef: ref("Role"), Subjects: subject})
	}
	return all
}
