// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/pkg/terway"
)

// probeLimit bounds a probe of the machine itself.
const probeLimit = time.Second

// What this machine has; asked once.
var (
	kernelHasIPv6 = sync.OnceValue(func() bool {
		_, err := os.Stat("/proc/sys/net/ipv6/conf/all/disable_ipv6")
		return err == nil
	})
	withoutRedirect = sync.OnceValue(findRedirect)
	withoutSCTP     = sync.OnceValue(findSCTP)
)

// findRedirect tries the rule by which Datapath V2 is imitated.
func findRedirect() string {
	s, err := newSpace(nil)
	if err != nil {
		return err.Error()
	}
	defer s.close()
	err = s.nft(context.Background(), stub.TryRedirect)
	if err != nil {
		return "this kernel or nft cannot redirect packets before the host's netfilter: " + err.Error()
	}
	return ""
}

// findSCTP tries whether SCTP packets can be sent and received at all.
func findSCTP() string {
	s, err := newSpace(nil)
	if err != nil {
		return err.Error()
	}
	defer s.close()
	ctx := context.Background()
	stop, err := s.Serve(ctx, "sctp", probe.Honest, probe.Listen{Protocol: probe.SCTP, Port: 9})
	if err != nil {
		return "raw SCTP packets cannot be received here: " + err.Error()
	}
	defer stop()
	results, err := s.Probe(ctx, probe.Request{Protocol: probe.SCTP, To: netip.MustParseAddrPort("127.0.0.1:9"), Limit: probeLimit})
	if err == nil && results[0].Outcome != probe.Answered {
		err = errors.New(results[0].Error)
	}
	if err != nil {
		return "raw SCTP packets cannot be sent here: " + err.Error()
	}
	return ""
}

func kernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(name.Release[:])
}

func toolVersion(name string) string {
	out, err := exec.Command(name, "--version").Output()
	if err != nil {
		return "not found"
	}
	return strings.TrimSpace(string(out))
}

// redirects tells whether what pods send goes to their ENI before the host's netfilter sees it.
func (l *Lab) redirects() bool {
	return stub.Redirects(l.datapath, l.setup.Facts.Exclusive())
}

// withoutHostPorts says why the runtime tells plugins of no host ports.
func (l *Lab) withoutHostPorts() string {
	if l.setup.Facts.ContainerRuntime == terway.RuntimeCRIO {
		return "CRI-O serves host ports itself and tells CNI of none; that cannot be imitated here"
	}
	if l.redirects() {
		if why := withoutRedirect(); why != "" {
			return "the datapath cannot be imitated here: " + why
		}
	}
	return ""
}

// masquerade breaks what a pod sends that has its network, where the world is to be broken so.
func (l *Lab) masquerade(ctx context.Context, p *pod) error {
	if !l.setup.Sabotage.MasqueradesPods || len(p.spec.Ports) == 0 {
		return nil
	}
	rule := fmt.Sprintf("*nat\n-A POSTROUTING -s %s -j MASQUERADE\nCOMMIT\n", p.ips[0])
	return p.node.run(ctx, rule, "iptables-restore", "--noflush")
}

// redirectPods makes a node of a datapath that leads what pods send past its netfilter, where that can be imitated.
func (l *Lab) redirectPods(n *node) error {
	if !l.redirects() || withoutRedirect() != "" {
		return nil
	}
	router, err := l.fabric.mac(podBridge)
	n.redirect = &stub.Redirect{Router: router, Own: []netip.Addr{
		netip.MustParseAddr(nodeIPs[n.index]), netip.MustParseAddr(secondaries[n.index]), netip.MustParseAddr(nodeIP6s[n.index]),
	}}
	return err
}

func (f *fabric) mac(bridge string) (mac string, err error) {
	err = f.links(func(l *netlink.Handle) error {
		link, err := l.LinkByName(bridge)
		if err == nil {
			mac = link.Attrs().HardwareAddr.String()
		}
		return err
	})
	return mac, err
}

// staleRules take all host ports of the suite for a pod that is gone.
const staleRules = `*nat
-I PREROUTING -p tcp --dport 20000:29899 -m addrtype --dst-type LOCAL -j DNAT --to-destination 10.0.1.250
-I PREROUTING -p udp --dport 20000:29899 -m addrtype --dst-type LOCAL -j DNAT --to-destination 10.0.1.250
-I OUTPUT -p tcp --dport 20000:29899 -m addrtype --dst-type LOCAL -j DNAT --to-destination 10.0.1.250
-I OUTPUT -p udp --dport 20000:29899 -m addrtype --dst-type LOCAL -j DNAT --to-destination 10.0.1.250
COMMIT
`

// sabotage breaks a node on purpose.
func (l *Lab) sabotage(ctx context.Context, n *node) error {
	s := l.setup.Sabotage
	var err error
	if s.StaleRule {
		err = n.run(ctx, staleRules, "iptables-restore", "--noflush")
	}
	if s.Blocked {
		err = errors.Join(err, n.nft(ctx, `table netdev blocked {
  chain c {
    type filter hook ingress device "eth0" priority 0;
    ip protocol { tcp, udp, sctp } drop
  }
}
`))
	}
	return err
}
