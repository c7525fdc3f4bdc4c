// SPDX-License-Identifier: Apache-2.0

// Package kustomize builds the real kustomize for tests, benchmarks and the demo.
package kustomize

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Version that is built. Newer ones need a newer Go.
const Version = "v5.8.2"

// Binary is the path of kustomize in the user's cache, where it is built from its module if it is not
// there yet.
func Binary(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "chainlint", "kustomize-"+Version)
	binary := filepath.Join(dir, "kustomize")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	install := exec.CommandContext(ctx, "go", "install", "sigs.k8s.io/kustomize/kustomize/v5@"+Version)
	install.Dir = os.TempDir() // outside of this module, whose go.mod must not decide the versions
	install.Env = append(os.Environ(), "GOFLAGS=", "GOBIN="+dir)
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install kustomize %s: %w\n%s", Version, err, out)
	}
	return binary, nil
}
