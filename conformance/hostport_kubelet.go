// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"

	"github.com/chainlint/chainlint/conformance/probe"
)

// sidecarSpecs are about host ports of containers that are not ordinary ones.
var sidecarSpecs = []Spec{{
	ID: "HP-025", Name: "a host port of a sidecar answers while the pod's other containers still start, where the kubelet tells the runtime of it", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 8,
	Why:     "A sidecar is an init container that stays. Kubelets, up to 1.34 at least, name the host ports of ordinary containers only, so no chain can serve those of a sidecar: declare them on an ordinary container.",
	Sources: []string{"kubernetes/enhancements: KEP-753", "kubernetes/kubernetes:pkg/kubelet/kuberuntime/kuberuntime_sandbox.go (generatePodSandboxConfig) at v1.34.4"},
	Run: func(t *T) {
		port, ask := t.Port(probe.TCP), Asks(probe.TCP, External, OwnNode)
		t.Closed(port, ask...)
		pod := t.Start(PodSpec{Ports: []Port{port}, Sidecar: true})
		unknown := !slices.ContainsFunc(t.AskOnce(port, pod, ask...), func(r probe.Result) bool { return r.Outcome != probe.Refused })
		if unknown {
			t.NotApplicable("the kubelet of this node tells the runtime nothing of a sidecar's host port, which is refused: declare it on an ordinary container")
		}
		t.Answers(pod, port, ask...)
		t.Stop(pod)
		t.Released(port, ask...)
	},
}}
