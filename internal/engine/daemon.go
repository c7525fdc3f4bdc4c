// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runDir has what lives as long as the daemon.
const runDir = "/run/chainlint-engine"

// Files in runDir.
const (
	socketFile = runDir + "/docker.sock"
	pidFile    = runDir + "/dockerd.pid"
	logFile    = runDir + "/dockerd.log"
	configFile = runDir + "/daemon.json"
)

const ownAddress = "unix://" + socketFile

// readyLimit is how long a daemon may take until it answers: it sweeps what an earlier one left.
const readyLimit = time.Minute

// start returns the address of an engine, "" where docker finds one by itself.
func start(ctx context.Context) (address string, err error) {
	complaint := answers(ctx, "")
	if complaint == nil {
		return "", nil
	}
	if answers(ctx, ownAddress) == nil {
		return ownAddress, nil
	}
	if os.Getuid() != 0 {
		return "", fmt.Errorf("no container engine answers, and starting one takes root: start Docker, or name it with DOCKER_HOST (%w)", complaint)
	}
	if err := install(ctx); err != nil {
		return "", err
	}
	if err := configure(); err != nil {
		return "", err
	}
	if err := launch(); err != nil {
		return "", err
	}
	return ownAddress, await(ctx)
}

// answers asks an engine for its version.
func answers(ctx context.Context, address string) error {
	cmd := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}")
	if address != "" {
		cmd.Env = append(os.Environ(), "DOCKER_HOST="+address)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker version: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// install brings Debian's engine where there is none.
func install(ctx context.Context) error {
	_, daemon := exec.LookPath("dockerd")
	_, client := exec.LookPath("docker")
	if daemon == nil && client == nil {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return errors.New("there is neither an engine nor apt-get here: install Docker")
	}
	for _, args := range [][]string{{"update", "-q"}, {"install", "-qy", "--no-install-recommends", "docker.io"}} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("apt-get %s: %w", strings.Join(args, " "), err)
		}
	}
	return nil
}

// configure writes the daemon's configuration. Images are kept in the user's cache from run to run.
func configure() error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(runDir, 0o700); err != nil {
		return err
	}
	config := map[string]any{
		"data-root": filepath.Join(cache, "chainlint", "engine"), "exec-root": runDir + "/exec", "pidfile": pidFile,
		"hosts": []string{ownAddress}, "log-level": "warn",
	}
	lacking, err := lacksCapabilities()
	if err != nil {
		return err
	}
	if lacking {
		if err := installRuntime(); err != nil {
			return err
		}
		config["runtimes"] = map[string]any{"limited": map[string]any{"path": filepath.Join(runDir, runtimeName)}}
		config["default-runtime"] = "limited"
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(configFile, text, 0o600)
}

// launch starts dockerd, which outlives this process.
func launch() error {
	said, err := os.OpenFile(logFile, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer said.Close() //nolint:errcheck // the daemon has it, too
	cmd := exec.Command("dockerd", "--config-file", configFile)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start dockerd: %w", err)
	}
	return cmd.Process.Release()
}

func await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		err := answers(ctx, ownAddress)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			said, _ := os.ReadFile(logFile)
			lines := strings.Split(strings.TrimSpace(string(said)), "\n")
			return fmt.Errorf("dockerd does not answer: %w\n%s", err, strings.Join(lines[max(0, len(lines)-10):], "\n"))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// stop ends the daemon that start began, and waits for its end.
func stop(ctx context.Context) error {
	text, err := os.ReadFile(pidFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("%s: %w", pidFile, err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	for ctx.Err() == nil && syscall.Kill(pid, 0) == nil {
		time.Sleep(100 * time.Millisecond)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("dockerd (process %d) goes on: %w", pid, ctx.Err())
	}
	return os.RemoveAll(runDir)
}
