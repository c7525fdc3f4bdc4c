// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"maps"
	"strings"

	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Pinned is the release of the reference plugins that is run where the facts name none.
const Pinned = cni.NewestRead

// The entries of chains that specs bring along.
const (
	PlainConf     = `{"cniVersion":"0.4.0","name":"terway","type":"terway","capabilities":{"bandwidth":true}}`
	PlainTerway   = `{"type":"terway","capabilities":{"bandwidth":true}}`
	PublicTerway  = `{"type":"terway","capabilities":{"bandwidth":true},"symmetric_routing":true}`
	PlainPortmap  = `{"type":"portmap","capabilities":{"portMappings":true}}`
	NftPortmap    = `{"type":"portmap","capabilities":{"portMappings":true},"backend":"nftables"}`
	MarkPortmap   = `{"type":"portmap","capabilities":{"portMappings":true},"externalSetMarkChain":"KUBE-MARK-MASQ"}`
	NoLinkLocal   = `{"type":"tuning","sysctl":{"net.ipv6.conf.all.disable_ipv6":"1","net.ipv6.conf.default.disable_ipv6":"1","net.ipv6.conf.lo.disable_ipv6":"1"}}`
	plainENIConf  = `{"version":"1"}`
	dualENIConf   = `{"version":"1","ip_stack":"dual"}`
	datapathV2    = `{"type":"terway","capabilities":{"bandwidth":true},"eniip_virtual_type":"datapathv2","host_stack_cidrs":["169.254.20.10/32"]}`
	datapathV2Pub = `{"type":"terway","capabilities":{"bandwidth":true},"eniip_virtual_type":"datapathv2","host_stack_cidrs":["169.254.20.10/32"],"symmetric_routing":true}`
)

// Chain is the data of a ConfigMap whose list has these entries.
func Chain(entries ...string) map[string]string {
	return map[string]string{
		terway.ConfKey:      PlainConf,
		terway.ENIConfKey:   plainENIConf,
		terway.ConflistName: `{"plugins":[` + strings.Join(entries, ",") + `]}`,
	}
}

// Effective is the list that lands on a node, "" where Terway refuses the ConfigMap.
func (s Setup) Effective() string {
	list, _ := s.landed()
	return list
}

// landed is the list on a node, and the datapath that runs there.
func (s Setup) landed() (list, datapath string) {
	merged, err := s.Merge()
	if err != nil {
		return "", ""
	}
	return merged.Conflist, merged.Datapath
}

// Merge is what Terway makes of the ConfigMap; the error is why it refuses.
func (s Setup) Merge() (*terway.Result, error) {
	node, _, err := s.Facts.EffectiveNode()
	if err != nil {
		return nil, err
	}
	node.PartialData = s.Partial
	return terway.Effective(s.Data, node)
}

// Landed puts the list that lands on a node into what is said about it, and the datapath that runs there.
func (a *About) Landed(s Setup) { a.Conflist, a.Datapath = s.landed() }

// DefaultSetup is a chain that does everything right, in a world without surprises.
func DefaultSetup() Setup {
	facts, _ := Complete(terway.PoolFacts{}, nil)
	return Setup{Data: Chain(PlainTerway, PlainPortmap, NoLinkLocal), Facts: facts}
}

// labValues are taken where the facts say nothing.
var labValues = []struct {
	name, value string
	field       func(*terway.PoolFacts) *string
}{
	{"kubeProxyMode", terway.KubeProxyIptables, func(f *terway.PoolFacts) *string { return &f.KubeProxyMode }},
	{"containerRuntime", "containerd", func(f *terway.PoolFacts) *string { return &f.ContainerRuntime }},
	{"ipStack", "ipv4", func(f *terway.PoolFacts) *string { return &f.IPStack }},
	{"terway.version", terway.Newest, func(f *terway.PoolFacts) *string { return &f.Terway.Version }},
	{"terway.eniMode", "Shared", func(f *terway.PoolFacts) *string { return &f.Terway.ENIMode }},
	{"cniPlugins.version", Pinned, func(f *terway.PoolFacts) *string { return &f.CNIPlugins.Version }},
	{"node.ipv6", "Enabled", func(f *terway.PoolFacts) *string { return &f.Node.IPv6 }},
}

// Complete fills in what facts leave out, and lists every fact with where it comes from. data is the ConfigMap,
// whose eni_conf names the IP stack.
func Complete(facts terway.PoolFacts, data map[string]string) (terway.PoolFacts, []report.Fact) {
	var listed []report.Fact
	stack := facts.IPStack
	if conf, err := terway.ParseENIConf(data[terway.ENIConfKey]); facts.IPStack == "" && err == nil {
		facts.IPStack = conf.IPStack
	}
	facts.CNIPlugins.Versions = maps.Clone(facts.CNIPlugins.Versions)
	for _, v := range labValues {
		value, source := v.field(&facts), "facts"
		switch {
		case *value == "":
			*value, source = v.value, "lab value"
		case v.name == "ipStack" && stack == "":
			source = terway.ENIConfKey
		}
		listed = append(listed, report.Fact{Name: v.name, Value: *value, Source: source})
	}
	add := func(name, value string) {
		if value != "" {
			listed = append(listed, report.Fact{Name: name, Value: value, Source: "facts"})
		}
	}
	add("terway.datapath", facts.Terway.Datapath)
	add("node.kernelVersion", facts.Node.KernelVersion)
	add("cniPlugins.installed", strings.Join(facts.CNIPlugins.Installed, " "))
	if list := facts.Node.TuningAllowlist; list != nil {
		add("node.tuningAllowlist", fmt.Sprintf("present: %v, lines: %q", list.Present, list.Lines))
	}
	return facts, listed
}

// Whole is the data of the live object, as far as it matters: of a manifest that leaves keys out the live object
// has them. A list without 10-terway.conf gets one that says nothing, and the fact is listed.
func Whole(data map[string]string, partial bool) (whole map[string]string, isPartial bool, listed []report.Fact) {
	whole = maps.Clone(data)
	_, hasENIConf := data[terway.ENIConfKey]
	if _, ok := data[terway.ConfKey]; !ok && len(data) > 0 {
		whole[terway.ConfKey] = PlainConf
		listed = append(listed, report.Fact{Name: terway.ConfKey, Value: "a plain entry of terway", Source: "lab value: the manifest leaves it to the live object"})
	}
	return whole, partial || !hasENIConf, listed
}
