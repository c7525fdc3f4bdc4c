// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// privateVantages are those from which a private host port answers.
var privateVantages = []Vantage{External, OtherNode, OtherPod, SameNodePod, OwnNode, Localhost, Hairpin}

// private requires that host ports answer from wherever a private exposure promises it, and nobody else before
// and after.
func (t *T) private(more ...Vantage) {
	tcp, udp := t.Port(probe.TCP), t.Port(probe.UDP)
	from := append(privateVantages[:len(privateVantages):len(privateVantages)], more...)
	for _, port := range []Port{tcp, udp} {
		t.Closed(port, Asks(port.Protocol, External)...)
	}
	pod := t.Start(PodSpec{Ports: []Port{tcp, udp}})
	for _, port := range []Port{tcp, udp} {
		t.Answers(pod, port, Asks(port.Protocol, from...)...)
	}
	t.Stop(pod)
	for _, port := range []Port{tcp, udp} {
		t.Released(port, Asks(port.Protocol, External)...)
	}
}

// withoutMarkChain runs the vendor's private example where nobody makes the chain that it names.
func (t *T) withoutMarkChain(mode string) {
	o := t.Open(func(s *Setup) { vendor(vendorPrivate)(s); s.Facts.KubeProxyMode = mode })
	plain := o.Start(PodSpec{Bandwidth: true})
	o.Read("pod", "addresses", addressWords(plain), "")
	_, err := o.TryStart(PodSpec{Ports: []Port{o.Port(probe.TCP)}})
	o.refusal(err, cni.Portmap, markChain)
	o.hinted(err, "kubeProxyMode")
	o.Stop(plain)
}

// unmasqueraded is a world in which nobody masquerades: what needs no masquerading works, the rest is silence.
func (t *T) unmasqueraded() {
	port := t.Port(probe.TCP)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, Asks(probe.TCP, External, OtherNode, OwnNode)...)
	t.once(pod, port, timesOut, Asks(probe.TCP, Localhost, Hairpin)...)
	t.Stop(pod)
	t.Released(port, Asks(probe.TCP, External)...)
}

func publicExample(t *T) {
	t.named("as it is", func() {
		o := t.Open(vendor(vendorPublic))
		o.private(FromPublic)
		port := o.Port(probe.TCP)
		pod := o.Start(PodSpec{Ports: []Port{port}})
		o.Sees(pod, port, preserved, Asks(probe.TCP, FromPublic)...)
		o.Stop(pod)
	})
	t.named("without symmetric_routing", func() {
		o := t.Open(vendor(strings.Replace(vendorPublic, `"symmetric_routing": true,`, "", 1)))
		port := o.Port(probe.TCP)
		pod := o.Start(PodSpec{Ports: []Port{port}})
		o.Answers(pod, port, Asks(probe.TCP, External)...)
		o.once(pod, port, timesOut, Asks(probe.TCP, FromPublic)...)
		o.Stop(pod)
	})
}

func preserved(Ask) Want { return Want{Outcome: probe.Answered, Class: Preserved} }

func fromNode(Ask) Want { return Want{Outcome: probe.Answered, Class: FromNode} }

const masqAllPortmap = `{"type":"portmap","capabilities":{"portMappings":true},"masqAll":true}`

// v2Worlds are the vendor's table for Datapath V2, and what comes of leaving half of it out.
var v2Worlds = []struct {
	name, terway, portmap string
	external, beyond      bool
}{
	{name: "with both", terway: datapathV2Pub, portmap: masqAllPortmap, external: true, beyond: true},
	{name: "without symmetric_routing", terway: datapathV2, portmap: masqAllPortmap, external: true},
	{name: "without masqAll", terway: datapathV2Pub, portmap: PlainPortmap},
}

func datapathV2Row(t *T) {
	for _, w := range v2Worlds {
		t.named(w.name, func() {
			o := t.Open(func(s *Setup) { s.Data = Chain(w.terway, w.portmap) })
			port := o.Port(probe.TCP)
			pod := o.Start(PodSpec{Ports: []Port{port}})
			o.Answers(pod, port, Asks(probe.TCP, Direct)...)
			for from, answers := range map[Vantage]bool{External: w.external, FromPublic: w.beyond} {
				if answers {
					o.Sees(pod, port, fromNode, Asks(probe.TCP, from)...)
				} else {
					o.once(pod, port, timesOut, Asks(probe.TCP, from)...)
				}
			}
			o.Stop(pod)
		})
	}
}

// pageKeys are the vendor's three, and what they do to the pod's interface.
var pageKeys = []string{"net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6", "net.ipv6.conf.lo.disable_ipv6", "net.ipv6.conf.eth0.disable_ipv6"}

func tuningExample(t *T) {
	plain := t.Open(func(s *Setup) { s.Data = Chain(PlainTerway) })
	pod := plain.Start(PodSpec{})
	if seen := plain.addresses6(pod); seen == 0 {
		plain.Inconclusive("missing-ipv6", "a pod without tuning has no IPv6 address here either, so the example proves nothing")
	}
	o := t.Open(vendor(vendorNoLinkLocal))
	o.noAddress6(o.Start(PodSpec{}))
}

func (t *T) addresses6(pod Pod) int {
	seen, err := pod.Look(t)
	t.Must(err)
	t.Read("pod", "IPv6 addresses", strconv.Itoa(len(seen.Inet6)), "")
	return len(seen.Inet6)
}

// noAddress6 requires that a pod has no IPv6 address, because sysctls keep it from having any.
func (t *T) noAddress6(pod Pod) {
	seen, err := pod.Look(t, pageKeys...)
	t.Must(err)
	t.Read("pod", "IPv6 addresses", strconv.Itoa(len(seen.Inet6)), "0")
	if len(seen.Inet6) > 0 {
		t.Fail("has-ipv6", "the pod has IPv6 addresses: %s", strings.Join(seen.Inet6, "; "))
	}
	for _, key := range pageKeys {
		t.Read("pod", key, seen.Sysctls[key], "1")
		if seen.Sysctls[key] != "1" {
			t.Fail("sysctl", "%s is %q in the pod, and has to be 1", key, seen.Sysctls[key])
		}
	}
}

func capabilities(t *T) {
	for _, declared := range []bool{true, false} {
		o := t.Open(func(s *Setup) {
			s.Data = Chain(fmt.Sprintf(`{"type":"terway","capabilities":{"bandwidth":%v}}`, declared), PlainPortmap, NoLinkLocal)
		})
		pod, ok := o.Start(PodSpec{Bandwidth: true, Ports: []Port{o.Port(probe.TCP)}}).(Attachment)
		if !ok {
			o.Inconclusive("harness", "pods of this environment are no attachments")
		}
		want := map[string]string{terway.PluginType: "bandwidth", cni.Portmap: "portMappings", cni.Tuning: "nothing"}
		if !declared {
			want[terway.PluginType] = "nothing"
		}
		for _, call := range pod.Seen() {
			o.told(call, want[call.Plugin])
		}
		o.Stop(pod)
	}
}

// told requires that a plugin was told of one thing by the runtime, or of nothing.
func (t *T) told(call PluginCall, want string) {
	var conf struct {
		RuntimeConfig map[string]json.RawMessage `json:"runtimeConfig"`
	}
	t.Must(json.Unmarshal(call.Stdin, &conf))
	var names []string
	for name := range conf.RuntimeConfig {
		names = append(names, name)
	}
	got := cmp.Or(strings.Join(names, " "), "nothing")
	t.Read("node", "what "+call.Plugin+" is told", got, want)
	if got != want {
		t.Fail("not-told", "the runtime tells %s of %s, and it has to be %s", call.Plugin, got, want)
	}
}
