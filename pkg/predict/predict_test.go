// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/pkg/terway"
)

// known are the facts of an ordinary node.
var known = terway.PoolFacts{
	KubeProxyMode: terway.KubeProxyIptables, ContainerRuntime: "containerd", IPStack: "ipv4",
	Terway:     terway.BuildFacts{Version: "v1.17.5", Datapath: terway.DatapathVeth},
	CNIPlugins: terway.PluginFacts{Version: "v1.9.1"},
	Node:       terway.NodeFacts{IPv6: "Enabled", TuningAllowlist: &terway.Allowlist{}},
}

const (
	plain     = `{"type":"terway"}`
	symmetric = `{"type":"terway","symmetric_routing":true}`
)

// world of a list of these entries. A portmap is written as its members beside type and capabilities.
func world(t *testing.T, facts terway.PoolFacts, entries ...string) World {
	t.Helper()
	for i, e := range entries {
		if !strings.HasPrefix(e, "{") {
			entries[i] = `{"type":"portmap","capabilities":{"portMappings":true}` + strings.TrimSuffix(","+e, ",") + `}`
		}
	}
	w, err := Of(`{"plugins":[`+strings.Join(entries, ",")+`]}`, facts, "v1.34.1")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// clients of a row, from left to right: those within the prefix of the pod's address have a plus, one that is
// bound to the node's address a star.
var clients = []struct {
	name   string
	client Client
}{
	{"external", Client{Vantage: External, InPrefix: No}},
	{"external+", Client{Vantage: External, InPrefix: Yes}},
	{"same-node-pod", Client{Vantage: SameNodePod, InPrefix: No}},
	{"same-node-pod+", Client{Vantage: SameNodePod, InPrefix: Yes}},
	{"node", Client{Vantage: OwnNode, InPrefix: No}},
	{"localhost", Client{Vantage: Localhost, InPrefix: No}},
	{"localhost*", Client{Vantage: Localhost, InPrefix: No, Bound: true}},
	{"hairpin", Client{Vantage: Hairpin, InPrefix: Yes}},
	{"direct", Client{Vantage: Direct, InPrefix: No}},
	{"public", Client{Vantage: Public, InPrefix: No}},
}

// row is a letter for each client: p answered with the client's address, n with the node's, a with an unknown one,
// R refused, T timeout, U unreachable, F the pod does not start, ? unknown.
func row(w World, p Port) string {
	letters := map[Outcome]string{Refused: "R", Timeout: "T", Unreachable: "U", StartFails: "F", Undecided: "?"}
	var cells []string
	for _, c := range clients {
		a := w.HostPort(c.client, p)
		cell := letters[a.Outcome]
		if a.Outcome == Answered {
			cell = map[Source]string{Preserved: "p", OfNode: "n", "": "a"}[a.Source]
		}
		cells = append(cells, cell)
	}
	return strings.Join(cells, " ")
}

// TestOracle holds the prediction against what was measured in network namespaces (portmap v1.1.1 to v1.9.1,
// Datapath V2 imitated by untracked replies); the column public rests on the vendor's page.
func TestOracle(t *testing.T) {
	v2 := func(w *World) { w.Datapath = terway.DatapathV2 }
	release := func(r string) func(*World) { return func(w *World) { w.PortmapRelease = r } }
	lost := func(w *World) { w.ChainMade, w.Masqueraded = Yes, No }
	dual := func(w *World) { w.IPStack = terway.IPStackDual }
	v4, v6 := Port{Family: 4}, Port{Family: 6}
	for _, c := range []struct {
		name, terway, portmap string
		port                  Port
		change                func(*World)
		want                  string // ext ext+ pod pod+ node lo lo* hair direct public
	}{
		{"default", plain, ``, v4, nil, "p n p n n n n n p T"},
		{"snat false", plain, `"snat":false`, v4, nil, "p p p p n T n T p T"},
		{"masqAll", plain, `"masqAll":true`, v4, nil, "n n n n n n n n p T"},
		{"masqAll before v1.2.0", plain, `"masqAll":true`, v4, release("v1.1.1"), "p n p n n n n n p T"},
		{"masqAll in v1.2.0", plain, `"masqAll":true`, v4, release("v1.2.0"), "n n n n n n n n p T"},
		{"nftables", plain, `"backend":"nftables"`, v4, nil, "p p p p n n n n p T"},
		{"nftables, snat false", plain, `"backend":"nftables","snat":false`, v4, nil, "p p p p n T n T p T"},
		{"nftables, masqAll", plain, `"backend":"nftables","masqAll":true`, v4, nil, "p p p p n n n n p T"},
		{"nftables before v1.6.0", plain, `"backend":"nftables","masqAll":true`, v4, release("v1.5.1"), "n n n n n n n n p T"},
		{"nftables in v1.6.0", plain, `"backend":"nftables"`, v4, release("v1.6.0"), "F F F F F F F F F F"},
		{"nftables in v1.6.2", plain, `"backend":"nftables"`, v4, release("v1.6.2"), "p p p p n n n n p T"},
		{"a later nftables, masqAll", plain, `"backend":"nftables","masqAll":true`, v4, release("v1.10.0"), "a a a a n n n n a T"},
		{"mark chain", plain, `"externalSetMarkChain":"KUBE-MARK-MASQ"`, v4, nil, "p n p n n n n n p T"},
		{"mark chain of nobody", plain, `"externalSetMarkChain":"KUBE-MARK-MASQ"`, v4, func(w *World) { w.KubeProxyMode = "nftables" }, "F F F F F F F F F F"},
		{"mark chain of kubelet", plain, `"externalSetMarkChain":"KUBE-MARK-MASQ"`, v4, func(w *World) { w.KubeProxyMode, w.KubernetesVersion = "none", "v1.26.9" }, "p n p n n n n n p T"},
		{"mark chain lost", plain, `"externalSetMarkChain":"X"`, v4, lost, "p p p p n T n T p T"},
		{"mark chain lost, masqAll", plain, `"externalSetMarkChain":"X","masqAll":true`, v4, lost, "p p p p n T n T p T"},
		{"mark chain unused", plain, `"externalSetMarkChain":"X","snat":false`, v4, nil, "p p p p n T n T p T"},
		{"ACCEPT", plain, `"externalSetMarkChain":"ACCEPT"`, v4, nil, "p R p R n R n R p T"},
		{"RETURN, masqAll", plain, `"externalSetMarkChain":"RETURN","masqAll":true`, v4, nil, "R R R R R R R R p R"},
		{"LOG", plain, `"externalSetMarkChain":"LOG"`, v4, nil, "p p p p n T n T p T"},
		{"no name", plain, `"externalSetMarkChain":""`, v4, nil, "F F F F F F F F F F"},
		{"V2", plain, ``, v4, v2, "T n T n n n n n p T"},
		{"V2, snat false", plain, `"snat":false`, v4, v2, "T T T T n T n T p T"},
		{"V2, masqAll", plain, `"masqAll":true`, v4, v2, "n n n n n n n n p T"},
		{"V2, nftables", plain, `"backend":"nftables"`, v4, v2, "T T T T n n n n p T"},
		{"V2, nftables, masqAll", plain, `"backend":"nftables","masqAll":true`, v4, v2, "T T T T n n n n p T"},
		{"V2, ACCEPT", plain, `"externalSetMarkChain":"ACCEPT"`, v4, v2, "T R T R n R n R p T"},
		{"V2 without kube-proxy", plain, `"masqAll":true`, v4, func(w *World) { w.Datapath, w.KubeProxyMode = terway.DatapathV2, "none" }, "? ? ? ? ? ? ? ? p ?"},
		{"ipvlan", plain, ``, v4, func(w *World) { w.Datapath = terway.DatapathIPvlan }, "T ? T ? ? ? ? ? p T"},
		{"exclusive", plain, `"masqAll":true`, v4, func(w *World) { w.Datapath = DatapathExclusive }, "n n n n n n n n p T"},
		{"symmetric routing", symmetric, ``, v4, nil, "p n p n n n n n p p"},
		{"symmetric routing, masqAll", symmetric, `"masqAll":true`, v4, nil, "n n n n n n n n p n"},
		{"symmetric routing of old", symmetric, ``, v4, func(w *World) { w.HasSymmetric = No }, "p n p n n n n n p T"},
		{"symmetric routing, V2", symmetric, ``, v4, v2, "T n T n n n n n p T"},
		{"symmetric routing, V2, masqAll", symmetric, `"masqAll":true`, v4, v2, "n n n n n n n n p n"},
		{"symmetric routing astray", `{"type":"terway","symmetric_routing":true,"symmetric_routing_config":{"rule_priority":100}}`, ``, v4, nil, "? ? ? ? n n n n ? ?"},
		{"CRI-O", plain, ``, v4, func(w *World) { w.ContainerRuntime = "cri-o" }, "? ? ? ? ? ? ? ? p ?"},
		{"conditions", plain, `"conditionsV4":["-s","10.0.0.0/8"]`, v4, nil, "? ? ? ? ? ? ? ? p ?"},
		{"broken conditions", plain, `"conditionsV4":["-s"]`, v4, nil, "F F F F F F F F F F"},
		{"conditions of the other backend", plain, `"conditionsV4":["ip saddr 10.0.0.0/8"]`, v4, nil, "F F F F F F F F F F"},
		{"a refused portmap", plain, `"markMasqBit":32`, v4, nil, "F F F F F F F F F F"},
		{"a mistyped portmap", plain, `"snat":"no"`, v4, nil, "F F F F F F F F F F"},
		{"IPv6", plain, ``, v6, dual, "p n p n n T n n p T"},
		{"IPv6, masqAll", plain, `"masqAll":true`, v6, dual, "n n n n n T n n p T"},
		{"IPv6, snat false", plain, `"snat":false`, v6, dual, "p p p p n T n T p T"},
		{"IPv6, nftables", plain, `"backend":"nftables"`, v6, dual, "p p p p n T n n p T"},
		{"IPv6, V2", plain, ``, v6, func(w *World) { v2(w); dual(w) }, "T n T n n T n n p T"},
		{"IPv6 of a pod without", plain, ``, v6, nil, "R R R R R R R U U R"},
		{"bound to the other family", plain, ``, Port{HostIP: OtherFamily}, nil, "R R R R R R R R p R"},
		{"bound to localhost", plain, ``, Port{HostIP: LocalhostIP}, nil, "R R R R R n n R p R"},
		{"bound to the node", plain, ``, Port{HostIP: NodeIP}, nil, "p n p n n R R n p T"},
		{"bound elsewhere", plain, ``, Port{HostIP: ForeignIP}, nil, "R R R R R R R R p R"},
		{"a port of the chain's", plain, ``, Port{Static: true}, nil, "R R R R R R R R p R"},
	} {
		w := world(t, known, c.terway, c.portmap)
		if c.change != nil {
			c.change(&w)
		}
		if got := row(w, c.port); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestWithoutPortmap: nobody maps the port, or nobody can tell who does.
func TestWithoutPortmap(t *testing.T) {
	for _, c := range []struct {
		entry, want string
	}{
		{`{"type":"tuning"}`, "R R R R R R R R p R"},
		{`{"type":"portmap"}`, "R R R R R R R R p R"},
		{`{"type":"portmap","capabilities":{"portMappings":false}}`, "R R R R R R R R p R"},
		{`{"type":"portmap","capabilities":{"PortMappings":true}}`, "R R R R R R R R p R"},
		{`{"type":"tuning","sysctl":{"net.ipv4.nonsense":"1"}}`, "F F F F F F F F F F"},
	} {
		if got := row(world(t, known, plain, c.entry), Port{}); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.entry, got, c.want)
		}
	}
	twice := world(t, known, plain, ``, `"snat":false`)
	if got := row(twice, Port{}); got != "? ? ? ? ? ? ? ? ? ?" {
		t.Errorf("two portmaps: %s", got)
	}
	static := world(t, known, plain, `{"type":"portmap","runtimeConfig":{"portMappings":[{"hostPort":1,"containerPort":2,"protocol":"tcp"}]}}`)
	static.ContainerRuntime = terway.RuntimeCRIO
	if got := row(static, Port{Static: true}); got != "p n p n n n n n p T" {
		t.Errorf("a port that the chain names: %s", got)
	}
}

// TestIPv6Gone: rules for a pod's IPv6 address outlive the address (run; V6-007).
func TestIPv6Gone(t *testing.T) {
	dual := known
	dual.IPStack = terway.IPStackDual
	for _, c := range []struct{ sysctls, want string }{
		{`"net.ipv6.conf.all.disable_ipv6":"1"`, "T T T T T T T U T T"},
		{`"net.ipv6.conf.all.disable_ipv6":"1","net.ipv6.conf.eth0.disable_ipv6":"0"`, "? ? ? ? ? T ? ? ? ?"},
		{`"net.ipv6.conf.lo.disable_ipv6":"1"`, "p n p n n T n n p T"},
	} {
		w := world(t, dual, plain, ``, `{"type":"tuning","sysctl":{`+c.sysctls+`}}`)
		if got := row(w, Port{Family: 6}); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.sysctls, got, c.want)
		}
		if got := row(w, Port{}); got != "p n p n n n n n p T" {
			t.Errorf("%s: IPv4: %s", c.sysctls, got)
		}
	}
}

// TestNeeds: an unknown fact is named where the answer depends on it, and only there.
func TestNeeds(t *testing.T) {
	external := Client{Vantage: External, InPrefix: No}
	for _, c := range []struct {
		name, portmap string
		client        Client
		forget        func(*World)
		outcome       Outcome
		source        Source
		needs         string
	}{
		{"datapath", ``, external, func(w *World) { w.Datapath = "" }, Undecided, "", "terway.datapath"},
		{"datapath with masqAll", `"masqAll":true`, Client{Vantage: OwnNode}, func(w *World) { w.Datapath = "" }, Undecided, "", "terway.datapath"},
		{"prefix", ``, Client{Vantage: OtherPod}, func(*World) {}, Answered, "", "the prefix of the CNI result"},
		{"prefix of the node itself", ``, Client{Vantage: OwnNode}, func(*World) {}, Answered, OfNode, ""},
		{"prefix with masqAll", `"masqAll":true`, Client{Vantage: OtherPod}, func(*World) {}, Answered, OfNode, ""},
		{"runtime", ``, external, func(w *World) { w.ContainerRuntime = "" }, Undecided, "", "containerRuntime"},
		{"mode", `"externalSetMarkChain":"KUBE-MARK-MASQ"`, external, func(w *World) { w.KubeProxyMode = "" }, Undecided, "", "kubeProxyMode"},
		{"mode that does not matter", ``, external, func(w *World) { w.KubeProxyMode = "" }, Answered, Preserved, ""},
		{"mode on V2", ``, external, func(w *World) { w.KubeProxyMode, w.Datapath = "", "datapathv2" }, Undecided, "", "kubeProxyMode"},
		{"release", `"masqAll":true`, external, func(w *World) { w.PortmapRelease = "" }, Answered, "", "cniPlugins.version"},
		{"release of localhost", `"masqAll":true`, Client{Vantage: Localhost}, func(w *World) { w.PortmapRelease = "" }, Answered, OfNode, ""},
		{"stack", ``, external, func(w *World) { w.IPStack = "" }, Answered, Preserved, ""},
		{"allow-list without tuning", ``, external, func(w *World) { w.Allowlist, w.NodeIPv6 = nil, "" }, Answered, Preserved, ""},
	} {
		w := world(t, known, plain, c.portmap)
		c.forget(&w)
		a := w.HostPort(c.client, Port{})
		if a.Outcome != c.outcome || a.Source != c.source || strings.Join(a.Needs, " ") != c.needs {
			t.Errorf("%s: got %s %s, needs %v (%s); want %s %s, needs %s", c.name, a.Outcome, a.Source, a.Needs, a.Why, c.outcome, c.source, c.needs)
		}
	}
}

// TestIPv6 holds the states of interfaces against what a kernel did (6.18, an interface made after the writes).
func TestIPv6(t *testing.T) {
	const all, later, lo, eth0 = `"net.ipv6.conf.all.disable_ipv6":`, `"net.ipv6.conf.default.disable_ipv6":`, `"net.ipv6.conf.lo.disable_ipv6":`, `"net.ipv6.conf.IFNAME.disable_ipv6":`
	for _, c := range []struct {
		name    string
		entries []string // the sysctls of one tuning each
		want    string   // eth0, lo, later
	}{
		{"nothing", nil, "has has has"},
		{"all", []string{all + `"1"`}, "none none none"},
		{"the page", []string{all + `"1",` + later + `"1",` + lo + `"1"`}, "none none none"},
		{"default", []string{later + `"1"`}, "has has none"},
		{"lo", []string{lo + `"1"`}, "has none has"},
		{"eth0", []string{eth0 + `"1"`}, "none has has"},
		{"all but all", []string{eth0 + `"1",` + lo + `"1",` + later + `"1"`}, "none none none"},
		{"all against eth0", []string{all + `"1",` + eth0 + `"0"`}, "differs none none"},
		{"all, then eth0", []string{all + `"1"`, eth0 + `"0"`}, "has none none"},
		{"all, then default", []string{all + `"1"`, later + `"0"`}, "none none has"},
		{"default, then all", []string{later + `"1"`, all + `"0"`}, "has has has"},
		{"eth0 against all, off", []string{eth0 + `"1",` + all + `"0"`}, "differs has has"},
		{"two spellings", []string{all + `"1","net/ipv6/conf/all/disable_ipv6":"0"`}, "differs differs differs"},
		{"nothing written", []string{all + `""`}, "has has has"},
		{"zero", []string{all + `"00"`}, "has has has"},
		{"hexadecimal", []string{all + `"0x1"`}, "none none none"},
		{"addr_gen_mode", []string{`"net.ipv6.conf.default.addr_gen_mode":"1"`}, "has has "},
		{"no such sysctl", []string{`"net.ipv6.conf.eth1.disable_ipv6":"1"`}, "start-fails start-fails start-fails"},
	} {
		entries := []string{plain}
		for _, e := range c.entries {
			entries = append(entries, `{"type":"tuning","sysctl":{`+e+`}}`)
		}
		s := world(t, known, entries...).IPv6()
		got := strings.Join([]string{string(s.Eth0), string(s.Lo), string(s.Later)}, " ")
		if got != c.want || s.Advertised != No {
			t.Errorf("%s: got %s, advertised %s; want %s, no", c.name, got, s.Advertised, c.want)
		}
	}
}

// TestIPv6Facts: what the node and the cluster have to do with it.
func TestIPv6Facts(t *testing.T) {
	off := `{"type":"tuning","sysctl":{"net.ipv6.conf.all.disable_ipv6":"1"}}`
	for _, c := range []struct {
		name, entry string
		change      func(*World)
		want        IPv6
	}{
		{"dual", off, func(w *World) { w.IPStack = "dual" }, IPv6{Eth0: NoIPv6, Lo: NoIPv6, Later: NoIPv6, Advertised: Yes}},
		{"stack", off, func(w *World) { w.IPStack = "" }, IPv6{Eth0: NoIPv6, Lo: NoIPv6, Later: NoIPv6, Needs: []string{"ipStack"}}},
		{"node", off, func(w *World) { w.NodeIPv6 = "Disabled" }, IPv6{Eth0: PodsFail, Lo: PodsFail, Later: PodsFail, Advertised: No}},
		{"node, nothing to write", plain, func(w *World) { w.NodeIPv6 = "Disabled" }, IPv6{Eth0: NoIPv6, Lo: NoIPv6, Later: NoIPv6, Advertised: No}},
		{"unknown node", off, func(w *World) { w.NodeIPv6 = "" }, IPv6{Advertised: No, Needs: []string{"node.ipv6"}}},
		{"allow-list", off, func(w *World) { w.Allowlist = &terway.Allowlist{Present: true, Lines: []string{`ipv4`}} }, IPv6{Eth0: PodsFail, Lo: PodsFail, Later: PodsFail, Advertised: No}},
		{"allow-list that nobody reads", off, func(w *World) { w.Allowlist, w.TuningRelease = &terway.Allowlist{Present: true}, "v1.1.1" }, IPv6{Eth0: NoIPv6, Lo: NoIPv6, Later: NoIPv6, Advertised: No}},
		{"allow-list, if pods start", off, func(w *World) { w.Allowlist = nil; *w = w.Started() }, IPv6{Eth0: NoIPv6, Lo: NoIPv6, Later: NoIPv6, Advertised: No}},
	} {
		w := world(t, known, plain, c.entry)
		c.change(&w)
		got := w.IPv6()
		got.Why = ""
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// TestEffects are the questions about a setting, not about a client.
func TestEffects(t *testing.T) {
	for _, c := range []struct {
		name, portmap string
		change        func(*World)
		ask           func(World) Claim
		want          Tri
		needs         string
	}{
		{"masqAll", `"masqAll":true`, nil, World.MasqAll, Yes, ""},
		{"no masqAll", ``, nil, World.MasqAll, No, ""},
		{"masqAll, snat false", `"masqAll":true,"snat":false`, nil, World.MasqAll, No, ""},
		{"masqAll, nftables", `"masqAll":true,"backend":"nftables"`, nil, World.MasqAll, No, ""},
		{"masqAll, later nftables", `"masqAll":true,"backend":"nftables"`, func(w *World) { w.PortmapRelease = "v2.0.0" }, World.MasqAll, Unknown, ""},
		{"masqAll, release", `"masqAll":true`, func(w *World) { w.PortmapRelease = "" }, World.MasqAll, Unknown, "cniPlugins.version"},
		{"masqAll, snat false, release", `"masqAll":true,"snat":false`, func(w *World) { w.PortmapRelease = "" }, World.MasqAll, No, ""},
		{"transit", `"backend":"nftables"`, nil, routed, No, ""},
		{"transit in v1.8.0", `"backend":"nftables"`, func(w *World) { w.PortmapRelease = "v1.8.0" }, routed, Yes, ""},
		{"transit in v1.6.0", `"backend":"nftables"`, func(w *World) { w.PortmapRelease = "v1.6.0" }, routed, No, ""},
		{"transit with iptables", ``, func(w *World) { w.PortmapRelease = "v1.8.0" }, routed, No, ""},
		{"transit, release", `"backend":"nftables"`, func(w *World) { w.PortmapRelease = "" }, routed, Unknown, "cniPlugins.version"},
		{"transit of pods on V2", `"backend":"nftables"`, func(w *World) { w.PortmapRelease, w.Datapath = "v1.8.0", "datapathv2" }, ofPods, No, ""},
		{"told", ``, nil, World.Told, Yes, ""},
		{"told by whom", ``, func(w *World) { w.ContainerRuntime = "" }, World.Told, Unknown, "containerRuntime"},
		{"not told by CRI-O", ``, func(w *World) { w.ContainerRuntime = "cri-o" }, World.Told, No, ""},
		{"symmetric routing", ``, nil, World.SymmetricRouting, No, ""},
		{"symmetric routing, asked", ``, func(w *World) { w.Symmetric.Asked = true }, World.SymmetricRouting, Yes, ""},
		{"symmetric routing, release", ``, func(w *World) { w.Symmetric.Asked, w.HasSymmetric = true, Unknown }, World.SymmetricRouting, Unknown, "terway.version"},
		{"cilium", ``, func(w *World) { w.Datapath, w.KubeProxyMode = "datapathv2", "none" }, World.Cilium, Yes, ""},
		{"cilium, datapath", ``, func(w *World) { w.Datapath, w.KubeProxyMode = "", "none" }, World.Cilium, Unknown, "terway.datapath"},
		{"cilium, mode", ``, func(w *World) { w.Datapath, w.KubeProxyMode = "datapathv2", "" }, World.Cilium, Unknown, "kubeProxyMode"},
		{"no cilium", ``, func(w *World) { w.Datapath = "" }, World.Cilium, No, ""},
		{"pods start", ``, nil, World.AllStart, Yes, ""},
		{"pods do not start", `"backend":"NFTables"`, nil, World.AllStart, No, ""},
	} {
		w := world(t, known, plain, c.portmap)
		if c.change != nil {
			c.change(&w)
		}
		if got := c.ask(w); got.Holds != c.want || strings.Join(got.Needs, " ") != c.needs {
			t.Errorf("%s: got %q, needs %v (%s); want %q, needs %s", c.name, got.Holds, got.Needs, got.Why, c.want, c.needs)
		}
	}
}

func routed(w World) Claim { return w.Transit(false) }
func ofPods(w World) Claim { return w.Transit(true) }

// TestMarkChain: who makes the chain, and what it does.
func TestMarkChain(t *testing.T) {
	for _, c := range []struct {
		chain, mode, kubernetes string
		want                    MarkState
		needs                   string
	}{
		{"KUBE-MARK-MASQ", "iptables", "v1.34.0", MarkForeign, ""},
		{"KUBE-MARK-MASQ", "ipvs", "", MarkForeign, ""},
		{"KUBE-MARK-MASQ", "nftables", "", MarkAbsent, ""},
		{"KUBE-MARK-MASQ", "none", "v1.34.0", MarkAbsent, ""},
		{"KUBE-MARK-MASQ", "none", "", "", "kubernetesVersion"},
		{"KUBE-MARK-MASQ", "", "v1.34.0", "", "kubeProxyMode"},
		{"KUBE-MARK-MASQ", "", "v1.26.0", "", "kubeProxyMode"},
		{"KUBE-MARK-MAS", "", "", MarkAbsent, ""},
		{"KUBE-SERVICES", "iptables", "", "", ""},
		{"ACCEPT", "", "", MarkEnds, ""},
		{"LOG", "", "", MarkLost, ""},
	} {
		w := world(t, known, plain, `"externalSetMarkChain":"`+c.chain+`"`)
		w.KubeProxyMode, w.KubernetesVersion = c.mode, c.kubernetes
		if got, why, needs := w.MarkChain(); got != c.want || strings.Join(needs, " ") != c.needs {
			t.Errorf("%s, %s, %s: got %s, needs %v (%s); want %s, needs %s", c.chain, c.mode, c.kubernetes, got, needs, why, c.want, c.needs)
		}
	}
}

// TestBind: what a host IP is to those who ask.
func TestBind(t *testing.T) {
	node, node6 := netip.MustParseAddr("10.0.0.10"), netip.MustParseAddr("fd00::10")
	for _, c := range []struct {
		hostIP string
		family int
		want   HostIP
	}{
		{"", 4, AnyIP},
		{"0.0.0.0", 4, AnyIP},
		{"::", 4, OtherFamily},
		{"0.0.0.0", 6, OtherFamily},
		{"::", 6, AnyIP},
		{"127.0.0.1", 4, LocalhostIP},
		{"::1", 6, LocalhostIP},
		{"127.0.0.2", 4, ForeignIP},
		{"10.0.0.10", 4, NodeIP},
		{"fd00::10", 6, NodeIP},
		{"fd00::10", 4, OtherFamily},
		{"192.0.2.1", 4, ForeignIP},
		{"nonsense", 4, OtherFamily},
		{"::ffff:10.0.0.10", 4, NodeIP},
		{"nonsense", 6, ForeignIP},
	} {
		if got := Bind(c.hostIP, c.family, node, node6); got != c.want {
			t.Errorf("%s in %d: got %q, want %q", c.hostIP, c.family, got, c.want)
		}
	}
}

// TestClient: the network of the pod's address decides, family by family.
func TestClient(t *testing.T) {
	w := World{Prefixes: []netip.Prefix{netip.MustParsePrefix("10.1.0.2/24"), netip.MustParsePrefix("fd01::2/64")}}
	for address, want := range map[string]Tri{"10.1.0.77": Yes, "10.2.0.1": No, "fd01::99": Yes, "fd02::1": No} {
		if got := w.Client(External, netip.MustParseAddr(address)); got.InPrefix != want {
			t.Errorf("%s: got %q, want %q", address, got.InPrefix, want)
		}
	}
	if got := (World{}).Client(External, netip.MustParseAddr("10.1.0.77")); got.InPrefix != Unknown {
		t.Errorf("without a prefix: %q", got.InPrefix)
	}
}

// TestOf: the list as its plugins decode it.
func TestOf(t *testing.T) {
	w := world(t, terway.PoolFacts{CNIPlugins: terway.PluginFacts{Version: "v1.7.1", Versions: map[string]string{"portmap": "v1.9.1"}}},
		`{"type":"terway","symmetric_routing":"true"}`, `{"type":"terway","symmetric_routing":true}`,
		`{"type":"tuning","SYSCTL":{"net.ipv4.a":"1"},"sysctl":{"net.ipv4.b":"2"},"args":{"cni":{"sysctl":{"net.ipv4.b":"3"}}}}`,
		`"Snat":true,"snat":false,"MASQALL":true,"markMasqBit":14`)
	switch p := w.Portmap; {
	case p.SNAT, !p.MasqAll, p.MarkBit == nil || *p.MarkBit != 14, !p.Capability, p.Entries != 1:
		t.Errorf("portmap: %+v", p)
	}
	if w.Symmetric.Asked {
		t.Error("only the first entry of Terway's own counts, and only the JSON value true")
	}
	if w.PortmapRelease != "v1.9.1" || w.TuningRelease != "v1.7.1" || w.HasSymmetric != Unknown {
		t.Errorf("releases: %q, %q, %q", w.PortmapRelease, w.TuningRelease, w.HasSymmetric)
	}
	var written []string
	for _, s := range w.Tuning[0].Sysctls {
		written = append(written, s.Path+"="+s.Value)
	}
	if diff := cmp.Diff([]string{"/proc/sys/net/ipv4/a=1", "/proc/sys/net/ipv4/b=3"}, written); diff != "" {
		t.Error(diff)
	}
	if owner := w.MarkOwner(); !strings.Contains(owner, "kube-proxy") {
		t.Errorf("bit 14 is %q", owner)
	}
	if _, err := Of("{", known, ""); err == nil {
		t.Error("no JSON, and no error")
	}
}
