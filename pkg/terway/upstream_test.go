// SPDX-License-Identifier: Apache-2.0

package terway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// answer is what terway-cli made of an input.
type answer struct {
	input
	// Conflist is the file it wrote; Refused is set when it exited with an error instead.
	Conflist string `json:"conflist,omitempty"`
	Refused  bool   `json:"refused,omitempty"`
}

// TestRecord runs the real terway-cli, `cni` and then `nodeconfig` as init.sh does, on every input of
// the corpus and compares the answers with the recorded ones; with UPDATE=1 it records them.
//
// Each run has namespaces of its own (mounts, network): a private /etc, /run and /sys/fs/bpf, a
// bpftool that reports EDT, and an API server on loopback that knows one node. That takes root.
func TestRecord(t *testing.T) {
	cli := os.Getenv("TERWAY_CLI")
	if cli == "" {
		t.Skip("TERWAY_CLI names no terway-cli binary: run `make upstream`, which builds it")
	}
	if os.Getuid() != 0 {
		t.Skip("running terway-cli takes root: it mounts and reads fixed paths under /etc and /run")
	}
	if err := probe(t.TempDir()); errors.Is(err, unix.EPERM) {
		t.Skipf("no namespaces of its own here: %v", err)
	}
	recorded := filepath.Join("testdata", "terway-cli-v1.17.5.json")
	cli, _ = filepath.Abs(cli)
	var answers []answer
	for _, in := range corpus() {
		answers = append(answers, ask(t, cli, in))
	}
	if os.Getenv("UPDATE") != "" {
		text, _ := json.MarshalIndent(answers, "", " ")
		if err := os.WriteFile(recorded, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range readAnswers(t, recorded) {
		if answers[i].Conflist != want.Conflist || answers[i].Refused != want.Refused {
			t.Errorf("%s: terway-cli answers %+v, recorded is %+v", want.Name, answers[i], want)
		}
	}
}

func readAnswers(t *testing.T, file string) []answer {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var answers []answer
	if err := json.Unmarshal(text, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

func ask(t *testing.T, cli string, in input) answer {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("etc/cni/net.d/.keep", "", 0o644)
	write("run/eni/.keep", "", 0o644)
	write("bin/bpftool", "#!/bin/sh\necho bpf_skb_ecn_set_ce\n", 0o755)
	for key, value := range in.Data {
		write("etc/eni/"+key, value, 0o644)
	}
	labels := map[string]string{}
	if in.Exclusive {
		labels["k8s.aliyun.com/exclusive-mode-eni-type"] = "eniOnly"
	}
	out := runOnNode(t, dir, cli, labels)
	text, err := os.ReadFile(filepath.Join(dir, "etc/cni/net.d/10-terway.conflist"))
	if out != nil || err != nil {
		return answer{input: in, Refused: true}
	}
	return answer{input: in, Conflist: string(text)}
}

// runOnNode runs both commands in fresh namespaces of a locked thread, which is thrown away.
func runOnNode(t *testing.T, dir, cli string, labels map[string]string) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and so do its namespaces
		done <- func() error {
			if err := enter(dir); err != nil {
				t.Error(err)
				return nil
			}
			kubeconfig, stop := serveNode(t, dir, labels)
			defer stop()
			for _, args := range [][]string{{"cni", "--output", "/etc/cni/net.d/10-terway.conflist", ""}, {"nodeconfig", ""}} {
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				cmd := exec.CommandContext(ctx, cli, args...)
				cmd.Env = []string{"PATH=" + dir + "/bin:/usr/bin:/bin", "K8S_NODE_NAME=node", "KUBECONFIG=" + kubeconfig, "HOME=/"}
				var out bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &out
				err := cmd.Run()
				cancel()
				if err != nil {
					return fmt.Errorf("%w: %s", err, out.String())
				}
			}
			return nil
		}()
	}()
	return <-done
}

// probe tells whether a thread may have mount and network namespaces of its own.
func probe(dir string) error {
	for _, name := range []string{"etc", "run"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked, as in runOnNode
		done <- enter(dir)
	}()
	return <-done
}

func enter(dir string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_FS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	for _, bind := range []string{"etc", "run"} {
		if err := unix.Mount(filepath.Join(dir, bind), "/"+bind, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount /%s: %w", bind, err)
		}
	}
	if err := unix.Mount("tmpfs", "/sys/fs/bpf", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount /sys/fs/bpf: %w", err)
	}
	return loopbackUp()
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	ifreq, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifreq.SetUint16(syscall.IFF_UP | syscall.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifreq)
}

// serveNode is the API server: it answers for one node. The listener is made on the calling thread, so
// it is in the namespace of the test.
func serveNode(t *testing.T, dir string, labels map[string]string) (kubeconfig string, stop func()) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return "", func() {}
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{"name": "node", "labels": labels}})
	})}
	go func() { _ = server.Serve(listener) }()
	kubeconfig = filepath.Join(dir, "kubeconfig")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: \"http://%s\"}}]\nusers: [{name: u, user: {}}]\n", listener.Addr())
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Error(err)
	}
	return kubeconfig, func() { _ = server.Close() }
}
