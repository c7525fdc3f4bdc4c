// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// symmetricBit is that of the mark 16, by which symmetric routing knows connections.
const symmetricBit = 4

// markBits tries the ends, the default, those of kube-proxy, and that of symmetric routing.
func markBits(t *T) {
	for _, bit := range []int{0, 13, 14, 15, 31, symmetricBit} {
		t.named(fmt.Sprint("bit ", bit), func() {
			o := t.Open(func(s *Setup) {
				s.Data = Chain(PublicTerway, fmt.Sprintf(`{"type":"portmap","capabilities":{"portMappings":true},"markMasqBit":%d}`, bit))
			})
			port, clients := o.Port(probe.TCP), preserved
			if bit == symmetricBit {
				clients = fromNode
			}
			pod := o.Start(PodSpec{Ports: []Port{port}})
			o.Sees(pod, port, clients, Asks(probe.TCP, FromPublic, External)...)
			o.Answers(pod, port, Asks(probe.TCP, Localhost, Hairpin)...)
			o.Stop(pod)
		})
	}
}

// Releases of VAR-013, and the first that knows the key backend.
var (
	portmapReleases = []string{"v1.1.1", "v1.6.2", "v1.7.1", "v1.8.0", "v1.9.1"}
	backendSince    = "v1.6.0"
)

// backendKeys are what a chain can say about the backend.
var backendKeys = []struct{ name, key, wants string }{
	{"auto", "", cni.Iptables},
	{"iptables", `,"backend":"iptables"`, cni.Iptables},
	{"nftables", `,"backend":"nftables"`, cni.Nftables},
}

func everyRelease(t *T) {
	for _, release := range portmapReleases {
		for _, b := range backendKeys {
			t.named(release+" "+b.name, func() {
				o := t.Open(func(s *Setup) {
					s.Facts.CNIPlugins.Versions = map[string]string{cni.Portmap: release}
					s.Data = Chain(PlainTerway, `{"type":"portmap","capabilities":{"portMappings":true}`+b.key+`}`)
				})
				wants := b.wants
				if terway.Older(release, backendSince) {
					wants = cni.Iptables
				}
				o.inFirewall(wants)
			})
		}
	}
}

// inFirewall requires that host ports work, with rules in that firewall only.
func (t *T) inFirewall(backend string) {
	port, before := t.Port(probe.TCP), t.rules()
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, Asks(probe.TCP, External, OwnNode, Localhost, Hairpin)...)
	found := firewallOf(t.left(before))
	t.Read("node", "firewall of the host port", found, backend)
	if found != backend {
		t.Fail("other-backend", "the rules are in %s, and were predicted in %s", found, backend)
	}
	t.Stop(pod)
	t.clean(before)
	t.Released(port, Asks(probe.TCP, External)...)
}

// firewallOf tells by their tools where rules stand.
func firewallOf(rules []string) string {
	var all []string
	for _, rule := range rules {
		tool, _, _ := strings.Cut(rule, " ")
		name := map[string]string{"iptables": cni.Iptables, "ip6tables": cni.Iptables, "nft": cni.Nftables}[tool]
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return strings.Join(all, " and ")
}

func listVersions(t *T) {
	o := t.Open(nil)
	port, ask, before := o.Port(probe.TCP), Asks(probe.TCP, External), o.rules()
	pod := o.attach(port)
	o.del(pod, Call{})
	for _, version := range []string{"0.3.1", "0.4.0", "1.0.0"} {
		o.named("CNI "+version, func() {
			o.add(pod, Call{CNIVersion: version})
			o.Answers(pod, port, ask...)
			o.del(pod, Call{CNIVersion: version})
			o.clean(before)
		})
	}
	o.cannotAdd(pod, Call{CNIVersion: "1.1.0"}, terway.PluginType, "incompatible CNI versions")
	o.del(pod, Call{})
	o.Released(port, ask...)
}

func sameList(t *T) {
	node, _, err := t.Setup.Facts.EffectiveNode()
	t.Must(err)
	node.PartialData = t.Setup.Partial
	want, err := terway.Effective(t.Setup.Data, node)
	if err != nil {
		t.NotApplicable("Terway writes no list for this ConfigMap: %v", err)
	}
	got := t.Env.About().Conflist
	same := "the same"
	if got != want.Conflist {
		same = "another"
	}
	t.Read("node", terway.ConflistName, same, "the same")
	if got != want.Conflist {
		t.Fail("other-list", "the node has a list of %d bytes, and Terway would write another one of %d", len(got), len(want.Conflist))
	}
}
