// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/cni"
)

// scaleSpecs are about many ports and many pods. Times are recorded and never judged: they are the machine's.
var scaleSpecs = []Spec{
	{
		ID: "SCL-001", Name: "1, 16 and 100 host ports of one pod all answer", Level: Ext, Own: true, Needs: []Feature{OwnChain}, Evidence: 470,
		Why:     "iptables matches 15 ports in one rule, so the sixteenth takes another; and it starts a process for each rule, so a hundred ports take seconds in which the pod does not start.",
		Sources: []string{portmapSource},
		Run:     func(t *T) { t.eachBackend(manyPorts) },
	},
	{
		ID: "SCL-002", Name: "the host ports 1, 1023, 1024, 32767 and 65535 answer", Level: Ext, Own: true, Needs: []Feature{OwnChain}, Evidence: 60,
		Why: "The ends of the ranges: privileged ports, those of services, those of clients.",
		Run: func(t *T) { t.eachBackend(oddPorts) },
	},
	{
		ID: "SCL-003", Name: "30 pods of one node answer at their own host ports, also while half of them go", Level: Ext, Own: true, Needs: []Feature{OwnChain, Rules}, Evidence: 152,
		Why: "Rules of many pods stand in one chain; a rule that matches too much, or a DEL that removes too much, hits the neighbours.",
		Run: func(t *T) { t.eachBackend(neighbours) },
	},
	{
		ID: "SCL-004", Name: "20 pods that start and stop at the same time all get their host ports, and leave none", Level: Ext, Own: true, Needs: []Feature{OwnChain, Rules}, Evidence: 82,
		Why:     "A node that boots starts everything at once, and all plugins write to one firewall. With iptables on nft, two that make portmap's shared chains at the same time get in each other's way: the second fails, as its exit status is not the one that portmap v1.9.1 takes for \"exists\". The kubelet tries such a pod again, and so does this spec; how often is recorded.",
		Sources: []string{"containernetworking/plugins:pkg/utils/iptables.go"},
		Run:     func(t *T) { t.eachBackend(atOnce) },
	},
}

func manyPorts(t *T, _ string) {
	for _, n := range []int{1, 16, 100} {
		ports := t.ports(n)
		start := time.Now()
		pod := t.Start(PodSpec{Ports: ports})
		t.Read("node", "ADD of "+strconv.Itoa(n)+" host ports", elapsed(start), "")
		t.each(pod, ports)
		start = time.Now()
		t.Stop(pod)
		t.Read("node", "DEL of "+strconv.Itoa(n)+" host ports", elapsed(start), "")
		t.gone(ports)
	}
}

func (t *T) ports(n int) []Port {
	var all []Port
	for range n {
		all = append(all, t.Port(probe.TCP))
	}
	return all
}

// each asks a pod once at each of its host ports.
func (t *T) each(pod Pod, ports []Port) {
	t.phase = "open"
	for _, p := range ports {
		t.judge(p, pod, Asks(p.Protocol, External), func(Ask) Want { return Want{Outcome: probe.Answered} }, 1)
	}
}

// gone requires that all host ports are refused.
func (t *T) gone(ports []Port) {
	for _, p := range ports {
		t.Released(p, Asks(p.Protocol, External)...)
	}
}

func oddPorts(t *T, _ string) {
	var ports []Port
	for i, host := range []uint16{1, 1023, 1024, 32767, 65535} {
		for k, protocol := range []string{probe.TCP, probe.UDP} {
			ports = append(ports, Port{Protocol: protocol, Host: host, Container: uint16(9000 + 10*i + k)})
		}
	}
	for _, p := range ports {
		t.Closed(p, Asks(p.Protocol, External)...)
	}
	pod := t.Start(PodSpec{Ports: ports})
	t.each(pod, ports)
	t.Stop(pod)
	t.gone(ports)
}

// claim is a pod with its host port.
type claim struct {
	pod  Pod
	port Port
}

// startAll starts a pod for each port, all at the same time, those that lost a race again.
func (t *T) startAll(ports []Port) []claim {
	ctx, cancel := context.WithTimeout(t, startLimit)
	defer cancel()
	all, failed := make([]claim, len(ports)), make([]error, len(ports))
	var races atomic.Int64
	atSameTime(len(ports), func(i int) {
		all[i].port = ports[i]
		for range startTries {
			all[i].pod, failed[i] = t.Env.Start(ctx, PodSpec{Ports: ports[i : i+1]})
			if !lostRace(failed[i]) {
				return
			}
			races.Add(1)
		}
	})
	t.Read("node", "pods that lost the race for shared chains", strconv.FormatInt(races.Load(), 10), "")
	for i := range all {
		if failed[i] == nil {
			t.Cleanup(func() { _ = all[i].pod.Stop(context.WithoutCancel(t)) })
		}
	}
	if err := errors.Join(failed...); err != nil {
		t.notStarted(err)
	}
	return all
}

// startTries is how often a pod is tried that lost a race; after the first time the chains are there.
const startTries = 3

// lostRace tells whether two portmaps made the same shared chain at the same time.
func lostRace(err error) bool {
	var start *StartError
	return errors.As(err, &start) && start.Plugin == cni.Portmap && strings.Contains(start.Error(), "File exists")
}

// stopAll stops pods, all at the same time.
func (t *T) stopAll(claims []claim) {
	failed := make([]error, len(claims))
	atSameTime(len(claims), func(i int) { failed[i] = claims[i].pod.Stop(t) })
	if err := errors.Join(failed...); err != nil {
		t.Fail("stop", "pods cannot be stopped at the same time: %v", err)
	}
}

func atSameTime(n int, f func(i int)) {
	done := make(chan struct{})
	for i := range n {
		go func() {
			defer func() { done <- struct{}{} }()
			f(i)
		}()
	}
	for range n {
		<-done
	}
}

func neighbours(t *T, _ string) {
	before := t.rules()
	claims := t.startAll(t.ports(30))
	for _, c := range claims {
		t.each(c.pod, []Port{c.port})
	}
	leave, stay := claims[:15], claims[15:]
	t.stopAll(leave)
	for _, c := range leave {
		t.gone([]Port{c.port})
	}
	for _, c := range stay {
		t.each(c.pod, []Port{c.port})
	}
	t.stopAll(stay)
	for _, c := range stay {
		t.gone([]Port{c.port})
	}
	t.clean(before)
}

func atOnce(t *T, _ string) {
	before, ports := t.rules(), t.ports(20)
	start := time.Now()
	claims := t.startAll(ports)
	t.Read("node", fmt.Sprintf("start of %d pods", len(ports)), elapsed(start), "")
	for _, c := range claims {
		t.each(c.pod, []Port{c.port})
	}
	start = time.Now()
	t.stopAll(claims)
	t.Read("node", fmt.Sprintf("stop of %d pods", len(ports)), elapsed(start), "")
	t.clean(before)
	t.gone(ports)
}
