// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// docker runs a command of the container engine and returns what it prints.
func docker(ctx context.Context, args ...string) (string, error) { return dockerWith(ctx, "", args...) }

// dockerWith is docker with standard input.
func dockerWith(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("docker %s: %w: %s", strings.Join(args[:min(len(args), 4)], " "), err, strings.TrimSpace(said.String()+out.String()))
	}
	return strings.TrimSpace(out.String()), err
}

// script runs a shell script in a container.
func script(ctx context.Context, container, text string) error {
	_, err := dockerWith(ctx, text, "exec", "-i", container, "sh", "-eu")
	return err
}

// Available tells whether clusters can be made here. The error says what to do.
func Available(ctx context.Context) error {
	if _, err := exec.LookPath("docker"); err != nil {
		return errors.New("a kind cluster takes a container engine, and there is no docker here: install Docker, or use --env netns, which needs none")
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if _, err := docker(ctx, "version", "--format", "{{.Server.Version}}"); err != nil {
		return fmt.Errorf("a kind cluster takes a container engine, and none answers: start Docker, or name it with DOCKER_HOST; --env netns needs none (%w)", err)
	}
	return nil
}

// host is what decides how nodes must be configured here.
type host struct {
	cgroupV1, withoutSysResource bool
}

// findHost asks the engine, and this machine where the engine runs on it.
func findHost(ctx context.Context) (host, error) {
	version, err := docker(ctx, "info", "--format", "{{.CgroupVersion}}")
	if err != nil {
		return host{}, err
	}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return host{cgroupV1: version == "1"}, nil //nolint:nilerr // no Linux: the engine's machine is another
	}
	return host{cgroupV1: version == "1", withoutSysResource: !bounded(string(text), capSysResource)}, nil
}

// capSysResource is the number of CAP_SYS_RESOURCE (include/uapi/linux/capability.h).
const capSysResource = 24

// bounded tells whether a capability is in the bounding set of a process's status.
func bounded(status string, capability uint) bool {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			var set uint64
			_, err := fmt.Sscanf(strings.TrimSpace(value), "%x", &set)
			return err != nil || set&(1<<capability) != 0
		}
	}
	return true
}

// hasImage tells whether the engine has an image.
func hasImage(ctx context.Context, image string) bool {
	_, err := docker(ctx, "image", "inspect", "--format", "{{.Id}}", image)
	return err == nil
}
