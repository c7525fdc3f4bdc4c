// SPDX-License-Identifier: Apache-2.0

package kindconfigs_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/conformance"
	kindconfigs "github.com/chainlint/chainlint/kind-configs"
)

var update = flag.Bool("update", false, "write README.md")

// takes says what the host must have beside a container engine.
var takes = map[string]string{"ipvs": "a kernel with IPVS", "nftables": "Kubernetes v1.33 or later"}

// shows is what a cluster is there for.
var shows = map[string]string{
	"iptables-ipv4": "what most clusters run; rollouts, restarts and the upgrade gate",
	"nftables-ipv4": "host ports of portmap's backend nftables beside kube-proxy's rules",
	"iptables-dual": "host ports in both families; symmetric routing in both",
	"none-ipv4":     "host ports where nobody makes KUBE-MARK-MASQ; of LL-025 only the API server, at its own address",
	"ipvs-ipv4":     "host ports beside IPVS, whose kube-proxy still makes KUBE-MARK-MASQ",
}

// only are the specs that no other IP stack can run.
func only(dual bool) string {
	var all []string
	for _, s := range conformance.Specs() {
		if dual && !s.Own && slices.Contains(s.Needs, conformance.DualStack) {
			all = append(all, s.ID)
		}
	}
	if all == nil {
		return "none"
	}
	return strings.Join(all, ", ")
}

// TestReadme holds README.md against the configurations and the catalogue.
func TestReadme(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Clusters for the conformance suite

One control plane and two workers each, without kind's own CNI. ` + "`chainlint-conformance run --env kind`" + ` chooses the one that
the facts name (kubeProxyMode, ipStack); ` + "`make e2e CONFIG=NAME`" + ` runs one. node-image/ makes the node image where no registry is
reached (` + "`make node-image`" + `). This page is made by its test (-update).

| file | kube-proxy | IP stack | shows | specs that need it | the host must have |
|---|---|---|---|---|---|
`)
	for _, name := range kindconfigs.Names() {
		mode, stack, _ := strings.Cut(name, "-")
		_, text, err := kindconfigs.For(mode, stack)
		if err != nil {
			t.Fatal(err)
		}
		var c v1alpha4.Cluster
		if err := yaml.UnmarshalStrict(text, &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if string(c.Networking.KubeProxyMode) != mode || string(c.Networking.IPFamily) != stack || !c.Networking.DisableDefaultCNI || len(c.Nodes) != 3 {
			t.Errorf("%s.yaml is not what its name says: %+v", name, c.Networking)
		}
		if shows[name] == "" {
			t.Errorf("nobody says what %s shows", name)
		}
		host := takes[mode]
		if host == "" {
			host = "nothing else"
		}
		fmt.Fprintf(&b, "| `%s.yaml` | %s | %s | %s | %s | %s |\n", name, mode, stack, shows[name], only(stack == "dual"), host)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile("README.md"); err != nil || string(have) != b.String() {
		t.Errorf("README.md is out of date: go test ./kind-configs -update (%v)", err)
	}
}

func TestUnknownConfiguration(t *testing.T) {
	if _, _, err := kindconfigs.For("nftables", "dual"); err == nil || !strings.Contains(err.Error(), "iptables-dual") {
		t.Errorf("%v", err)
	}
}
