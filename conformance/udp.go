// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

const staleConnections = "containernetworking/plugins#123"

// udpSpecs are about datagrams: without connections of their own, they live by what the kernel remembers of them.
var udpSpecs = []Spec{
	{
		ID: "UDP-001", Name: "a client that keeps sending from one port reaches the pod that takes a host port over", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 5,
		Why:     "Syslog, DNS forwarders and telephones send from one port for ever. The kernel remembers where that flow went, and goes on sending it to the pod that is gone, unless ADD makes it forget.",
		Sources: []string{staleConnections, "kubernetes/kubernetes#59033"},
		Run:     recovers,
	},
	{
		ID: "UDP-002", Name: "a client that sent before the pod was there reaches it once it runs", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 5,
		Why:     "As UDP-001, for a flow that the kernel remembers as the node's own.",
		Sources: []string{staleConnections},
		Run:     sentBefore,
	},
	{
		ID: "UDP-003", Name: "after a pod took a host port over, nobody else answers there", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 10,
		Why:     "An answer of the former pod tells clients of a state that is gone.",
		Sources: []string{staleConnections},
		Run:     replaced,
	},
	{
		ID: "UDP-004", Name: "a process on the node that takes a pod's port over serves new clients, and the flows that the pod had go nowhere", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 6,
		Why:     "Known, and asserted up to v1.9.1: DEL leaves what the kernel remembers, so flows of clients that kept their address go nowhere until they were silent for up to two minutes. Those that were masqueraded are forgotten with the pod's interface.",
		Sources: []string{"containernetworking/plugins#1190", "containernetworking/plugins#1277"},
		Run:     takenByNode,
	},
	{
		ID: "UDP-005", Name: "answers come from the address and port that was asked, from every vantage", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 20,
		Why:     "Clients drop an answer from elsewhere. It comes where replies pass the translation of the node by, as they do on Datapath V2 without masqAll.",
		Sources: []string{portmapReadme},
		Run:     answerSource,
	},
	{
		ID: "UDP-006", Name: "datagrams of no byte and of nearly 64 KiB pass", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 6,
		Why: "The largest datagram is 45 fragments, which the node puts together and takes apart again.",
		Run: func(t *T) {
			port := t.Port(probe.UDP)
			shaped := func(r probe.Request) Ask { return Ask{From: External, Protocol: probe.UDP, Shape: r} }
			pod := t.Start(PodSpec{Ports: []Port{port}})
			t.Answers(pod, port, Asks(probe.UDP, External)...)
			t.Answers(pod, port, shaped(probe.Request{Empty: true}))
			t.Answers(pod, port, shaped(probe.Request{Upload: largest}))
			t.Stop(pod)
		},
	},
}

// largest datagram of IPv4.
const largest = 65507

// fixed is a question from a client that always uses that port. The suite's own host ports are below those that
// kernels give to clients.
func fixed(source uint16) Ask {
	return Ask{From: External, Protocol: probe.UDP, Shape: probe.Request{From: netip.AddrPortFrom(netip.IPv4Unspecified(), source)}}
}

// flow is a client that keeps asking from one port.
type flow struct {
	cancel context.CancelFunc
	done   chan struct{}

	lock    sync.Mutex
	err     error
	results []probe.Result
}

// The time that a flow waits for each answer, rests before the next question, and may take to recover.
const (
	flowLimit    = 200 * time.Millisecond
	flowRest     = 20 * time.Millisecond
	recoverLimit = 5 * time.Second
)

// send begins a flow to a host port; it ends with the spec.
func (t *T) send(port Port) *flow {
	ctx, cancel := context.WithCancel(t)
	f := &flow{cancel: cancel, done: make(chan struct{})}
	a := fixed(t.nextPort())
	request := a.Shape
	request.Protocol, request.To, request.Limit = port.Protocol, t.target(a, port, nil), flowLimit
	from := t.place(a, nil)
	go func() {
		defer close(f.done)
		for ctx.Err() == nil {
			f.add(from.Probe(ctx, request))
			time.Sleep(flowRest)
		}
	}()
	t.Cleanup(f.stop)
	return f
}

func (f *flow) stop() {
	f.cancel()
	<-f.done
}

func (f *flow) add(results []probe.Result, err error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.results = append(f.results, results...)
	if err != nil && f.err == nil {
		f.err = err
	}
}

// seen are the results from the nth on.
func (t *T) seen(f *flow, n int) []probe.Result {
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.err != nil {
		t.Inconclusive("transport", "a probe could not be sent: %v", f.err)
	}
	return append([]probe.Result(nil), f.results[min(n, len(f.results)):]...)
}

// reaches requires that a flow is answered by the pod soon.
func (t *T) reaches(f *flow, pod Pod) {
	start, begin := time.Now(), len(t.seen(f, 0))
	var last probe.Result
	for time.Since(start) < recoverLimit {
		for _, last = range t.seen(f, begin) {
			if t.outcome(last, pod) == probe.Answered {
				t.Observe(t.observation(fixed(0), last, Want{Outcome: probe.Answered}, pod))
				t.Read("external", "gap until the flow is answered", strconv.FormatInt(time.Since(start).Milliseconds(), 10)+" ms", "")
				return
			}
		}
		time.Sleep(flowRest)
	}
	if len(t.seen(f, begin)) == 0 {
		return // nothing was sent, which is no evidence
	}
	t.FailHint("black-hole", "the kernel sends the flow where it went before: does portmap's ADD reach conntrack, and is the rule of the former pod gone?", "a client that sends from one port all the time is not answered by the pod within %s: %s %s", recoverLimit, t.outcome(last, pod), last.Error)
}

// asked waits until a flow has sent something.
func (t *T) asked(f *flow) {
	for start := time.Now(); len(t.seen(f, 0)) < 2 && time.Since(start) < recoverLimit; {
		time.Sleep(flowRest)
	}
}

// lostAsPredicted: the suite itself is tested, and no answer was to be had, so there is nothing to lose.
func (t *T) lostAsPredicted(a Ask, port Port, pod Pod) bool {
	lost := t.Predict && t.want(a, port, pod).Outcome != probe.Answered
	if lost {
		t.record.evidence = max(t.record.evidence, t.spec.Evidence)
	}
	return lost
}

func recovers(t *T) {
	port := t.Port(probe.UDP)
	asks := Asks(probe.UDP, External)
	t.Closed(port, asks...)
	former := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(former, port, asks...)
	if t.lostAsPredicted(asks[0], port, former) {
		return
	}
	f := t.send(port)
	t.reaches(f, former)
	t.Stop(former)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.reaches(f, pod)
	f.stop()
	t.Stop(pod)
	t.Released(port, asks...)
}

func sentBefore(t *T) {
	port := t.Port(probe.UDP)
	asks := Asks(probe.UDP, External)
	t.Closed(port, asks...)
	f := t.send(port)
	t.asked(f)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, asks...)
	if t.lostAsPredicted(asks[0], port, pod) {
		return
	}
	t.reaches(f, pod)
	f.stop()
	t.Stop(pod)
	t.Released(port, asks...)
}

func replaced(t *T) {
	port := t.Port(probe.UDP)
	asks := append(Asks(probe.UDP, External, SameNodePod, OwnNode), fixed(t.nextPort()))
	t.Closed(port, asks...)
	former := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(former, port, asks...)
	t.Stop(former)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, asks...)
	t.Stop(pod)
	t.Released(port, asks[:3]...) // DEL lets the kernel remember the fourth: see UDP-004
}

func takenByNode(t *T) {
	port := t.Port(probe.UDP)
	old := fixed(t.nextPort())
	t.Closed(port, old)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, old)
	if t.lostAsPredicted(old, port, pod) {
		return
	}
	t.Stop(pod)
	stop, err := t.Env.At(OnNode).Serve(t, hostProcess, probe.Honest, probe.Listen{Protocol: probe.UDP, Port: port.Host, Address: unspecified(old)})
	t.Must(err)
	defer stop()
	t.served(port, Asks(probe.UDP, External)[0], hostProcess)
	switch source := t.predicted(old, port, pod).Source; {
	case source == "" || terway.Older(Pinned, t.world().PortmapRelease):
		t.AskOnce(port, nil, brief([]Ask{old})...) // nobody knows
	case source == predict.OfNode:
		t.served(port, old, hostProcess)
	default:
		t.lost(port, nil, old)
	}
}

const hostProcess = "host-process"

// served requires that a process on the node answers.
func (t *T) served(port Port, a Ask, who string) {
	for _, r := range t.AskOnce(port, nil, a) {
		if got := t.answeredBy(r, who); r.Outcome != "" && got != probe.Answered {
			t.FailHint("leak", hintFor(a, "leak"), "%s to a process on the node at %s: expected answered, got %s (%s)", a, r.To, got, r.Error)
		}
	}
}

func answerSource(t *T) {
	port := t.Port(probe.UDP)
	asks := Asks(probe.UDP, External, OtherNode, OtherPod, SameNodePod, OwnNode, Localhost, Hairpin)
	t.Closed(port, asks...)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	anywhere := append([]Ask(nil), asks...)
	for i := range anywhere {
		anywhere[i].Shape.AnySource = true
	}
	for i, r := range t.AskOnce(port, pod, anywhere...) {
		if r.Outcome == probe.Answered && r.Answerer != r.To && t.want(asks[i], port, pod).Outcome == probe.Answered {
			t.FailHint("wrong-reply-source", hintFor(asks[i], "timeout"), "%s to %s: the answer came from %s, and clients drop such answers", asks[i], r.To, r.Answerer)
		}
	}
	t.Answers(pod, port, asks...)
	t.Stop(pod)
	t.Released(port, asks...)
}
