// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/chainlint/chainlint/internal/plugins"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

var (
	seed   = flag.Uint64("seed", 1, "seed of the generated chains")
	chains = flag.Int("chains", 500, "how many chains are generated, beside those of testdata/corpus.txt")
)

// workers share the chains; each has a machine of its own.
const workers = 2

// TestDifferential compares what happens to a chain with what the linter says of it: the worst of the impacts
// init, node, all-pods and some-pods, or that all pods start.
func TestDifferential(t *testing.T) {
	releases := available(t)
	samples := draw(t, *chains)
	verdicts, failed := make([]verdict, len(samples)), make(chan error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and its namespaces with it
			failed <- work(t.TempDir(), releases, samples, verdicts, w)
		}()
	}
	group.Wait()
	close(failed)
	for err := range failed {
		if errors.Is(err, unix.EPERM) {
			t.Skipf("no namespaces of its own here: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	report(t, verdicts)
}

// work compares every chain of one worker.
func work(dir string, releases map[string]*release, samples []*sample, verdicts []verdict, worker int) error {
	if err := enterMachine(dir); err != nil {
		return err
	}
	for i := worker; i < len(samples); i += workers {
		v, err := compare(samples[i], releases[samples[i].version], dir)
		if err != nil {
			return fmt.Errorf("chain %d, %s: %w", i, samples[i], err)
		}
		verdicts[i] = v
	}
	return nil
}

// release is the binaries of one release of the plugins.
type release struct {
	dir       string
	installed []string
}

// available builds the plugins, and skips the test where something is missing.
func available(t *testing.T) map[string]*release {
	t.Helper()
	switch {
	case testing.Short():
		t.Skip("attaching pods takes its time")
	case runtime.GOOS != "linux" || os.Getuid() != 0:
		t.Skip("attaching pods takes root on Linux: it makes network namespaces")
	}
	for _, tool := range []string{"iptables", "iptables-restore", "ip6tables-restore", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("portmap and firewall run it: %v", err)
		}
	}
	all := map[string]*release{}
	for _, version := range plugins.Releases {
		dir, err := plugins.Dir(t.Context(), version)
		if err != nil {
			t.Skip(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		all[version] = &release{dir: dir}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") {
				all[version].installed = append(all[version].installed, e.Name())
			}
		}
	}
	return all
}

// draw is the corpus and, behind it, as many generated chains as are wanted. The corpus has a list on
// each line, behind the kube-proxy mode where it is not iptables.
func draw(t *testing.T, wanted int) []*sample {
	t.Helper()
	r := rand.New(rand.NewPCG(*seed, 0))
	text, err := os.ReadFile(filepath.Join("testdata", "corpus.txt"))
	if err != nil {
		t.Fatal(err)
	}
	bases, samples := vendorLists(t), []*sample{}
	for line := range strings.Lines(string(text)) {
		list := strings.TrimSpace(line)
		if list == "" || strings.HasPrefix(list, "#") {
			continue
		}
		proxy := "iptables"
		if rest, ok := strings.CutPrefix(list, "none "); ok {
			list, proxy = rest, "none"
		}
		if _, err := conflist.Parse(list); err == nil {
			bases = append(bases, list)
		}
		samples = append(samples, &sample{conf: plainConf, eniConf: plainENIConf, list: list, proxy: proxy, version: pick(r, plugins.Releases)})
	}
	for want := len(samples) + wanted; len(samples) < want; {
		if c := drawOne(r, bases); c != nil {
			samples = append(samples, c)
		}
	}
	return samples
}

// drawOne is nil where the outcome is left to chance: Terway reads an object of plugins in random order.
func drawOne(r *rand.Rand, bases []string) *sample {
	c := &sample{conf: plainConf, eniConf: plainENIConf, list: generate(r, base(r, bases)), version: pick(r, plugins.Releases)}
	c.proxy = pick(r, []string{"iptables", "iptables", "iptables", "ipvs", "nftables", "none"})
	switch r.IntN(12) {
	case 0:
		c.allowlist = pick(r, [][]string{{}, {`^net\.core\.somaxconn$`}, {"net.*"}, {"("}, {"^net/ipv6", "somaxconn"}})
	case 1:
		c.eniConf = pick(r, []string{`{"ip_stack":5}`, "", `{"ip_stack":"ipv4"}`})
	case 2:
		c.conf = datapathV2
	case 3:
		c.dual, c.eniConf = true, `{"ip_stack":"dual"}`
	}
	if result, err := terway.Effective(c.data(), c.node()); err == nil && result.Unordered {
		return nil
	}
	return c
}

// vendorLists are the lists of the vendor's page.
func vendorLists(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../pkg/render/testdata/vendor/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var lists []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source, err := lint.ReadSource(file, text, false)
		if err != nil || len(source.Chains) != 1 {
			t.Fatalf("%s: %v", file, err)
		}
		lists = append(lists, source.Chains[0].Texts[terway.ConflistName])
	}
	return lists
}
