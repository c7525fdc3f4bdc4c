// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/terway"
)

func ready(name, pool string, labels ...string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{terway.PoolLabel: pool}}}
	for _, l := range labels {
		n.Labels[l] = ""
	}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	n.Status.NodeInfo = corev1.NodeSystemInfo{KernelVersion: "5.10.134-16.al8", KubeletVersion: "v1.34.1", ContainerRuntimeVersion: "containerd://1.6.39"}
	n.Status.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: "10.0.0.1"}, {Type: corev1.NodeInternalIP, Address: "fd00::1"}, {Type: corev1.NodeExternalIP, Address: "203.0.113.7"},
	}
	return n
}

func access(objects ...runtime.Object) *Access {
	return &Access{Client: fake.NewClientset(objects...), Rest: &rest.Config{Host: "https://cluster"}}
}

// TestRead: the facts of a live cluster are those of what kubectl would print, and eni_conf is in none of them.
func TestRead(t *testing.T) {
	const secret = "VERY-SECRET"
	a := access(ready("n1", "a"),
		&appsv1.DaemonSet{
			ObjectMeta: metav1.ObjectMeta{Name: "terway-eniip", Namespace: "kube-system"},
			Spec:       appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "terway", Image: "registry/acs/terway:v1.15.0"}}}}},
		},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kube-proxy", Namespace: "kube-system"}, Data: map[string]string{"config.conf": "mode: ipvs\n"}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "eni-config", Namespace: "kube-system"}, Data: map[string]string{
			"eni_conf": `{"access_secret":"` + secret + `","ip_stack":"dual"}`, "10-terway.conf": `{"type":"terway"}`,
		}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "kubernetes", Namespace: "default"}, Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.1", Ports: []corev1.ServicePort{{Port: 443}}}},
	)
	live, err := a.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := live.Facts.Facts
	if f.Terway.Version != "v1.15.0" || f.KubeProxyMode != "ipvs" || f.IPStack != "dual" || f.ContainerRuntime != "containerd" || f.Node.KernelVersion != "5.10" || f.KubernetesVersion != "v1.34.1" {
		t.Errorf("%+v", f)
	}
	if live.API() != "10.96.0.1:443" {
		t.Errorf("the API server is at %q", live.API())
	}
	for path, source := range live.Facts.Sources {
		if strings.Contains(path+source, secret) {
			t.Errorf("%s: %s", path, source)
		}
	}
	if strings.Contains(f.Terway.Conf, secret) {
		t.Error("eni_conf is among the facts")
	}
}

// TestSample: one node of each pool, none that is cordoned or runs the control plane, and another to ask from.
func TestSample(t *testing.T) {
	cordoned := ready("n0", "")
	cordoned.Spec.Unschedulable = true
	live := &Live{Nodes: []corev1.Node{*ready("cp", "", "node-role.kubernetes.io/control-plane"), *cordoned, *ready("n1", ""), *ready("n2", ""), *ready("g1", "gpu")}}
	for _, c := range []struct {
		pool        string
		only        []string
		node, other string
	}{
		{"", nil, "n1", "n2"},
		{"", []string{"n2"}, "n2", "n1"},
		{"gpu", nil, "g1", "n1"},
	} {
		node, other, err := live.Sample(c.pool, []string{"gpu"}, c.only, false)
		if err != nil || node != c.node || other != c.other {
			t.Errorf("%q %q: %s, %s, %v", c.pool, c.only, node, other, err)
		}
	}
	if _, _, err := live.Sample("", []string{"gpu"}, []string{"g1"}, false); err == nil {
		t.Error("a node of another pool is sampled")
	}
}

func TestLayout(t *testing.T) {
	live := &Live{Nodes: []corev1.Node{*ready("a", ""), *ready("b", "")}}
	l := live.Layout("a", "b", true, false)
	if l.Node.Address.String() != "10.0.0.1" || l.Node.Address6.String() != "fd00::1" || l.PublicNode.String() != "203.0.113.7" || l.External != l.Other.Address {
		t.Errorf("%+v", l)
	}
}

// TestManifests: every right of a run is in the manifests, and nothing of a whole cluster but reading its nodes.
func TestManifests(t *testing.T) {
	for _, replaces := range []bool{false, true} {
		manifests(t, replaces)
	}
}

func manifests(t *testing.T, replaces bool) {
	granted := map[string]int{}
	for _, object := range Manifests("ns", replaces) {
		switch o := object.(type) {
		case *rbacv1.ClusterRole:
			for _, r := range o.Rules {
				if !slices.Equal(r.Resources, []string{"nodes"}) || !slices.Equal(r.Verbs, []string{"list"}) {
					t.Errorf("of the whole cluster: %+v", r)
				}
			}
			granted[""] += len(o.Rules)
		case *rbacv1.Role:
			granted[o.Namespace] += len(o.Rules)
		}
	}
	for _, r := range needed("ns", replaces) {
		where := r.where
		if where == own {
			where = "ns"
		}
		granted[where]--
	}
	for where, n := range granted {
		if n != 0 {
			t.Errorf("replaces %v: %q: %d rules more than rights", replaces, where, n)
		}
	}
}

// TestClean removes what has expired, and what somebody else made never.
func TestClean(t *testing.T) {
	of := func(name string, labels map[string]string, until time.Time) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, Annotations: map[string]string{ExpiresAt: until.Format(time.RFC3339)}}}
	}
	ours := map[string]string{ManagedBy: Manager, RunLabel: "x"}
	old, later := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	a := access(of("old", ours, old), of("new", ours, later), of("other", map[string]string{ManagedBy: "somebody"}, old), of("given", map[string]string{ManagedBy: Manager}, old))
	gone, err := a.Clean(t.Context(), "", false)
	if err != nil || !slices.Equal(gone, []string{"namespace old"}) {
		t.Errorf("%q, %v", gone, err)
	}
	gone, err = a.Clean(t.Context(), "", true)
	if err != nil || !slices.Equal(gone, []string{"namespace new"}) {
		t.Errorf("all: %q, %v", gone, err)
	}
}

// TestPodsHaveNoPrivileges: pods of the suite could run anywhere but for their host ports.
func TestPodsHaveNoPrivileges(t *testing.T) {
	a := &Access{Namespace: NamespacePrefix + "x", Image: "image"}
	pod := a.template("pod", "node", agent.Config{})
	a.ask(pod, conformance.PodSpec{Ports: []conformance.Port{{Protocol: probe.UDP, Container: 8000, Host: 20000, HostIP: "127.0.0.1"}}, Crowded: true, Probed: true})
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		s := c.SecurityContext
		if s == nil || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || s.Capabilities.Add != nil || s.Privileged != nil {
			t.Errorf("%s: %+v", c.Name, s)
		}
	}
	if *pod.Spec.AutomountServiceAccountToken || !*pod.Spec.SecurityContext.RunAsNonRoot || *pod.Spec.ActiveDeadlineSeconds != int64(Lifetime.Seconds()) || pod.Labels[ManagedBy] != Manager {
		t.Errorf("%+v", pod)
	}
	if p := pod.Spec.Containers[0].Ports[0]; p.HostPort != 20000 || p.HostIP != "127.0.0.1" || p.Protocol != corev1.ProtocolUDP {
		t.Errorf("%+v", p)
	}
}
