// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"golang.org/x/mod/semver"

	"github.com/chainlint/chainlint/pkg/terway"
)

// Where a pod that inspects a node sees the node's directories.
const (
	NodePlugins = "/host/plugins"
	NodeLists   = "/host/lists"
)

// Node is what a node has of CNI.
type Node struct {
	// Plugins are all programs, the reference plugins among them with their release.
	Plugins map[string]string `json:"plugins"`
	// List is the text of Terway's list, "" for none; First is the file that the runtime takes.
	List  string `json:"list"`
	First string `json:"first"`
}

// Lacks tells whether a node has no plugin of a type.
func (n Node) Lacks(plugin string) bool {
	_, there := n.Plugins[plugin]
	return !there
}

// references are the plugins that say their release when they are run without any environment
// (containernetworking/cni:pkg/skel/skel.go, PluginMainFuncsWithError). No other program of a node is run.
var references = []string{"bandwidth", "firewall", "portmap", "sbr", "tuning", "vrf"}

var released = regexp.MustCompile(`plugin (v\d+\.\d+\.\d+)`)

// InspectNode reads the directories of plugins and of lists.
func InspectNode(ctx context.Context, plugins, lists string) (Node, error) {
	n := Node{Plugins: map[string]string{}}
	found, err := os.ReadDir(plugins)
	if err != nil {
		return n, err
	}
	for _, f := range found {
		info, err := os.Stat(filepath.Join(plugins, f.Name()))
		switch {
		case err != nil && f.Type()&os.ModeSymlink != 0:
			n.Plugins[f.Name()] = "" // it leads to where only the node can look
		case err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0:
			n.Plugins[f.Name()] = release(ctx, plugins, f.Name())
		}
	}
	found, err = os.ReadDir(lists)
	if err != nil {
		return n, err
	}
	for _, f := range found { // sorted by name, as runtimes take them
		if slices.Contains([]string{".conf", ".conflist", ".json"}, filepath.Ext(f.Name())) {
			n.First = f.Name()
			break
		}
	}
	if text, err := os.ReadFile(filepath.Join(lists, terway.ConflistName)); err == nil {
		n.List = string(text)
	}
	return n, nil
}

// release of a reference plugin, "" where it does not tell.
func release(ctx context.Context, dir, name string) string {
	if !slices.Contains(references, name) {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, name))
	cmd.Env = []string{"PATH="}     // a plugin that finds no command says what it is
	said, _ := cmd.CombinedOutput() // what it says counts
	if m := released.FindSubmatch(said); m != nil {
		return string(m[1])
	}
	if built, err := buildinfo.ReadFile(cmd.Path); err == nil && built.Main.Path == pluginsModule && semver.IsValid(built.Main.Version) {
		return built.Main.Version // built from its module, without the release stamped in
	}
	return ""
}

const pluginsModule = "github.com/containernetworking/plugins"
