// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/internal/image"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Variables of the environment of the stand-in's containers.
const (
	NodeVariable     = "NODE"
	DatapathVariable = "DATAPATH"
	RouterVariable   = "ENI_ROUTER"
	VSwitchVariable  = "VSWITCHES"
	NodeNameVariable = "K8S_NODE_NAME"
	ENIVariable      = "ENI"
)

// environmentOf the stand-in: where the API is without kube-proxy, where pods get their addresses, and what the facts say
// of the nodes.
func (c *Cluster) environmentOf(ctx context.Context, f terway.PoolFacts) (map[string]string, error) {
	here, _, err := f.EffectiveNode()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(here)
	if err != nil {
		return nil, err
	}
	router, err := docker(ctx, "inspect", "--format", fmt.Sprintf(`{{with index .NetworkSettings.Networks %q}}{{.MacAddress}}{{end}}`, c.vpc.network()), c.vpc.container())
	var ranges []string
	for _, r := range c.PodRanges {
		ranges = append(ranges, r.String())
	}
	return map[string]string{
		NodeVariable: string(text), DatapathVariable: f.Terway.Datapath, RouterVariable: router, VSwitchVariable: strings.Join(ranges, ","), ENIVariable: eni,
		"KUBERNETES_SERVICE_HOST": c.nodes[0].ip.String(), "KUBERNETES_SERVICE_PORT": "6443",
	}, err
}

// eni is the link by which pods leave a node.
const eni = "eth1"

// standInImage is under which name nodes have the image as Terway's: its tag is the release, from which the cluster's
// facts are read.
func standInImage(version string) string { return "chainlint.dev/terway:" + version }

// daemonSet is Terway's, as far as a chain can tell the difference: names, labels, mounts and the order of its
// containers are those of charts/terway/templates/terwayd/daemonset.yaml at v1.17.5. The environment is what it would
// find out by itself.
func daemonSet(version string, environment map[string]string) *appsv1.DaemonSet {
	labels := map[string]string{"app": terway.DaemonSetName}
	grace, yes := int64(0), true
	env := []corev1.EnvVar{{Name: NodeNameVariable, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.nodeName"}}}}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		env = append(env, corev1.EnvVar{Name: name, Value: environment[name]})
	}
	root := int64(0)
	container := func(name, command string, mounts ...corev1.VolumeMount) corev1.Container {
		return corev1.Container{
			Name: name, Image: standInImage(version), ImagePullPolicy: corev1.PullNever, Command: []string{image.Conformance, "stub", command}, Env: env,
			SecurityContext: &corev1.SecurityContext{Privileged: &yes, RunAsUser: &root},
			VolumeMounts:    append([]corev1.VolumeMount{{Name: "eni-config", MountPath: stub.PodDirs.Config}}, mounts...),
		}
	}
	lists := corev1.VolumeMount{Name: "cni", MountPath: stub.PodDirs.Lists}
	readLists := corev1.VolumeMount{Name: "cni", MountPath: stub.PodDirs.Lists, ReadOnly: true}
	run := corev1.VolumeMount{Name: "eni-run", MountPath: "/var/run/"}
	policy := container("policy", "policy", readLists)
	check := &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Host: "127.0.0.1", Port: intstr.FromInt32(9099)}}}
	policy.ReadinessProbe = check
	return &appsv1.DaemonSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "DaemonSet"},
		ObjectMeta: metav1.ObjectMeta{Name: terway.DaemonSetName, Namespace: terway.ConfigMapNamespace, Labels: labels},
		Spec: appsv1.DaemonSetSpec{
			Selector:       &metav1.LabelSelector{MatchLabels: labels},
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType, RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &intstr.IntOrString{Type: intstr.String, StrVal: "10%"}}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					HostNetwork: true, PriorityClassName: "system-node-critical", ServiceAccountName: serviceAccount, TerminationGracePeriodSeconds: &grace,
					Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
					InitContainers: []corev1.Container{container("terway-init", "init", lists,
						corev1.VolumeMount{Name: "cni-bin", MountPath: stub.PodDirs.Plugins}, run, corev1.VolumeMount{Name: "host-root", MountPath: HostRoot})},
					Containers: []corev1.Container{
						container("terway", "daemon", readLists, corev1.VolumeMount{Name: "host-cni", MountPath: stub.PodDirs.HostLists}, run),
						policy,
					},
					Volumes: []corev1.Volume{
						{Name: "eni-config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: terway.ConfigMapName}}}},
						{Name: "cni", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
						hostPath("host-cni", "/etc/cni/net.d", corev1.HostPathDirectoryOrCreate), hostPath("cni-bin", "/opt/cni/bin", corev1.HostPathDirectory),
						hostPath("eni-run", "/var/run/", corev1.HostPathDirectory), hostPath("host-root", "/", corev1.HostPathDirectory),
					},
				},
			},
		},
	}
}

// HostRoot is where the init container sees the node: the tools that symmetric routing takes are the node's.
const HostRoot = "/host-root"

func hostPath(name, path string, kind corev1.HostPathType) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path, Type: &kind}}}
}

// serviceAccount of Terway.
const serviceAccount = "terway"

// rights of the stand-in: it reads its node, whose labels and range it needs.
func rights() (*corev1.ServiceAccount, *rbacv1.ClusterRole, *rbacv1.ClusterRoleBinding) {
	meta := metav1.ObjectMeta{Name: serviceAccount}
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: serviceAccount, Namespace: terway.ConfigMapNamespace}},
		&rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"get"}}}},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: serviceAccount},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: serviceAccount, Namespace: terway.ConfigMapNamespace}},
		}
}
