// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/invoke"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/pkg/terway"
)

// executor runs plugins on a node as containerd does: through libcni.
type executor struct {
	*invoke.DefaultExec
	lab  *Lab
	node *node
	// without hides the binary of a plugin; killedAfter ends an ADD when this one is done; failed is the one that
	// failed.
	without, killedAfter, failed string
	note                         func(conformance.PluginCall)
}

func (l *Lab) executor(n *node) *executor {
	return &executor{DefaultExec: &invoke.DefaultExec{RawExec: &invoke.RawExec{}}, lab: l, node: n}
}

func (r *executor) cni(cache string) *libcni.CNIConfig {
	return libcni.NewCNIConfigWithCacheDir([]string{"/opt/cni/bin"}, cache, r)
}

// standIns are on every node.
var standIns = []string{terway.PluginType, terway.ChainerType}

// FindInPath finds a plugin among those that the facts say are installed, in the release that they name.
func (r *executor) FindInPath(plugin string, paths []string) (string, error) {
	if slices.Contains(standIns, plugin) {
		return plugin, nil
	}
	if filepath.Base(plugin) != plugin {
		return "", fmt.Errorf("invalid plugin name: %s", plugin)
	}
	if dir := r.lab.pluginDir(plugin); plugin != r.without && !r.lab.setup.Facts.PluginMissing(plugin) {
		file := filepath.Join(dir, plugin)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
	}
	r.failed = plugin
	return "", fmt.Errorf("failed to find plugin %q in path %s", plugin, paths)
}

// ExecPlugin runs a plugin on the calling thread, and so in its namespaces.
func (r *executor) ExecPlugin(ctx context.Context, path string, stdin []byte, environ []string) ([]byte, error) {
	call := stub.NewCall(environ, stdin)
	plugin := filepath.Base(path)
	r.note(conformance.PluginCall{Plugin: plugin, Command: call.Command, Stdin: stdin})
	out, err := r.exec(ctx, path, stdin, environ)
	if err == nil && call.Command == "ADD" && plugin == r.killedAfter {
		err = errKilled
	}
	if err != nil {
		r.failed = plugin
	}
	return out, err
}

var errKilled = errors.New("signal: killed")

func (r *executor) exec(ctx context.Context, path string, stdin []byte, environ []string) ([]byte, error) {
	switch path {
	case terway.PluginType:
		return stub.Terway(ctx, r.node, stub.NewCall(environ, stdin))
	case terway.ChainerType:
		return stub.Cilium(stub.NewCall(environ, stdin), r.lab.datapath)
	}
	return r.DefaultExec.ExecPlugin(ctx, path, stdin, environ)
}
