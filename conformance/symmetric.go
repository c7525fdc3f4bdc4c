// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/terway"
)

const symmetricSource = "AliyunContainerService/terway:cmd/terway-cli/symmetric.go"

// symmetricSpecs are about what symmetric routing does beside its task: its mark and its rule are the node's.
var symmetricSpecs = []Spec{
	{
		ID: "VAR-016", Name: "packets to host ports carry no mark that belongs to somebody else", Level: Core, For: WantPublic, Needs: []Feature{HostPorts, PublicAddress, Traces}, Evidence: 3,
		Why:     "The mark of a packet has 32 bits for everybody on the node. One that kube-proxy, Felix, cilium or portmap take for theirs makes them masquerade, drop or let pass what they should not.",
		Sources: []string{symmetricSource, "projectcalico/calico:felix/config/config_params.go (IptablesMarkMask)", "cilium/cilium:pkg/datapath/linux/linux_defaults/mark.go"},
		Run:     foreignMarks,
	},
	{
		ID: "VAR-017", Name: "connections that did not come in by the public address's interface do not leave by it", Level: Core, For: WantPublic, Needs: []Feature{HostPorts, PublicAddress, Traces}, Evidence: 2,
		Why:     "A mark with bits outside of its mask, or a rule before Terway's own, takes traffic that symmetric routing was not made for. In the cloud, an interface sends nothing by the address of another.",
		Sources: []string{symmetricSource, "AliyunContainerService/terway:plugin/datapath/policy_router_linux.go"},
		Run:     diverted,
	},
	{
		ID: "VAR-018", Name: "nothing but symmetric routing uses its routing table", Level: Core, For: WantPublic, Needs: []Feature{HostPorts, PublicAddress, Traces}, Evidence: 1,
		Why:     "symmetric routing replaces the default route of its table. In a table that others use, that is their default route: of the node itself, or of the pods of an ENI until the next pod sets it back.",
		Sources: []string{symmetricSource},
		Run:     sharedTable,
	},
	{
		ID: "VAR-019", Name: "the rule of symmetric routing is tried behind those that lead to pods and before those that lead from them", Level: Core, For: WantPublic, Needs: []Feature{HostPorts, PublicAddress, Traces}, Evidence: 1,
		Why:     "Before the former, it sends what is for the pod back to the gateway; behind the latter, it is never reached. At the same priority, the older rule is tried first, so that some pods work and others do not.",
		Sources: []string{symmetricSource, "AliyunContainerService/terway:plugin/datapath/policy_router_linux.go (priorities 512 and 2048)"},
		Run:     ruleOrder,
	},
}

// predictedAstray ends the spec where the suite itself is tested and the model says that numbers are wrong: what
// they do is not predicted.
func (t *T) predictedAstray() {
	if w := t.world(); t.Predict && (len(w.Symmetric.Problems) > 0 || w.MarkOwner() != "") {
		t.NotApplicable("with such numbers nothing is predicted")
	}
}

// tracer of the node.
func (t *T) tracer() Tracer {
	node, ok := t.Env.At(OnNode).(Tracer)
	if !ok {
		t.Inconclusive("transport", "packets cannot be followed on this node")
	}
	return node
}

// trace begins to follow connections to a port.
func (t *T) trace(port uint16) (collect func() Trace) {
	end, err := t.tracer().Trace(t, port)
	t.Must(err)
	return func() Trace {
		seen, err := end()
		t.Must(err)
		return seen
	}
}

func foreignMarks(t *T) {
	t.predictedAstray()
	port := t.Port(probe.TCP)
	asks := Asks(probe.TCP, FromPublic, External)
	t.Closed(port, asks...)
	collect := t.trace(port.Host)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.AskOnce(port, pod, asks...) // whether they are answered is for other specs to judge
	seen := collect()
	if len(seen.Marks) == 0 {
		t.Inconclusive("no-trace", "no packet to the host port was seen on the node")
	}
	for _, m := range seen.Marks {
		t.Read("node", fmt.Sprintf("mark of packets of port %d that came in by %s", m.Port, m.In), fmt.Sprintf("%#x", m.Mark), "")
	}
	for _, m := range seen.Marks {
		if owner := t.markOwner(m.Mark); owner != "" {
			t.FailHint("mark-taken", "symmetric_routing_config gives packets this mark; Terway's own, 16, is nobody else's", "packets of port %d that came in by %s carry the mark %#x, of which %s takes bits for its own", m.Port, m.In, m.Mark, owner)
		}
	}
	t.Stop(pod)
}

// markOwner names who takes a bit of a mark for its own, "" for nobody. At this point of its way no packet carries
// a mark of theirs yet.
func (t *T) markOwner(mark uint32) string {
	own := []int64{13}
	if bit := t.world().Portmap.MarkBit; bit != nil {
		own = append(own, *bit)
	}
	for _, bit := range own {
		if bit >= 0 && bit < 32 && mark&(1<<bit) != 0 {
			return fmt.Sprintf("portmap (bit %d)", bit)
		}
	}
	return terway.MarkOwner(int(mark))
}

// diverted follows what a pod sends by itself, and what it answers to those who ask at its own address.
func diverted(t *T) {
	t.predictedAstray()
	there, own := t.nextPort(), Port{Protocol: probe.TCP, Container: t.nextPort()}
	pod := t.Start(PodSpec{Ports: []Port{own}})
	stop := t.outside(there)
	defer stop()
	t.follow("what the pod sends to a server outside", there, func() { t.asksOutside(pod, there) })
	t.follow("what the pod answers to a client at its own address", own.Container, func() { t.AskOnce(own, pod, Asks(probe.TCP, Direct)...) })
	t.Stop(pod)
}

// follow requires that connections to a port leave by the public address's interface only if they came in by it.
func (t *T) follow(what string, port uint16, traffic func()) {
	public := t.world().Symmetric.Config.WithDefaults().Interface
	collect := t.trace(port)
	traffic()
	seen := collect()
	cameIn := slices.ContainsFunc(seen.Ways, func(w Way) bool { return !w.Reply && w.In == public })
	for _, w := range seen.Ways {
		t.Read("node", what, "in by "+w.In+", out by "+w.Out, "")
		if w.Out == public && w.In != public && !cameIn {
			t.FailHint("diverted", "the mark's bits must lie within its mask, and the rule between 513 and 2047", "%s leaves by %s, the interface of symmetric routing, and did not come in by it", what, public)
		}
	}
	if len(seen.Ways) == 0 && !t.bypassed() {
		t.Inconclusive("no-trace", "%s was not seen on the node", what)
	}
}

// asksOutside asks the server outside; whether it answers is for other specs to judge.
func (t *T) asksOutside(pod Pod, port uint16) {
	request := probe.Request{Protocol: probe.TCP, To: netip.AddrPortFrom(t.Env.Layout().External, port), Limit: answerLimit}
	results, err := pod.Probe(t, request)
	t.Must(err)
	for _, r := range results {
		t.Read("pod", request.To.String(), string(t.answeredBy(r, beyond)), "")
	}
}

// policies are the rules of policy routing while a pod runs, with those of symmetric routing apart.
func (t *T) policies() (pod Pod, ours, others []Policy) {
	t.predictedAstray()
	config := t.world().Symmetric.Config.WithDefaults()
	pod = t.Start(PodSpec{})
	all, err := t.tracer().Policies(t)
	t.Must(err)
	for _, p := range all {
		if p.Mark == uint32(config.Mark) && p.Mask == uint32(config.Mask) && p.Priority == config.RulePriority {
			ours = append(ours, p)
		} else {
			others = append(others, p)
		}
	}
	if len(ours) == 0 {
		t.NotApplicable("symmetric routing is off")
	}
	return pod, ours, others
}

// firstENITable is where the tables of Terway's ENIs begin: 1000 and the index of the interface.
const firstENITable = 1000

func sharedTable(t *T) {
	pod, ours, others := t.policies()
	table := ours[0].Table
	t.Read("node", "table of symmetric routing", fmt.Sprint(table), "")
	shares := slices.IndexFunc(others, func(p Policy) bool { return p.Table == table })
	switch {
	case shares >= 0:
		t.FailHint("shared-table", freeTables, "symmetric routing replaces the default route of table %d, and the rule with priority %d leads others there, too", table, others[shares].Priority)
	case table >= firstENITable:
		t.FailHint("shared-table", freeTables, "symmetric routing replaces the default route of table %d, which Terway gives to the ENI whose interface has the index %d, as soon as there is one", table, table-firstENITable)
	}
	t.Stop(pod)
}

const freeTables = "use a table between 1 and 252, or between 256 and 999, such as Terway's default 100"

func ruleOrder(t *T) {
	pod, ours, others := t.policies()
	own := ours[0].Priority
	for _, p := range others {
		to := slices.ContainsFunc(pod.IPs(), func(ip netip.Addr) bool { return p.To == netip.PrefixFrom(ip, ip.BitLen()) })
		from := slices.ContainsFunc(pod.IPs(), func(ip netip.Addr) bool { return p.From == netip.PrefixFrom(ip, ip.BitLen()) })
		if to || from {
			t.Read("node", "priorities of the pod's rule and of symmetric routing's", fmt.Sprint(p.Priority, " ", own), "")
		}
		switch {
		case to && own <= p.Priority:
			t.FailHint("rule-order", freePriorities, "the rule of symmetric routing, %d, may be tried before the one that leads to the pod, %d: then packets from outside go back to the gateway", own, p.Priority)
		case from && own >= p.Priority:
			t.FailHint("rule-order", freePriorities, "the rule of symmetric routing, %d, may be tried behind the one that leads from the pod to its ENI, %d: then it is never reached", own, p.Priority)
		}
	}
	t.Stop(pod)
}

const freePriorities = "use a priority between 513 and 2047, such as Terway's default 600; of two equal ones, the older rule is tried first"
