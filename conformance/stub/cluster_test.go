// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chainlint/chainlint/internal/whole"
	"github.com/chainlint/chainlint/pkg/terway"
)

func newPool(t *testing.T) *Pool {
	t.Helper()
	p := &Pool{
		VSwitches: []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16"), netip.MustParsePrefix("fd00:10:244::/56")},
		Slices:    []netip.Prefix{netip.MustParsePrefix("10.244.3.0/24"), netip.MustParsePrefix("fd00:10:244:3::/64")},
		ENI:       "eth1", File: filepath.Join(t.TempDir(), "pods.json"),
	}
	if err := p.Load(); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPool: pods have addresses of their own, the same when asked again and after the daemon was restarted.
func TestPool(t *testing.T) {
	p := newPool(t)
	first, err := p.Allocate(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if got := first.Addresses[0]; got.Prefix.String() != "10.244.3.2/16" || got.Gateway.String() != "10.244.255.253" || first.ENI != "eth1" {
		t.Errorf("%+v", first)
	}
	if got := first.Addresses[1]; got.Prefix.String() != "fd00:10:244:3::2/56" || got.Gateway.String() != "fd00:10:244:ff:ffff:ffff:ffff:fffd" {
		t.Errorf("%+v", got)
	}
	second, err := p.Allocate(t.Context(), "b")
	if err != nil || second.Addresses[0] == first.Addresses[0] {
		t.Errorf("two pods have %v, %v", second.Addresses[0], err)
	}
	restarted := &Pool{VSwitches: p.VSwitches, Slices: p.Slices, File: p.File}
	if err := restarted.Load(); err != nil {
		t.Fatal(err)
	}
	if again, err := restarted.Allocate(t.Context(), "b"); err != nil || again.Addresses[0] != second.Addresses[0] {
		t.Errorf("after a restart: %v, %v", again, err)
	}
}

func TestPoolIsFinite(t *testing.T) {
	p := newPool(t)
	for i := range perNode {
		if _, err := p.Allocate(t.Context(), string(rune('A'+i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Allocate(t.Context(), "more"); err == nil {
		t.Error("more pods than addresses")
	}
	for range 2 { // a second time is no error
		if err := p.Release(t.Context(), "A"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Allocate(t.Context(), "more"); err != nil {
		t.Error(err)
	}
}

// dirs are what the containers of the DaemonSet would have.
func dirs(t *testing.T, data map[string]string) Dirs {
	t.Helper()
	root := t.TempDir()
	d := Dirs{Config: root + "/eni", Lists: root + "/lists", HostLists: root + "/host", Plugins: root + "/bin"}
	for _, dir := range []string{d.Config + "/..data", d.Lists, d.HostLists, d.Plugins} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for key, text := range data {
		if err := os.WriteFile(filepath.Join(d.Config, key), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

var goodData = map[string]string{
	terway.ConfKey: `{"cniVersion":"0.4.0","name":"terway","type":"terway"}`, terway.ENIConfKey: `{"version":"1"}`,
	terway.ConflistName: `{"plugins":[{"type":"terway"},{"type":"portmap","capabilities":{"portMappings":true}}]}`,
}

func newestNode(t *testing.T) terway.Node {
	t.Helper()
	features, err := terway.FeaturesOf(terway.Newest, nil)
	if err != nil {
		t.Fatal(err)
	}
	return terway.Node{Features: features}
}

// TestInstall: binaries and the list are there after the init container, and the host has the list only once it is
// published; a 10-terway.conf goes then.
func TestInstall(t *testing.T) {
	d, node := dirs(t, goodData), newestNode(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Init(d, self, node); err != nil {
		t.Fatal(err)
	}
	want, err := terway.Effective(goodData, node)
	if err != nil {
		t.Fatal(err)
	}
	host := filepath.Join(d.HostLists, terway.ConflistName)
	if _, err := os.Stat(host); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the host has the list before Terway serves: %v", err)
	}
	old := filepath.Join(d.HostLists, terway.ConfKey)
	if err := os.WriteFile(old, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Publish(d); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(host); err != nil || string(got) != want.Conflist {
		t.Errorf("the host has %s, %v", got, err)
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there", terway.ConfKey)
	}
	for _, name := range []string{terway.PluginType, terway.ChainerType} {
		if info, err := os.Stat(filepath.Join(d.Plugins, name)); err != nil || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInitRefuses(t *testing.T) {
	bad := map[string]string{terway.ConfKey: goodData[terway.ConfKey], terway.ENIConfKey: goodData[terway.ENIConfKey], terway.ConflistName: `{"plugins":[`}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := dirs(t, bad)
	if _, err := Init(d, self, newestNode(t)); err == nil || !strings.Contains(err.Error(), "eni-config is refused") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(d.Lists, terway.ConflistName)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a refused ConfigMap left a list")
	}
}

// TestPublishCanBeSeenHalfDone is ROL-014 of the catalogue: Terway cuts the file and writes it anew, so a reader may
// find it empty; a writer by rename is never seen so.
func TestPublishCanBeSeenHalfDone(t *testing.T) {
	d := dirs(t, goodData)
	host := filepath.Join(d.HostLists, terway.ConflistName)
	text := []byte(strings.Repeat(" ", 1<<20) + `{"plugins":[]}`)
	if err := os.WriteFile(filepath.Join(d.Lists, terway.ConflistName), text, 0o644); err != nil {
		t.Fatal(err)
	}
	torn := func(write func() error) int {
		if err := write(); err != nil {
			t.Fatal(err)
		}
		done, found := make(chan struct{}), make(chan int)
		go func() {
			broken := 0
			for {
				select {
				case <-done:
					found <- broken
					return
				default:
				}
				if got, err := os.ReadFile(host); err == nil && !json.Valid(got) {
					broken++
				}
			}
		}()
		for range 200 {
			if err := write(); err != nil {
				t.Fatal(err)
			}
		}
		close(done)
		return <-found
	}
	if n := torn(func() error { return whole.Text(host, 0o644, text) }); n > 0 {
		t.Errorf("a writer by rename was seen half done %d times", n)
	}
	if n := torn(func() error { return Publish(d) }); n == 0 {
		t.Error("Terway's own way was never seen half done: is it atomic now? Then the hazard is none any more")
	}
}

// TestPlugin is the process of Terway's plugin against a daemon on a socket, and without one.
func TestPlugin(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "eni.socket")
	var out strings.Builder
	if code := Plugin(t.Context(), "/opt/cni/bin/terway", socket, []string{"CNI_COMMAND=VERSION"}, strings.NewReader(""), &out); code != 0 || !strings.Contains(out.String(), "1.0.0") {
		t.Errorf("VERSION: %d %s", code, out.String())
	}
	conf := `{"cniVersion":"0.4.0","name":"x","type":"terway"}`
	del := []string{"CNI_COMMAND=DEL", "CNI_CONTAINERID=a", "CNI_IFNAME=eth0", "CNI_ARGS=K8S_POD_NAMESPACE=n;K8S_POD_NAME=p"}
	if code := Plugin(t.Context(), "terway", socket, del, strings.NewReader(conf), &out); code == 0 {
		t.Error("DEL succeeds although Terway's daemon does not answer")
	}
	ctx, cancel := context.WithCancel(t.Context())
	serving, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Listen(ctx, socket, newPool(t), terway.DatapathVeth, func() error { close(serving); return nil })
	}()
	select {
	case <-serving:
	case <-time.After(10 * time.Second):
		t.Fatal("the daemon does not serve")
	}
	if code := Plugin(t.Context(), "terway", socket, del, strings.NewReader(conf), &out); code != 0 {
		t.Errorf("DEL: %d", code)
	}
	if code := Plugin(t.Context(), "cilium-cni", socket, []string{"CNI_COMMAND=ADD"}, strings.NewReader(conf), &out); code == 0 {
		t.Error("cilium's plugin finds an agent on the datapath veth")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
