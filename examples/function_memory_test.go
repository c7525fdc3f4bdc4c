// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	streamSize  = 50 << 20
	memoryLimit = 512 << 10 // KiB, the unit of Maxrss on Linux
)

// TestFunctionMemory: a large stream is rendered, or refused, but never takes a CI runner down.
func TestFunctionMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("streams of 50 MB take half a minute")
	}
	const configMap = "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: c%d\n  data:\n    text: \"%s\"\n"
	line := strings.Repeat("y", 90)
	lintStream := strings.Replace(listHead, "items:\n", configured(lintItem)+"items:\n", 1) + chainItem
	for _, c := range []struct {
		name, head string
		each       func(i int) string
	}{
		{"small items", goodStream, func(i int) string { return fmt.Sprintf(configMap, i, line+line) }},
		{"one large item", goodStream + "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: big\n  data:\n    text: |\n", func(int) string { return "      " + line + "\n" }},
		// kpt escapes what lies beyond the BMP, so every emoji arrives as this.
		{"items with escapes", goodStream, func(i int) string { return fmt.Sprintf(configMap, i, `\U0001F389`+line) }},
		{"items that name eni-config", goodStream, func(i int) string { return fmt.Sprintf(configMap, i, "see eni-config") }},
		{"linted items that name eni-config", lintStream, func(i int) string { return fmt.Sprintf(configMap, i, "see eni-config") }},
		{"a large text in eni-config", goodStream + "    text: |\n", func(int) string { return "      " + line + "\n" }},
		{"many keys in eni-config", goodStream, func(i int) string { return fmt.Sprintf("    k%d: v\n", i) }},
		{"a large configuration", goodStream + "functionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  data:\n", func(i int) string { return fmt.Sprintf("    k%d: v\n", i) }},
		{"a large unknown field", goodStream + "extra:\n", func(i int) string { return fmt.Sprintf("- %d\n", i) }},
		{"JSON", `{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [`, func(i int) string { return fmt.Sprintf(`{"a": %d}, `, i) }},
		{"no list", "log:\n", func(i int) string { return fmt.Sprintf("- line %d\n", i) }},
		{"blank lines", goodStream, func(int) string { return "\n" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, peak, result := feed(t, c.head, c.each)
			t.Logf("exit code %d, %d MiB", code, peak>>10)
			if peak > memoryLimit {
				t.Errorf("%d MiB or more of memory, want at most %d", peak>>10, memoryLimit>>10)
			}
			if !strings.Contains(result, "results:") {
				t.Errorf("the answer has no results: exit code %d\n%s", code, result)
			}
		})
	}
}

// feed generates a stream while it is written, so that this process needs no memory for it, and returns
// the peak of the child and the end of its answer. A child beyond the limit is killed: some would run
// for minutes.
func feed(t *testing.T, head string, each func(int) string) (code int, peak int64, end string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "chainlint")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var answer tail
	cmd.Stdout = &answer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go killAbove(cmd.Process, memoryLimit, done)
	if err := generate(stdin, head, each); err != nil && !errors.Is(err, syscall.EPIPE) {
		t.Error(err)
	}
	err = cmd.Wait()
	close(done)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss, string(answer)
}

func generate(stdin io.WriteCloser, head string, each func(int) string) error {
	w := bufio.NewWriter(stdin)
	_, err := w.WriteString(head)
	for i, size := 0, 0; err == nil && size < streamSize; i++ {
		var n int
		n, err = w.WriteString(each(i))
		size += n
	}
	if err == nil {
		err = w.Flush()
	}
	return errors.Join(err, stdin.Close())
}

// killAbove ends a process that takes more than limit KiB.
func killAbove(p *os.Process, limit int64, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(20 * time.Millisecond):
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(status), "VmHWM:")
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			continue
		}
		if peak, err := strconv.ParseInt(fields[0], 10, 64); err == nil && peak > limit {
			_ = p.Kill()
		}
	}
}

// tail keeps the last bytes that were written to it.
type tail []byte

func (b *tail) Write(p []byte) (int, error) {
	const kept = 4 << 10
	*b = append(*b, p[max(0, len(p)-kept):]...)
	*b = (*b)[max(0, len(*b)-kept):]
	return len(p), nil
}
