// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// runtimeName is how this program is called where it stands in for runc.
const runtimeName = "runc-limited"

// installRuntime puts this program where dockerd finds it.
func installRuntime() error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close() //nolint:errcheck // it was opened to be read
	file, err := os.OpenFile(filepath.Join(runDir, runtimeName), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, self)
	return errors.Join(err, file.Close())
}

// limited calls runc with the capabilities that this machine can give: engines before Docker 23 ask for all that
// the kernel knows, and runc refuses to start what cannot have them. They stand in the bundle's config.json when a
// container is made, and in the file after --process when a command is run in it.
func limited(args []string) error {
	file := ""
	switch {
	case slices.Contains(args, "create"), slices.Contains(args, "run"):
		file = filepath.Join(valueOf(args, "--bundle", "-b"), "config.json")
	case slices.Contains(args, "exec"):
		file = valueOf(args, "--process", "-p")
	}
	if file != "" {
		if err := limitFile(file); err != nil {
			return err
		}
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		return err
	}
	return unix.Exec(runc, append([]string{"runc"}, args...), os.Environ())
}

func valueOf(args []string, names ...string) string {
	for i, a := range args {
		name, value, joined := strings.Cut(a, "=")
		switch {
		case !slices.Contains(names, name):
		case joined:
			return value
		case i+1 < len(args):
			return args[i+1]
		}
	}
	return ""
}

func limitFile(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	bounding, err := boundingSet()
	if err != nil {
		return err
	}
	process := doc
	if inner, ok := doc["process"].(map[string]any); ok {
		process = inner
	}
	limit(process, bounding)
	if text, err = json.Marshal(doc); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// limit takes from each set of a process what is not in the bounding set.
func limit(process map[string]any, bounding uint64) {
	sets, _ := process["capabilities"].(map[string]any)
	for name, set := range sets {
		list, _ := set.([]any)
		sets[name] = slices.DeleteFunc(list, func(c any) bool {
			word, _ := c.(string)
			i := slices.Index(capabilities, word)
			return i >= 0 && bounding&(1<<i) == 0
		})
	}
}

// lacksCapabilities tells whether the bounding set lacks some that the kernel knows.
func lacksCapabilities() (bool, error) {
	bounding, err := boundingSet()
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		return false, err
	}
	last, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return false, err
	}
	all := uint64(1)<<(last+1) - 1
	return bounding&all != all, nil
}

func boundingSet() (uint64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			return strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		}
	}
	return 0, errors.New("/proc/self/status names no bounding set")
}

// capabilities by their number (include/uapi/linux/capability.h).
var capabilities = strings.Fields(`CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID
CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW
CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN
CAP_SYS_BOOT CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE
CAP_AUDIT_CONTROL CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM CAP_BLOCK_SUSPEND
CAP_AUDIT_READ CAP_PERFMON CAP_BPF CAP_CHECKPOINT_RESTORE`)
