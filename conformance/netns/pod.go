// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/terway"
)

// podLink is the name of a pod's interface, podNamespace the Kubernetes namespace of all pods.
const (
	podLink      = "eth0"
	podNamespace = "chainlint"
)

// pod is a network namespace that went through a chain.
type pod struct {
	*space
	lab  *Lab
	node *node
	spec conformance.PodSpec
	// name, id of its sandbox and uid.
	name, id, uid string
	ips           []netip.Addr
	server        *probe.Server
	stop          sync.Once
	watching      chan watched

	lock sync.Mutex
	seen []conformance.PluginCall
}

// count of all pods, so that each has a name of its own.
var count atomic.Int64

// Start implements conformance.Environment.
func (l *Lab) Start(ctx context.Context, spec conformance.PodSpec) (conformance.Pod, error) {
	if l.refusal != nil {
		return nil, l.refusal
	}
	n := l.nodes[0]
	if spec.OnOther {
		n = l.nodes[1]
	}
	name := fmt.Sprintf("pod-%d", count.Add(1))
	p := &pod{lab: l, node: n, spec: spec, name: name, id: name + "-" + strings.ToLower(rand.Text()), uid: rand.Text()}
	var err error
	if p.space, err = newSpace(nil); err != nil {
		return nil, err
	}
	if err := p.start(ctx); err != nil {
		_ = p.Stop(context.WithoutCancel(ctx)) // what matters is why it did not start
		return nil, err
	}
	return p, nil
}

func (p *pod) start(ctx context.Context) error {
	if err := p.prepare(); err != nil {
		return err
	}
	if err := p.Add(ctx, conformance.Call{Data: p.spec.Data}); err != nil {
		return err
	}
	if err := p.sabotage(ctx); err != nil {
		return err
	}
	p.watch()
	return p.serve()
}

func (p *pod) serve() error {
	if p.spec.Stopped {
		return nil
	}
	var ends []probe.Listen
	for _, port := range p.spec.Ports {
		ends = append(ends, probe.Listen{Protocol: port.Protocol, Port: port.Container})
	}
	manner := p.spec.Manner
	if manner == probe.Honest {
		manner = p.lab.setup.Sabotage.Manner
	}
	return p.do(func() error {
		var err error
		p.server, err = probe.Serve(p.uid, manner, ends...)
		return err
	})
}

// UID implements conformance.Pod.
func (p *pod) UID() string { return p.uid }

// IPs implements conformance.Pod.
func (p *pod) IPs() []netip.Addr { return p.ips }

// Stop implements conformance.Pod.
func (p *pod) Stop(ctx context.Context) error {
	var err error
	p.stop.Do(func() {
		p.shut()
		err = errors.Join(p.Del(ctx, conformance.Call{}), p.Destroy())
	})
	return err
}

// Kill implements conformance.Pod.
func (p *pod) Kill(ctx context.Context) error {
	var err error
	p.stop.Do(func() {
		err = p.Del(ctx, conformance.Call{})
		p.shut()
		err = errors.Join(err, p.Destroy())
	})
	return err
}

func (p *pod) shut() {
	if p.server != nil {
		p.server.Close()
	}
}

// conf is what containerd tells libcni, in the spelling of go-cni, whose structs have no tags.
func (p *pod) conf(withoutPorts bool) *libcni.RuntimeConf {
	capabilities := map[string]any{
		"cgroupPath": "/kubepods/" + p.uid,
		"dns":        map[string]any{"Servers": []string{"10.96.0.10"}, "Searches": []string{"svc.cluster.local"}, "Options": []string{"ndots:5"}},
	}
	if p.spec.Bandwidth {
		capabilities["bandwidth"] = map[string]any{"IngressRate": 1000000000, "IngressBurst": 4294967295, "EgressRate": 1000000000, "EgressBurst": 4294967295}
	}
	var ports []any
	for _, port := range p.spec.Ports {
		if p.lab.setup.Sabotage.ForgetsHostIPs {
			port.HostIP = ""
		}
		if port.Host > 0 {
			ports = append(ports, map[string]any{"HostPort": port.Host, "ContainerPort": port.Container, "Protocol": port.Protocol, "HostIP": port.HostIP})
		}
	}
	if len(ports) > 0 && !withoutPorts && p.lab.setup.Facts.ContainerRuntime != terway.RuntimeCRIO {
		capabilities["portMappings"] = ports
	}
	netns := "" // as containerd says where the namespace is gone
	if p.net >= 0 {
		netns = p.path()
	}
	return &libcni.RuntimeConf{
		ContainerID: p.id, NetNS: netns, IfName: podLink, CapabilityArgs: capabilities,
		Args: [][2]string{{"IgnoreUnknown", "1"}, {"K8S_POD_NAMESPACE", podNamespace}, {"K8S_POD_NAME", p.name}, {"K8S_POD_INFRA_CONTAINER_ID", p.id}, {"K8S_POD_UID", p.uid}},
	}
}

// addresses is what containerd makes of the result: a pod without an address on eth0 fails
// (internal/cri/server/sandbox_run.go, setupPodNetwork; go-cni result.go, createResult).
func addresses(result types.Result) ([]netip.Addr, error) {
	r, err := current.NewResultFromResult(result)
	if err != nil {
		return nil, err
	}
	var all []netip.Addr
	for _, ip := range r.IPs {
		address, _ := netip.AddrFromSlice(ip.Address.IP)
		switch {
		case ip.Interface == nil || len(r.Interfaces) == 0:
			all = append(all, address.Unmap())
		case *ip.Interface < 0 || *ip.Interface >= len(r.Interfaces):
			return nil, errors.New("containerd: invalid interface config")
		case r.Interfaces[*ip.Interface].Name == podLink:
			all = append(all, address.Unmap())
		}
	}
	if len(all) == 0 {
		return nil, errors.New("containerd: failed to find network info for sandbox")
	}
	return all, nil
}

// setAllowlist writes [terway.AllowlistFile], or removes it.
func setAllowlist(list *terway.Allowlist) error {
	text, present := list.Text()
	if !present {
		if err := os.Remove(terway.AllowlistFile); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	return os.WriteFile(terway.AllowlistFile, []byte(text), 0o644)
}
