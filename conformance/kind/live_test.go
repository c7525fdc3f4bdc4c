// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/terway"
)

// somebody is one who has a kubeconfig of a cluster with the rights of chainlint-conformance rbac, and no others, and
// sits outside of the cluster.
type somebody struct {
	t *testing.T
	c *Cluster
}

// kubectl runs as the cluster's administrator.
func (s somebody) kubectl(stdin string, args ...string) string {
	s.t.Helper()
	out, err := dockerWith(s.t.Context(), stdin, append([]string{"exec", "-i", s.c.nodes[0].name, "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf"}, args...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// outside runs the suite's program there, and returns its exit code.
func (s somebody) outside(args ...string) (code int, out string) {
	s.t.Helper()
	out, err := docker(s.t.Context(), append([]string{"exec", s.c.vpc.container(), "ip", "netns", "exec", "external", agentPath}, args...)...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode(), err.Error()
	case err != nil:
		s.t.Fatal(err)
	}
	return 0, out
}

// cluster flags of what somebody runs.
var flags = []string{"--kubeconfig", "/tmp/kubeconfig", "--namespace", cluster.Account, "--image", suiteImage, "--external", "here"}

// manifests of chainlint-conformance rbac.
func (s somebody) manifests() string {
	var all strings.Builder
	for _, object := range cluster.Manifests(cluster.Account, true) {
		text, err := yaml.Marshal(object)
		if err != nil {
			s.t.Fatal(err)
		}
		all.WriteString("---\n" + string(text))
	}
	return all.String()
}

// introduce makes the account, and gives its kubeconfig away.
func (s somebody) introduce(manifests string) {
	s.kubectl(manifests, "apply", "-f", "-")
	token := s.kubectl("", "-n", cluster.Account, "create", "token", cluster.Account)
	authority := s.kubectl("", "config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}")
	config := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "lab",
 "clusters": [{"name": "c", "cluster": {"server": "https://%s:6443", "certificate-authority-data": %q}}],
 "users": [{"name": "u", "user": {"token": %q}}], "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "u"}}]}`, s.c.nodes[0].ip, authority, token)
	s.file("/tmp/kubeconfig", config)
}

// file writes one that somebody has.
func (s somebody) file(name, text string) {
	s.t.Helper()
	if _, err := dockerWith(s.t.Context(), text, "exec", "-i", s.c.vpc.container(), "sh", "-c", "cat > "+name); err != nil {
		s.t.Fatal(err)
	}
}

// outcomes of a report, by the specs.
func (s somebody) outcomes(dir string) map[string]report.Spec {
	s.t.Helper()
	text, err := docker(s.t.Context(), "exec", s.c.vpc.container(), "cat", dir+"/report.json")
	if err != nil {
		s.t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		s.t.Fatal(err)
	}
	all := map[string]report.Spec{}
	for _, spec := range r.Specs {
		all[spec.ID] = spec
	}
	return all
}

// passed requires that specs were run and passed.
func (s somebody) passed(dir string, ids ...string) {
	s.t.Helper()
	all := s.outcomes(dir)
	for _, id := range ids {
		if spec := all[id]; spec.Outcome != report.Pass {
			s.t.Errorf("%s: %s %s: %s (%s)", dir, id, spec.Outcome, spec.Reason, spec.Code)
		}
	}
}

// lists on the nodes.
func (s somebody) lists() map[string]string {
	all := map[string]string{}
	for _, name := range s.c.names() {
		text, err := docker(s.t.Context(), "exec", name, "cat", conflistPath)
		if err != nil {
			s.t.Fatal(err)
		}
		all[name] = text
	}
	return all
}

func (s somebody) config() map[string]string {
	var object struct{ Data, Metadata map[string]any }
	if err := json.Unmarshal([]byte(s.kubectl("", "-n", terway.ConfigMapNamespace, "get", "configmap", terway.ConfigMapName, "-o", "json")), &object); err != nil {
		s.t.Fatal(err)
	}
	all := map[string]string{}
	for key, value := range object.Data {
		all[key] = fmt.Sprint(value)
	}
	if a, ok := object.Metadata["annotations"]; ok {
		all["annotations"] = fmt.Sprint(a)
	}
	return all
}

// anyCluster uses the cluster as one of which nothing is known but a kubeconfig.
func anyCluster(t *testing.T, c *Cluster, plugins func(string) (string, error)) {
	if err := c.Run(t.Context(), conformance.Plan{Setup: setup, Specs: []string{"CHN-001"}}, plugins, func(conformance.Event) {}); err != nil {
		t.Fatal(err)
	}
	s := somebody{t, c}
	manifests := s.manifests()
	s.kubectl(manifests, "delete", "--ignore-not-found", "-f", "-") // those of a cluster that was left
	t.Run("without rights", func(t *testing.T) { somebody{t, c}.powerless() })
	s.introduce(manifests)
	t.Run("another chain for a while", func(t *testing.T) { somebody{t, c}.borrows() })
	t.Run("interrupted", func(t *testing.T) { somebody{t, c}.ends("INT", 3) })
	t.Run("killed", func(t *testing.T) { somebody{t, c}.ends("KILL", 137) })
	t.Run("gate", func(t *testing.T) { somebody{t, c}.upgrades() })
	access, err := cluster.Connect(t.Context(), c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	left, err := access.Client.CoreV1().Pods(cluster.Account).List(context.Background(), metav1.ListOptions{})
	if err != nil || len(left.Items) > 0 {
		t.Errorf("%d pods are left, %v", len(left.Items), err)
	}
}

// powerless: who may do nothing is told what is missing, and nothing is made.
func (s somebody) powerless() {
	s.introduce("{apiVersion: v1, kind: Namespace, metadata: {name: " + cluster.Account + "}}\n---\n" +
		"{apiVersion: v1, kind: ServiceAccount, metadata: {name: " + cluster.Account + ", namespace: " + cluster.Account + "}}\n")
	code, out := s.outside(append([]string{"run", "--env", "cluster"}, flags...)...)
	if code != 3 || !strings.Contains(out, "nodes") {
		s.t.Errorf("exit code %d\n%s", code, out)
	}
}

// other is a chain that the cluster does not have.
var other = conformance.Chain(conformance.PlainTerway, conformance.PlainPortmap)

// borrows: a chain under test gets onto the nodes that are judged, and the cluster is as before in the end.
func (s somebody) borrows() {
	lists, config := s.lists(), s.config()
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": terway.ConfigMapName, "namespace": terway.ConfigMapNamespace},
		"data": map[string]string{terway.ConflistName: other[terway.ConflistName]},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.file("/tmp/other.json", string(text))
	run := append([]string{"run", "--env", "cluster", "--eni-config", "/tmp/other.json", "--allow-disruptive", "--report", "/tmp/borrowed"}, flags...)
	if code, out := s.outside(append(run, "--confirm-context", "prod")...); code != 2 || !maps.Equal(s.config(), config) {
		s.t.Errorf("another context: exit code %d\n%s", code, out)
	}
	plan := append([]string{"plan"}, run[1:]...)
	if code, out := s.outside(append(plan, "--confirm-context", "lab")...); code != 0 || !strings.Contains(out, "puts other chains in place on "+s.c.nodes[1].name+" and "+s.c.nodes[2].name) {
		s.t.Errorf("plan: exit code %d\n%s", code, out)
	}
	specs := []string{"CHN-001", "CHN-005", "HP-001", "ROL-002", "ROL-003"}
	code, out := s.outside(append(run, "--confirm-context", "lab", "--focus", strings.Join(specs, ","))...)
	if code != 4 {
		s.t.Errorf("exit code %d\n%s", code, out)
	}
	s.passed("/tmp/borrowed", specs...)
	s.same(lists, config)
}

// same requires that the chain is what it was.
func (s somebody) same(lists, config map[string]string) {
	s.t.Helper()
	if got := s.config(); !maps.Equal(got, config) {
		s.t.Errorf("the ConfigMap was changed: keys %q", slices.Sorted(maps.Keys(got)))
	}
	if got := s.lists(); !maps.Equal(got, lists) {
		s.t.Errorf("the lists on nodes were changed: %q", got)
	}
}

// ends: a run that is told to end takes back what it has replaced; one that is killed leaves that to cleanup.
func (s somebody) ends(signal string, code int) {
	lists, config := s.lists(), s.config()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*readyLimit)
	defer cancel()
	replaced := `until kubectl --kubeconfig=/etc/kubernetes/admin.conf -n kube-system get configmap eni-config -o yaml | grep -q ` + cluster.ReplacedAnnotation + `; do sleep 0.2; done`
	ended := make(chan error, 1)
	go func() {
		_, err := docker(ctx, "exec", s.c.nodes[0].name, "sh", "-c", replaced)
		if err == nil {
			_, err = docker(ctx, "exec", s.c.vpc.container(), "pkill", "-"+signal, "-f", "confirm-contex[t]")
		}
		ended <- err
	}()
	run := append([]string{"run", "--env", "cluster", "--eni-config", "/tmp/other.json", "--allow-disruptive", "--confirm-context", "lab"}, flags...)
	if got, out := s.outside(run...); got != code {
		s.t.Errorf("exit code %d\n%s", got, out)
	}
	if err := <-ended; err != nil {
		s.t.Error(err)
	}
	if signal == "KILL" {
		if maps.Equal(s.config(), config) {
			s.t.Error("nothing was replaced")
		}
		if code, out := s.outside("cleanup", "--kubeconfig", "/tmp/kubeconfig", "--take-back"); code != 0 || !strings.Contains(out, "the list of the run") {
			s.t.Errorf("exit code %d\n%s", code, out)
		}
	}
	s.same(lists, config)
}

// upgrades: the gate, over a change of the chain and of Terway's release.
func (s somebody) upgrades() {
	specs := "CHN-001,CHN-004,HP-001,HP-002,UPG-003,UPG-004,UPG-005"
	gate := append([]string{"gate", "--focus", specs}, flags...)
	if code, out := s.outside(append(gate, "--before", "/tmp/gate")...); code != 4 {
		s.t.Fatalf("exit code %d\n%s", code, out)
	}
	s.passed("/tmp/gate/before", "CHN-001", "HP-001")
	access, err := cluster.Connect(s.t.Context(), s.c.Kubeconfig)
	if err != nil {
		s.t.Fatal(err)
	}
	then := setup.Facts
	then.Terway.Version = "v1.17.4"
	if err := s.c.loadImages(s.t.Context(), then.Terway.Version); err != nil {
		s.t.Fatal(err)
	}
	if err := s.c.apply(s.t.Context(), access.Client, then, withLive(other)); err != nil {
		s.t.Fatal(err)
	}
	if err := terwayOf(access.Client).Await(s.t.Context(), cluster.Awaited{Newest: true}); err != nil {
		s.t.Fatal(err)
	}
	code, out := s.outside("gate", "--after", "/tmp/gate", "--focus", specs)
	if code != 4 {
		s.t.Errorf("exit code %d\n%s", code, out)
	}
	s.t.Log(out)
}
