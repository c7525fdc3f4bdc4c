// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"net/netip"
	"slices"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/predict"
)

// want is what a question must see while the pod runs: an answer, because the intent asks for it; or, where the
// suite itself is tested, what the prediction says.
func (t *T) want(a Ask, port Port, pod Pod) Want {
	if !t.Predict {
		return Want{Outcome: probe.Answered}
	}
	answer := t.predicted(a, port, pod)
	if answer.Outcome == predict.Undecided {
		return Want{Why: "the prediction does not tell: " + answer.Why}
	}
	if answer.Outcome == predict.Timeout && a.Protocol == probe.UDP && slices.Contains([]Vantage{Localhost, Localhost2}, a.From) {
		return Want{Why: "no datagram may leave 127.0.0.1, or its answer is lost: " + answer.Why} // the kernel may say so at once
	}
	class := sources[answer.Source]
	if class == FromNode && slices.Contains(t.nodeAddresses(), t.clientAddress(a, pod)) {
		class = Preserved // it is both
	}
	return Want{Outcome: probe.Outcome(answer.Outcome), Class: class, Why: "predicted, because " + answer.Why}
}

// nodeAddresses are all of the first node's.
func (t *T) nodeAddresses() []netip.Addr {
	n := t.Env.Layout().Node
	return []netip.Addr{n.Address, n.Address6, n.Secondary, n.Secondary6}
}

// sources are the classes of addresses that predictions name.
var sources = map[predict.Source]string{predict.Preserved: Preserved, predict.OfNode: FromNode}

// vantages of predictions, where they have another name.
var vantages = map[Vantage]predict.Vantage{Localhost2: predict.Localhost, FromPublic: predict.Public, AtSecondary: predict.External}

// predicted is what the model says of a question. pod may be nil.
func (t *T) predicted(a Ask, port Port, pod Pod) predict.Answer {
	l := t.Env.Layout()
	from, renamed := vantages[a.From]
	if !renamed {
		from = predict.Vantage(a.From)
	}
	family := max(a.Family, 4)
	w := t.world()
	client := w.Client(from, t.clientAddress(a, pod))
	bound := a.Shape.From.Addr()
	client.Bound = bound.IsValid() && (bound == l.Node.Address || bound == l.Node.Address6)
	bind := predict.Port{Family: family, HostIP: predict.Bind(port.HostIP, family, l.Node.Address, l.Node.Address6)}
	answer := w.HostPort(client, bind)
	if pod != nil && answer.Outcome == predict.Undecided {
		answer = w.Started().HostPort(client, bind) // whether pods start is decided
	}
	return answer
}

// world that the environment runs, as far as the model sees it.
func (t *T) world() predict.World {
	l, facts := t.Env.Layout(), t.Setup.Facts
	facts.Terway.Datapath = t.Env.About().Datapath
	w, err := predict.Of(t.Env.About().Conflist, facts, "")
	t.Must(err)
	w.Prefixes = []netip.Prefix{l.Prefix, l.Prefix6}
	return w
}

// clientAddress is the address by which a question comes.
func (t *T) clientAddress(a Ask, pod Pod) netip.Addr {
	l, six := t.Env.Layout(), a.Family == 6
	pick := func(v4, v6 netip.Addr) netip.Addr {
		if six {
			return v6
		}
		return v4
	}
	switch a.From {
	case OtherNode:
		return pick(l.Other.Address, l.Other.Address6)
	case OtherPod, SameNodePod:
		return podAddress(t.client(a.From), a.Family)
	case Hairpin:
		return podAddress(pod, a.Family)
	case OwnNode:
		return pick(l.Node.Address, l.Node.Address6)
	case Localhost, Localhost2:
		if bound := a.Shape.From.Addr(); bound.IsValid() && !bound.IsUnspecified() {
			return bound
		}
		return pick(netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback())
	case FromPublic:
		return l.Public
	}
	return pick(l.External, l.External6)
}

// startPredicted ends the spec where the prediction says that the pod does not start, and it did not.
func (t *T) startPredicted(spec PodSpec) {
	for _, port := range spec.Ports {
		if t.Predict && port.Host > 0 && t.predicted(Ask{From: External, Protocol: port.Protocol, Family: 4}, port, nil).Outcome == predict.StartFails {
			t.Read("pod", "start", "fails", "fails")
			t.record.evidence = max(t.record.evidence, t.spec.Evidence) // nothing is left to be asked
			panic(verdict{outcome: report.Pass})
		}
	}
}
