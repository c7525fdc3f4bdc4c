// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"github.com/chainlint/chainlint/conformance/probe"
)

// restartSpecs are about components of a node that are restarted while pods run.
var restartSpecs = []Spec{
	restarted("RST-001", "kubelet", "systemctl restart kubelet", "The kubelet finds its pods again, and must not touch their network."),
	restarted("RST-002", "containerd", "systemctl restart containerd", "The runtime reads its list again, and a DEL after that has to remove what an ADD before it made (containerd#12923)."),
	restarted("RST-003", "kube-proxy", "pkill -x kube-proxy || true", "kube-proxy writes all its rules anew into the same tables; those of portmap must survive, and stay in their order."),
	restarted("RST-004", "Terway", "pkill -f 'stub daemo[n]' || true", "Terway's daemon writes the list again. Nothing may change for pods, and those that start meanwhile are tried again."),
	{
		ID: "RST-005", Name: "after a reboot of the node a pod answers at its host port again, and none answers that is gone", Level: Ext, For: WantHostPorts, Disruptive: true,
		Needs: []Feature{HostPorts, Kubelet, Rules, MachineChanges}, Evidence: 10,
		Why: "A reboot takes all rules with it. The kubelet makes the sandboxes of its pods anew, with the list that lay on the disk: before Terway serves, that fails, and must be tried again.",
		Run: rebooted,
	},
}

func rebooted(t *T) {
	machines, ok := t.Env.(Machines)
	if !ok {
		t.Inconclusive("harness", "the nodes of this environment cannot be rebooted")
	}
	before, port, ask := t.rules(), t.Port(probe.TCP), Asks(probe.TCP, External)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, ask...)
	t.Must(machines.Reboot(t, pod))
	t.forget(t)
	t.Answers(pod, port, ask...)
	t.Cycle(t.Port(probe.TCP), ask...)
	t.Stop(pod)
	t.Released(port, ask...)
	t.clean(before)
}

// restarted is a spec about one component of the node.
func restarted(id, what, command, why string) Spec {
	return Spec{
		ID: id, Name: "a restart of " + what + " interrupts no host port, and pods start and go after it as before", Level: Ext, For: WantHostPorts,
		Needs: []Feature{HostPorts, Kubelet, Shell, Rules}, Evidence: 13, Why: why,
		Run: func(t *T) {
			before := t.rules()
			port, next, ask := t.Port(probe.TCP), t.Port(probe.TCP), Asks(probe.TCP, External)
			pod := t.Start(PodSpec{Ports: []Port{port}})
			t.Answers(pod, port, ask...)
			stop := t.sample(pod, port, ask[0])
			t.shell(command, "")
			t.Cycle(next, ask...)
			all := stop()
			lost := orNone(all.lost())
			t.Read("external", "questions during the restart, not answered", lost, none)
			if lost != none {
				t.Fail("interrupted", "while %s was restarted, a pod that runs did not answer at its host port: %s", what, lost)
			}
			t.Stop(pod)
			t.Released(port, ask...)
			t.clean(before)
		},
	}
}
