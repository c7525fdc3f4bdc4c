// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"cmp"
	"fmt"
	"net/netip"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
)

// wrong ends the spec because of a result that is not as wanted. A path that a control shows to be blocked is
// not the chain's fault.
func (t *T) wrong(a Ask, port Port, r probe.Result, o report.Observation, w Want) {
	if o.Got != o.Expected && o.Got != string(probe.WrongAnswer) {
		if why := t.blocked(a); why != "" {
			t.Inconclusive("path-blocked", "%s", why)
		}
	}
	what := fmt.Sprintf("%s to %s (%s): expected %s", a, o.Target, phaseWords[o.Phase], o.Expected)
	if w.Class != "" {
		what += ", the client's address " + classWords[w.Class]
	}
	what += "; got " + o.Got
	if o.Source != "" {
		what += fmt.Sprintf(", the pod saw %s, which is %s", o.Source, classWords[o.Class])
	}
	if r.Error != "" {
		what += " (" + r.Error + ")"
	}
	if w.Why != "" {
		what += "; " + w.Why
	}
	code := codeOf(o, w)
	hint := hintFor(a, code)
	if code == string(probe.Refused) && a.From != Direct {
		hint = cmp.Or(t.unmapped(), hint)
	}
	t.FailHint(code, hint, "%s", what)
}

// unmapped is why a chain that has portmap leads nobody to the pod, "" where it has none or nothing is known.
func (t *T) unmapped() string {
	portmap := t.world().Portmap
	switch {
	case portmap.ConditionsV4 != nil || portmap.ConditionsV6 != nil:
		return "conditionsV4 and conditionsV6 of portmap say which clients are led to the pod: does this one match them?"
	case portmap.Entries == 0 && t.Setup.Facts.Exclusive():
		return "on nodes with exclusive ENIs Terway puts a list of its own in the chain's place (fact terway.eniMode): pods with host ports belong on others"
	}
	return ""
}

var phaseWords = map[string]string{"closed": "before the pod", "open": "while the pod runs", "released": "after the pod"}

var classWords = map[string]string{Preserved: "preserved", FromNode: "the node's", OtherHost: "neither the client's nor the node's", "": "unknown"}

// codeOf is the class of a reason.
func codeOf(o report.Observation, w Want) string {
	switch {
	case o.Phase == "closed":
		return "not-closed"
	case o.Phase == "released":
		return "leak"
	case o.Got == o.Expected && w.Class != "":
		return "wrong-source"
	}
	return o.Got
}

const notMasqueraded = "nobody masquerades: is snat false, or does no kube-proxy masquerade what externalSetMarkChain marks?"

// hints by what was asked and how it went wrong, first match; "" matches all.
var hints = []struct {
	code string
	from Vantage
	hint string
}{
	{"not-closed", "", "something takes the port already: a rule that an earlier pod left behind, or a listener on the node"},
	{"leak", "", "DEL did not remove the rules: was portmap, its backend or the network's name changed while pods ran?"},
	{"wrong-source", "", "who masquerades decides what address the pod sees: masqAll, the backend, and the prefix of the vSwitch"},
	{"refused", Direct, "the pod does not answer at its own address: the plain network is broken, not host ports"},
	{"timeout", Direct, "the pod does not answer at its own address: the plain network is broken, not host ports"},
	{"refused", "", "no rule leads to the pod: is portmap in the list, with \"capabilities\": {\"portMappings\": true}?"},
	{"no-address", Localhost, notMasqueraded}, // the kernel refuses to send datagrams of 127.0.0.1 to a pod
	{"timeout", Localhost, notMasqueraded},
	{"timeout", Localhost2, notMasqueraded},
	{"timeout", Hairpin, notMasqueraded},
	{"timeout", FromPublic, "replies leave by the pod's own interface instead of the one they came in by: is symmetric_routing on?"},
	{"timeout", "", "packets arrive and replies do not come back: a FORWARD policy, or on Datapath V2 a portmap without masqAll"},
	{"wrong-answer", "", "somebody else answers at this port: two claimants, or a rule of an earlier pod"},
}

func hintFor(a Ask, code string) string {
	for _, h := range hints {
		if h.code == code && (h.from == "" || h.from == a.From) {
			return h.hint
		}
	}
	return ""
}

// blocked asks a listener on the node itself over the same path: if that is not reached either, no chain is at
// fault. The answer says why, "" where the path is open.
func (t *T) blocked(a Ask) string {
	if a.From == Direct || a.From == Hairpin {
		return ""
	}
	where := OnNode
	if a.From == Elsewhere {
		where = OnOther
	}
	port := Port{Protocol: a.Protocol, Host: t.controlPort()}
	stop, err := t.Env.At(where).Serve(t, "control", probe.Honest, probe.Listen{Protocol: a.Protocol, Port: port.Host, Address: unspecified(a)})
	if err != nil {
		return fmt.Sprintf("the control could not listen on the node: %v", err)
	}
	defer stop()
	control := a
	control.Shape = probe.Request{}
	results := t.round(port, nil, []Ask{control})
	if results[0].Outcome == probe.Answered && results[0].Reply.Identity == "control" {
		return ""
	}
	return fmt.Sprintf("%s does not reach a plain listener on the node at %s either (%s): a security group, a firewall or routing blocks the path", a, t.target(control, port, nil), results[0].Outcome)
}

// unspecified address of the family, so that a listener of IPv4 needs no IPv6.
func unspecified(a Ask) netip.Addr {
	if a.Family == 6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}
