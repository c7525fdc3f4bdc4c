// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// guess is a fact of a question with values that it may have, more than those that the prediction tries itself.
type guess struct {
	name   string
	forget func(*question)
	values []func(*question)
}

func guessing[T ~string](name string, at func(*question) *T, values ...T) guess {
	return guess{name, func(q *question) { *at(q) = "" }, text(name, at, values...).values}
}

var guesses = []guess{
	guessing("kubernetesVersion", func(q *question) *string { return &q.KubernetesVersion }, "v1.25.4", "v1.26.15", "v1.27.0", "v1.34.1"),
	guessing("kubeProxyMode", func(q *question) *string { return &q.KubeProxyMode }, "iptables", "ipvs", "nftables", "none"),
	guessing("containerRuntime", func(q *question) *string { return &q.ContainerRuntime }, "containerd", "cri-o"),
	guessing("ipStack", func(q *question) *string { return &q.IPStack }, "ipv4", "dual"),
	guessing("terway.datapath", func(q *question) *string { return &q.Datapath }, "veth", "datapathv2", "ipvlan"),
	guessing("terway.version", func(q *question) *Tri { return &q.HasSymmetric }, Yes, No),
	guessing("node.ipv6", func(q *question) *string { return &q.NodeIPv6 }, "Enabled", "Disabled"),
	guessing("cniPlugins.version", func(q *question) *string { return &q.PortmapRelease },
		"v1.1.1", "v1.2.0", "v1.3.0", "v1.5.1", "v1.6.0", "v1.6.2", "v1.7.1", "v1.8.0", "v1.9.0", "v1.9.1"),
	guessing("cniPlugins.version", func(q *question) *string { return &q.TuningRelease }, "v1.1.1", "v1.3.0", "v1.9.1"),
	guessing("the prefix of the CNI result", func(q *question) *Tri { return &q.client.InPrefix }, Yes, No),
	guessing("which clients the conditions match", func(q *question) *Tri { return &q.client.Matched }, Yes, No),
	{"node.tuningAllowlist", func(q *question) { q.Allowlist = nil }, []func(*question){
		func(q *question) { q.Allowlist = &terway.Allowlist{} },
		func(q *question) { q.Allowlist = &terway.Allowlist{Present: true} },
		func(q *question) { q.Allowlist = &terway.Allowlist{Present: true, Lines: []string{`^net`}} },
		func(q *question) { q.Allowlist = &terway.Allowlist{Present: true, Lines: []string{`ipv4`}} },
	}},
}

// members are what entries of generated lists are made of.
var (
	portmapMembers = []string{
		`"snat":false`, `"snat":true`, `"snat":null`, `"masqAll":true`, `"masqAll":true`, `"masqAll":"yes"`, `"MASQALL":true`,
		`"backend":"nftables"`, `"backend":"nftables"`, `"backend":"iptables"`, `"backend":"NFT"`, `"backend":7`,
		`"externalSetMarkChain":"KUBE-MARK-MASQ"`, `"externalSetMarkChain":"KUBE-MARK-MASQ"`, `"externalSetMarkChain":"ACCEPT"`,
		`"externalSetMarkChain":"MINE"`, `"externalSetMarkChain":"LOG"`, `"externalSetMarkChain":"KUBE-SERVICES"`, `"markMasqBit":14`, `"markMasqBit":99`,
		`"conditionsV4":["-s","10.0.0.0/8"]`, `"conditionsV4":["ip saddr 10.0.0.0/8"]`, `"conditionsV4":["!"]`, `"conditionsV6":["-s","fd00::/8"]`, `"conditionsV4":[]`,
		`"runtimeConfig":{"portMappings":[{"hostPort":1,"containerPort":2,"protocol":"tcp"}]}`,
	}
	tuningMembers = []string{
		`"net.ipv6.conf.all.disable_ipv6":"1"`, `"net.ipv6.conf.all.disable_ipv6":"1"`, `"net.ipv6.conf.all.disable_ipv6":"0"`,
		`"net.ipv6.conf.default.disable_ipv6":"1"`, `"net.ipv6.conf.lo.disable_ipv6":"1"`, `"net/ipv6/conf/lo/disable_ipv6":"0"`,
		`"net.ipv6.conf.IFNAME.disable_ipv6":"1"`, `"net.ipv6.conf.eth0.disable_ipv6":"0"`, `"net.ipv4.conf.all.arp_filter":"1"`,
		`"net.ipv6.conf.default.addr_gen_mode":"1"`, `"net.core.somaxconn":"1024"`, `"kernel.x":"1"`, `"net.core.somaxconn":7`,
	}
)

// some picks up to so many.
func some(r *rand.Rand, from []string, most int) string {
	var picked []string
	for range r.IntN(most + 1) {
		picked = append(picked, from[r.IntN(len(from))])
	}
	return strings.Join(picked, ",")
}

// generated is a question about a list that was thrown together, of which some facts are unknown.
func generated(t *testing.T, r *rand.Rand) (question, []guess) {
	t.Helper()
	entries := []string{plain, symmetric, `{"type":"terway","symmetric_routing":true,"symmetric_routing_config":{"mark":3}}`}[r.IntN(3):][:1]
	if r.IntN(8) > 0 {
		entries = append(entries, some(r, portmapMembers, 3))
	}
	if r.IntN(20) == 0 {
		entries = append(entries, `{"type":"portmap"}`)
	}
	for range r.IntN(3) {
		entries = append(entries, `{"type":"tuning","sysctl":{`+some(r, tuningMembers, 3)+`}}`)
	}
	q := question{World: world(t, terway.PoolFacts{}, entries...)}
	if r.IntN(4) == 0 {
		q.World = q.Started()
	}
	vantages := []Vantage{External, OtherNode, OtherPod, SameNodePod, OwnNode, Localhost, Hairpin, Direct, Public}
	q.client = Client{Vantage: vantages[r.IntN(len(vantages))], Bound: r.IntN(4) == 0}
	q.port = Port{Family: 4 + 2*r.IntN(2), Static: r.IntN(8) == 0, HostIP: []HostIP{"", "", "", NodeIP, LocalhostIP, ForeignIP, OtherFamily}[r.IntN(7)]}
	unknown := slices.Clone(guesses)
	r.Shuffle(len(unknown), func(i, j int) { unknown[i], unknown[j] = unknown[j], unknown[i] })
	unknown = unknown[:r.IntN(5)]
	for _, g := range guesses {
		g.values[r.IntN(len(g.values))](&q)
	}
	for _, g := range unknown {
		g.forget(&q)
	}
	return q, unknown
}

// completions are all questions that the unknown facts allow.
func completions(q question, unknown []guess) []question {
	if len(unknown) == 0 {
		return []question{q}
	}
	var all []question
	for _, set := range unknown[0].values {
		branch := q
		set(&branch)
		all = append(all, completions(branch, unknown[1:])...)
	}
	return all
}

// verdicts are everything that is said about a question, by name; "" is unknown.
func verdicts(q question) (said map[string]string, needs []string) {
	a, v6 := q.HostPort(q.client, q.port), q.IPv6()
	state, _, _ := q.MarkChain()
	said = map[string]string{
		"source": string(a.Source), "eth0": string(v6.Eth0), "lo": string(v6.Lo), "later": string(v6.Later), "advertised": string(v6.Advertised), "mark": string(state),
		"masqAll": string(q.MasqAll().Holds), "routed": string(q.Transit(false).Holds), "of pods": string(q.Transit(true).Holds),
		"told": string(q.Told().Holds), "symmetric": string(q.SymmetricRouting().Holds), "start": string(q.AllStart().Holds),
	}
	if a.Outcome != Undecided {
		said["outcome"] = string(a.Outcome)
	}
	return said, a.Needs
}

// TestCertainty: what is said without an unknown fact holds for every value of it; a fact is asked for only if it
// is unknown; and nothing is asked for that does not matter.
func TestCertainty(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		q, unknown := generated(t, r)
		said, needs := verdicts(q)
		for _, fact := range needs {
			if !slices.ContainsFunc(unknown, func(g guess) bool { return g.name == fact }) {
				t.Fatalf("%s\nasks for %s, which is known", describe(q), fact)
			}
		}
		differ := false
		answer := map[string]bool{}
		for _, c := range completions(q, unknown) {
			now, _ := verdicts(c)
			for name, was := range said {
				if was != "" && now[name] != was {
					t.Fatalf("%s\n%s is said to be %s, and is %q with\n%s", describe(q), name, was, now[name], describe(c))
				}
			}
			answer[now["outcome"]+" "+now["source"]] = true
			differ = len(answer) > 1
		}
		if len(needs) > 0 && !differ {
			t.Fatalf("%s\nasks for %v, and it is %v anyway", describe(q), needs, answer)
		}
	}
}

// TestReasons: every answer has a reason, and what is told is enough in the end.
func TestReasons(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 800 {
		q, unknown := generated(t, r)
		for range len(unknown) + 1 {
			a := q.HostPort(q.client, q.port)
			if a.Why == "" || strings.HasSuffix(a.Why, ".") {
				t.Fatalf("%s\n%s: %q is no reason", describe(q), a.Outcome, a.Why)
			}
			if len(a.Needs) == 0 {
				break
			}
			for _, g := range unknown {
				if slices.Contains(a.Needs, g.name) {
					g.values[0](&q)
				}
			}
		}
		if a := q.HostPort(q.client, q.port); len(a.Needs) > 0 {
			t.Fatalf("%s\nstill needs %v", describe(q), a.Needs)
		}
	}
}

// TestPortmapDecides: without portmap nobody answers, and with masqAll in force everybody gets an answer whom
// somebody gets without, on whatever datapath.
func TestPortmapDecides(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 800 {
		q, _ := generated(t, r)
		a := q.HostPort(q.client, q.port)
		without := q.World
		without.Portmap = Portmap{}
		if b := without.HostPort(q.client, q.port); q.client.Vantage != Direct && b.Outcome == Answered {
			t.Fatalf("%s\nwithout portmap: %+v", describe(q), b)
		}
		masked := q.World
		masked.Portmap.MasqAll = true
		if b := masked.HostPort(q.client, q.port); a.Outcome == Answered && b.Outcome == Timeout {
			t.Fatalf("%s\n%+v, with masqAll: %+v", describe(q), a, b)
		}
	}
}

func describe(q question) string {
	text := func(n *conflist.Node) string {
		if n == nil {
			return "none"
		}
		return n.Text
	}
	out := fmt.Sprintf("client %+v, port %+v\nportmap %s\n", q.client, q.port, text(q.Portmap.entry))
	for _, entry := range q.Tuning {
		out += "tuning " + text(entry.entry) + "\n"
	}
	q.Portmap, q.Tuning = Portmap{}, nil
	return out + fmt.Sprintf("%+v, allow-list %+v", q.World, q.Allowlist)
}

// FuzzOf: whatever the list is, there is an answer.
func FuzzOf(f *testing.F) {
	f.Add(`{"plugins":[{"type":"terway"},{"type":"portmap","capabilities":{"portMappings":true},"conditionsV4":["-s"]}]}`)
	f.Add(`{"plugins":{"a":{"type":"portmap"}}}`)
	f.Add(`{"plugins":[1,null,[],{"type":1},{"type":"tuning","sysctl":{"net.ipv6.conf.all.disable_ipv6":"x"},"args":{"cni":null}}]}`)
	f.Add(`{"plugins":[{"type":"portmap","capabilities":[],"runtimeConfig":7,"markMasqBit":1e99,"snat":{}}]}`)
	f.Fuzz(func(t *testing.T, list string) {
		w, err := Of(list, terway.PoolFacts{}, "")
		if err != nil {
			return
		}
		for _, w := range []World{w, w.Started()} {
			for _, family := range []int{4, 6} {
				if a := w.HostPort(Client{Vantage: External}, Port{Family: family}); a.Outcome == "" || a.Why == "" {
					t.Errorf("%+v", a)
				}
			}
			if s := w.IPv6(); s.Why == "" {
				t.Errorf("%+v", s)
			}
		}
	})
}
