// SPDX-License-Identifier: Apache-2.0

// Package plugins builds the reference CNI plugins of any release, for tests that run them.
package plugins

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Releases that tests run: both sides of the changes that matter, and the newest.
var Releases = []string{"v1.1.1", "v1.2.0", "v1.5.1", "v1.6.2", "v1.7.1", "v1.8.0", "v1.9.1"}

// complete marks a directory that holds all plugins of a release.
const complete = ".complete"

var building sync.Mutex

// Dir is the directory with all plugins of a release, in the user's cache, where they are built from their
// module if they are not there yet. The error says why that is not possible.
func Dir(ctx context.Context, version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	building.Lock()
	defer building.Unlock()
	dir := filepath.Join(cache, "chainlint", "cni-plugins-"+version)
	if _, err := os.Stat(filepath.Join(dir, complete)); err == nil {
		return dir, nil
	}
	install := exec.CommandContext(ctx, "go", "install", "-trimpath", "-ldflags=-s -w", "github.com/containernetworking/plugins/plugins/...@"+version)
	install.Dir = os.TempDir() // outside of this module, whose go.mod must not decide the versions
	install.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0", "GOOS=linux", "GOBIN="+dir)
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install the CNI plugins %s: %w\n%s", version, err, out)
	}
	return dir, os.WriteFile(filepath.Join(dir, complete), nil, 0o644)
}
