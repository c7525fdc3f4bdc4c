// SPDX-License-Identifier: Apache-2.0

// Package plugins builds the reference CNI plugins of any release, for the conformance suite and for tests.
package plugins

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Releases that tests run: both sides of the changes that matter, and the newest.
var Releases = []string{"v1.1.1", "v1.2.0", "v1.5.1", "v1.6.2", "v1.7.1", "v1.8.0", "v1.9.1"}

// building is how directories begin that are being filled; what a killed process left goes by it.
const building = "building-"

// Dir is the directory with all plugins of a release, in the user's cache, where they are built from their
// module with the Go toolchain if they are not there yet. The error says why that is not possible.
func Dir(ctx context.Context, version string) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "cni-plugins-"+version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	unlock, err := lock(ctx, cache)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil { // somebody else built them meanwhile
		return dir, nil
	}
	if _, err := sweep(cache); err != nil {
		return "", err
	}
	return dir, build(ctx, cache, version, dir)
}

// Cached tells whether the plugins of a release were built before.
func Cached(version string) bool {
	cache, err := os.UserCacheDir()
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(cache, "chainlint", "cni-plugins-"+version))
	return err == nil
}

func cacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "chainlint")
	return cache, os.MkdirAll(cache, 0o755)
}

// lock keeps other processes of this user from building at the same time.
func lock(ctx context.Context, cache string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	locked := make(chan error, 1)
	go func() { locked <- unix.Flock(int(file.Fd()), unix.LOCK_EX) }()
	select {
	case err = <-locked:
	case <-ctx.Done():
		err = ctx.Err() // the goroutine ends with the process, or with the lock
	}
	if err != nil {
		return nil, fmt.Errorf("wait for another build of the plugins: %w", err)
	}
	return func() { _ = file.Close() }, nil
}

// build fills a directory under another name and renames it, so that it is there as a whole or not at all.
func build(ctx context.Context, cache, version, dir string) error {
	if _, err := exec.LookPath("go"); err != nil {
		return fmt.Errorf("the CNI plugins %s are built with Go, which is not installed: install it, or name the binaries with --plugin-dir", version)
	}
	tmp, err := os.MkdirTemp(cache, building)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // the next build sweeps what is left
	bin, work := filepath.Join(tmp, "bin"), filepath.Join(tmp, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	install := exec.CommandContext(ctx, "go", "install", "-trimpath", "-ldflags=-s -w", "github.com/containernetworking/plugins/plugins/...@"+version)
	install.Dir = work // outside of any module, whose go.mod would decide the versions
	install.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0", "GOOS=linux", "GOBIN="+bin, "GOTMPDIR="+work)
	runtime.LockOSThread() // the build dies with the thread that starts it
	defer runtime.UnlockOSThread()
	alone(install)
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("build the CNI plugins %s: %w\n%s\nWhere they cannot be built, name the binaries with --plugin-dir", version, err, strings.TrimSpace(string(out)))
	}
	return os.Rename(bin, dir)
}

// Sweep removes what builds that were killed left in the cache, and names it. It waits for builds that go on.
func Sweep(ctx context.Context) ([]string, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	unlock, err := lock(ctx, cache)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return sweep(cache)
}

func sweep(cache string) ([]string, error) {
	left, err := filepath.Glob(filepath.Join(cache, building+"*"))
	var failed []error
	for _, dir := range left {
		failed = append(failed, os.RemoveAll(dir))
	}
	return left, errors.Join(append(failed, err)...)
}
