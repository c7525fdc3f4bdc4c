// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Add implements conformance.Attachment.
func (p *pod) Add(ctx context.Context, how conformance.Call) error {
	if err := setAllowlist(p.lab.setup.Facts.Node.TuningAllowlist); err != nil {
		return err
	}
	list, err := p.list(how)
	if err != nil {
		return err
	}
	var result types.Result
	run := p.executor(how)
	err = p.node.do(func() error {
		var err error
		result, err = run.cni(p.lab.cache).AddNetworkList(ctx, list, p.conf(how.WithoutPorts))
		return err
	})
	if err != nil {
		return &conformance.StartError{Stage: conformance.StagePod, Plugin: run.failed, Err: err, Excuse: excuse(run.failed, err)}
	}
	if p.ips, err = addresses(result); err != nil {
		return &conformance.StartError{Stage: conformance.StagePod, Err: err}
	}
	if p.lab.setup.Facts.ContainerRuntime == terway.RuntimeCRIO {
		if err := p.Check(ctx); err != nil {
			return &conformance.StartError{Stage: conformance.StagePod, Err: err}
		}
	}
	return p.lab.masquerade(ctx, p)
}

// Check implements conformance.Attachment.
func (p *pod) Check(ctx context.Context) error {
	return p.node.do(func() error {
		return p.executor(conformance.Call{}).cni(p.lab.cache).CheckNetworkList(ctx, p.lab.list, p.conf(false))
	})
}

// Del implements conformance.Attachment. containerd detaches with the list that is current, not with the one of
// ADD.
func (p *pod) Del(ctx context.Context, how conformance.Call) error {
	s := p.lab.setup.Sabotage
	if s.SkipDEL {
		return nil
	}
	list, err := p.list(how)
	if err != nil {
		return err
	}
	run, conf := p.executor(how), p.conf(how.WithoutPorts || s.ForgetsPorts)
	return p.node.do(func() error { return run.cni(p.lab.cache).DelNetworkList(ctx, list, conf) })
}

// Destroy implements conformance.Attachment. The kernel removes a namespace some time after it is gone; until then
// it refuses what no pod would.
func (p *pod) Destroy() error {
	p.shut()
	p.close()
	return p.node.links(func(l *netlink.Handle) error {
		link, err := l.LinkByName(p.hostLink())
		if err != nil { // DEL removed it
			return nil
		}
		if err := l.LinkDel(link); err != nil && !errors.Is(err, unix.ENODEV) {
			return err
		}
		return nil
	})
}

// hostLink is the node's end of the pod's interface.
func (p *pod) hostLink() string {
	return stub.Call{Args: "K8S_POD_NAMESPACE=" + podNamespace + ";K8S_POD_NAME=" + p.name}.HostLink()
}

// ContainerID implements conformance.Attachment.
func (p *pod) ContainerID() string { return p.id }

// Seen implements conformance.Attachment.
func (p *pod) Seen() []conformance.PluginCall {
	p.lock.Lock()
	defer p.lock.Unlock()
	return slices.Clone(p.seen)
}

// list that a call is made with.
func (p *pod) list(how conformance.Call) (*libcni.NetworkConfigList, error) {
	list := p.lab.list
	if how.Data != nil {
		var err error
		if list, err = p.lab.listOf(how.Data); err != nil {
			return nil, err
		}
	}
	changed := *list
	changed.Name, changed.CNIVersion = cmp.Or(how.Name, list.Name), cmp.Or(how.CNIVersion, list.CNIVersion)
	return &changed, nil
}

// executor runs the plugins of a call, and notes what they are told.
func (p *pod) executor(how conformance.Call) *executor {
	run := p.lab.executor(p.node)
	run.without, run.killedAfter = how.WithoutPlugin, how.KilledAfter
	run.note = func(call conformance.PluginCall) {
		p.lock.Lock()
		defer p.lock.Unlock()
		p.seen = append(p.seen, call)
	}
	return run
}
