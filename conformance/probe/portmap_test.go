// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chainlint/chainlint/internal/plugins"
)

// run runs a program in the namespace of the calling thread.
func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// needs skips the test where a program is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip(err)
		}
	}
}

// portmap runs the plugin for the lab's pod as libcni would.
func (l lab) portmap(t *testing.T, release, command, backend string, ports ...map[string]any) {
	t.Helper()
	dir, err := plugins.Dir(t.Context(), release)
	if err != nil {
		t.Skip(err)
	}
	conf, err := json.Marshal(map[string]any{
		"cniVersion": "1.0.0", "name": "test", "type": "portmap", "backend": backend,
		"runtimeConfig": map[string]any{"portMappings": ports},
		"prevResult": map[string]any{
			"cniVersion": "1.0.0",
			"interfaces": []any{map[string]any{"name": "eth0", "sandbox": l.pod.path()}},
			"ips":        []any{map[string]any{"interface": 0, "address": podIP + "/24"}, map[string]any{"interface": 0, "address": podIP6 + "/64"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.node.do(t, func() error {
		plugin := exec.Command(filepath.Join(dir, "portmap"))
		plugin.Env = append(os.Environ(), "CNI_COMMAND="+command, "CNI_CONTAINERID=it", "CNI_NETNS="+l.pod.path(), "CNI_IFNAME=eth0", "CNI_PATH="+dir)
		plugin.Stdin = strings.NewReader(string(conf))
		if out, err := plugin.CombinedOutput(); err != nil {
			return fmt.Errorf("portmap %s: %w: %s", command, err, out)
		}
		return nil
	})
}

func hostPort(protocol string, host, container int) map[string]any {
	return map[string]any{"hostPort": host, "containerPort": container, "protocol": protocol}
}

const release = "v1.9.1"

// TestSCTPHostPort also proves the packets: conntrack verifies checksums and tags, and what it does not take for
// SCTP is not translated.
func TestSCTPHostPort(t *testing.T) {
	needs(t, "iptables", "nft")
	for _, backend := range []string{"iptables", "nftables"} {
		t.Run(backend, func(t *testing.T) {
			l := newLab(t)
			ask := func(at space, to string, want Outcome, source string, change ...func(*Request)) {
				t.Helper()
				got := at.ask(t, SCTP, to, append(change, within(time.Second))...)
				switch {
				case got.Outcome != want:
					t.Errorf("%s: %s instead of %s: %+v", to, got.Outcome, want, got)
				case want == Answered && (got.Reply.Local.Port() != 80 || got.Reply.Peer.Addr() != netip.MustParseAddr(source)):
					t.Errorf("%s: %+v", to, got.Reply)
				}
			}
			closed := func() {
				for _, to := range []string{nodeIP + ":8080", "[" + nodeIP6 + "]:8080"} {
					ask(l.client, to, Refused, "")
					ask(l.node, to, Refused, "")
					ask(l.pod, to, Refused, "")
				}
			}
			closed()
			stop := l.pod.serve(t, Honest, Listen{Protocol: SCTP, Port: 80})
			l.portmap(t, release, "ADD", backend, hostPort("sctp", 8080, 80))
			for range 2 {
				ask(l.client, nodeIP+":8080", Answered, clientIP)
				ask(l.client, "["+nodeIP6+"]:8080", Answered, clientIP6)
				ask(l.client, nodeIP+":8080", Answered, clientIP, from(clientIP+":4000"))
				ask(l.node, nodeIP+":8080", Answered, nodeIP)
				ask(l.node, "["+nodeIP6+"]:8080", Answered, nodeIP6)
				ask(l.node, "127.0.0.1:8080", Answered, "10.1.1.1")
				ask(l.node, "[::1]:8080", Timeout, "")
				ask(l.node, "[::1]:8080", Answered, nodeIP6, from("["+nodeIP6+"]:0"))
				ask(l.client, podIP+":80", Answered, clientIP)
			}
			ask(l.pod, nodeIP+":8080", Answered, "10.1.1.1")
			ask(l.pod, "["+nodeIP6+"]:8080", Answered, "fd00:1::1")
			stop()
			ask(l.client, nodeIP+":8080", Refused, "") // by the pod
			l.portmap(t, release, "DEL", backend, hostPort("sctp", 8080, 80))
			closed()
		})
	}
}
