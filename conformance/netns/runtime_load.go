// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containernetworking/cni/libcni"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/pkg/terway"
)

// load is what the runtime loads of a node's directory of networks, which holds the text of a list and, on a node
// that nobody tidied, the configuration from before.
func (l *Lab) load(data map[string]string, text string) (*libcni.NetworkConfigList, error) {
	dir, err := os.MkdirTemp(l.cache, "net.d-")
	if err != nil {
		return nil, err
	}
	err = os.WriteFile(filepath.Join(dir, terway.ConflistName), []byte(text), 0o600)
	if l.setup.Sabotage.LeftoverConf {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, terway.ConfKey), []byte(data[terway.ConfKey]), 0o600))
	}
	if err != nil {
		return nil, err
	}
	list, err := loadDir(dir, l.setup.Facts.ContainerRuntime == terway.RuntimeCRIO)
	if err != nil {
		return nil, &conformance.StartError{Stage: conformance.StageRuntime, Err: err}
	}
	return list, nil
}

// loadDir takes the first file by name, whatever it ends in (containerd/go-cni opts.go, loadFromConfDir). CRI-O
// passes over files that cannot be read (cri-o/ocicni pkg/ocicni/ocicni.go, loadNetworks).
func loadDir(dir string, passOver bool) (*libcni.NetworkConfigList, error) {
	files, err := libcni.ConfFiles(dir, []string{".conf", ".conflist", ".json"})
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var failed []error
	for _, file := range files {
		list, err := loadFile(file)
		if err == nil {
			return list, nil
		}
		failed = append(failed, fmt.Errorf("failed to load CNI config file %s: %w", filepath.Base(file), err))
		if !passOver {
			break
		}
	}
	return nil, errors.Join(failed...)
}

func loadFile(file string) (*libcni.NetworkConfigList, error) {
	if strings.HasSuffix(file, ".conflist") {
		return libcni.NetworkConfFromFile(file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	plugin, err := libcni.NetworkPluginConfFromBytes(text)
	if err != nil {
		return nil, err
	}
	return libcni.ConfListFromConf(plugin) //nolint:staticcheck // go-cni still reads such files, and by this function
}

// Roll implements conformance.Roller.
func (l *Lab) Roll(ctx context.Context, data map[string]string) error {
	before := l.symmetric
	l.setup.Data, l.refusal = data, nil
	if err := l.merge(); err != nil {
		return err
	}
	if before == nil { // what symmetric routing made is never removed, and not made twice
		for _, n := range l.nodes {
			if err := l.routeSymmetrically(ctx, n); err != nil {
				l.refusal = &conformance.StartError{Stage: conformance.StageTerway, Err: err}
			}
		}
	}
	if l.refusal != nil {
		return l.refusal
	}
	return nil
}
