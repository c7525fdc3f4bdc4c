// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/terway"
)

// markChain is the one of kube-proxy.
const markChain = "KUBE-MARK-MASQ"

// variantSpecs are about the vendor's own examples and what may stand in their place.
var variantSpecs = []Spec{
	{
		ID: "VAR-001", Name: "the vendor's private example works beside kube-proxy in mode iptables", Level: Core, Own: true, Cluster: true, Needs: []Feature{OwnChain}, Evidence: 46,
		Why:     "Letter by letter as the page has it: what people copy.",
		Sources: []string{vendorPage},
		Run: func(t *T) {
			t.Open(vendor(vendorPrivate)).private()
		},
	},
	{
		ID: "VAR-003", Name: "beside kube-proxy in mode nftables, the vendor's private example starts no pod that has a host port", Level: Core, Own: true, Needs: []Feature{OwnChain}, Evidence: 2,
		Why:     "Only kube-proxy's modes iptables and ipvs make the chain KUBE-MARK-MASQ. Pods without a host port start, so the change looks fine until the next deployment.",
		Sources: []string{"containernetworking/plugins#770", "kubernetes/enhancements: KEP-3178"},
		Run:     func(t *T) { t.withoutMarkChain(terway.KubeProxyNftables) },
	},
	{
		ID: "VAR-004", Name: "without kube-proxy, the vendor's private example starts no pod that has a host port", Level: Ext, Own: true, Needs: []Feature{OwnChain}, Evidence: 2,
		Why: "As VAR-003: nobody makes the chain.",
		Run: func(t *T) { t.withoutMarkChain(terway.KubeProxyNone) },
	},
	{
		ID: "VAR-005", Name: "where nobody masquerades what the mark chain marks, only localhost and hairpin are lost", Level: Core, Own: true, Needs: []Feature{OwnChain}, Evidence: 7,
		Why:     "kubelet made the chain until 1.27, and what an old kubelet left may still stand. A curl from outside finds nothing wrong.",
		Sources: []string{"containernetworking/plugins#770"},
		Run: func(t *T) {
			t.Open(func(s *Setup) { vendor(vendorPrivate)(s); s.Sabotage.NoMasquerade = true }).unmasqueraded()
		},
	},
	{
		ID: "VAR-006", Name: "the vendor's public example works from the internet, and without symmetric_routing it does not", Level: Core, Own: true, Needs: []Feature{OwnChain, PublicAddress}, Evidence: 59,
		Why:     "Replies of a pod leave by its own ENI, which has no public address. Symmetric routing sends them back by the interface at which the request came in.",
		Sources: []string{vendorPage, "AliyunContainerService/terway:docs/symmetric_routing_config.md"},
		Run:     publicExample,
	},
	{
		ID: "VAR-007", Name: "on Datapath V2 public host ports take both masqAll and symmetric_routing", Level: Ext, Own: true, Needs: []Feature{OwnChain, PublicAddress, Redirect}, Evidence: 16,
		Why:     "The right column of the vendor's table. What a pod sends passes by the node's netfilter there, so a reply is only translated back if it is sent to the node.",
		Sources: []string{vendorPage},
		Run:     datapathV2Row,
	},
	{
		ID: "VAR-008", Name: "with the vendor's tuning example no pod has an IPv6 address, and without it each has", Level: Core, Own: true, Needs: []Feature{OwnChain, IPv6}, Evidence: 6,
		Why:     "Letter by letter as the page has it. The second half shows that the kernel would give addresses here.",
		Sources: []string{vendorPage, "aws/amazon-vpc-cni-k8s#2499"},
		Run:     tuningExample,
	},
	{
		ID: "VAR-009", Name: "portmap and tuning work in one chain, in both orders", Level: Core, Own: true, Needs: []Feature{OwnChain, IPv6}, Evidence: 26,
		Why: "The page shows them one by one; clusters need both.",
		Run: func(t *T) {
			for _, order := range [][]string{{PlainPortmap, NoLinkLocal}, {NoLinkLocal, PlainPortmap}} {
				o := t.Open(func(s *Setup) { s.Data = Chain(PlainTerway, order[0], order[1]) })
				port, ask := o.Port(probe.TCP), Asks(probe.TCP, External, Localhost, Hairpin)
				pod := o.Start(PodSpec{Ports: []Port{port}})
				o.noAddress6(pod)
				o.Answers(pod, port, ask...)
				o.Stop(pod)
			}
		},
	},
	{
		ID: "VAR-010", Name: "each plugin is told what its capabilities name, and nothing else", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls}, Evidence: 6,
		Why:     "A first entry without the capability bandwidth limits no pod any more, and nobody hears of it.",
		Sources: []string{"containernetworking/cni:libcni/api.go", "AliyunContainerService/terway:plugin/driver/types/types.go"},
		Run:     capabilities,
	},
	{
		ID: "VAR-011", Name: "mark bits other than that of symmetric routing do their work, and that one hides clients", Level: Ext, Own: true, Needs: []Feature{OwnChain, PublicAddress}, Evidence: 40,
		Why:     "markMasqBit is one bit of the mark that kube-proxy (14, 15), symmetric routing (4) and policies use as well. With bit 4 every packet that came in by the public interface is masqueraded.",
		Sources: []string{portmapReadme, "AliyunContainerService/terway:cmd/terway-cli/symmetric.go"},
		Run:     markBits,
	},
	{
		ID: "VAR-012", Name: "with snat: false clients elsewhere are answered, and localhost and hairpin are lost", Level: Ext, Own: true, Needs: []Feature{OwnChain}, Evidence: 7,
		Why:     "A pod cannot answer to 127.0.0.1, nor to itself, unless somebody masquerades.",
		Sources: []string{portmapReadme},
		Run: func(t *T) {
			t.Open(func(s *Setup) {
				s.Data = Chain(PlainTerway, `{"type":"portmap","capabilities":{"portMappings":true},"snat":false}`)
			}).unmasqueraded()
		},
	},
	{
		ID: "VAR-013", Name: "host ports work with every release of portmap, in the firewall that the release programmes", Level: Ext, Own: true, Needs: []Feature{OwnChain, Rules, Releases}, Evidence: 180,
		Why:     "Nodes have the release of their image. One from before v1.6.0 does not know the key backend, and stays with iptables without a word.",
		Sources: []string{"containernetworking/plugins#935"},
		Run:     everyRelease,
	},
	{
		ID: "VAR-014", Name: "lists of CNI 0.3.1, 0.4.0 and 1.0.0 work, and one of 1.1.0 starts no pod", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls, Rules}, Evidence: 14,
		Why:     "Terway's plugin speaks 0.3.0 to 1.0.0, and terway-cli always writes 0.4.0. What would happen with another version shows why that is no key to set.",
		Sources: []string{"AliyunContainerService/terway:plugin/terway/cni.go"},
		Run:     listVersions,
	},
	{
		ID: "VAR-015", Name: "the list on the node is what Terway makes of the ConfigMap, byte for byte", Level: Core, Evidence: 1,
		Why:     "All predictions rest on it. That pkg/terway writes what terway-cli writes is held by tests against the real one.",
		Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go"},
		Run:     sameList,
	},
}
