// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chainlint/chainlint/internal/whole"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Dirs are where a container of the DaemonSet finds things (charts/terway/templates/terwayd/daemonset.yaml).
type Dirs struct {
	// Config is the mounted ConfigMap, Lists the volume between the containers, HostLists the runtime's directory,
	// Plugins that of binaries.
	Config, Lists, HostLists, Plugins string
}

// PodDirs are those of the DaemonSet.
var PodDirs = Dirs{Config: "/etc/eni", Lists: "/etc/cni/net.d", HostLists: "/host-etc-net.d", Plugins: "/opt/cni/bin"}

// Init is Terway's init container (hack/init.sh): binaries first, then the list into the volume. What the list asks of
// the node beside that is in the result. A ConfigMap that Terway refuses is an error, and the container fails.
func Init(dirs Dirs, self string, node terway.Node) (*terway.Result, error) {
	for _, name := range []string{terway.PluginType, terway.ChainerType} {
		if err := installBinary(self, filepath.Join(dirs.Plugins, name)); err != nil {
			return nil, fmt.Errorf("install %s: %w", name, err)
		}
	}
	data, err := ReadConfig(dirs.Config)
	if err != nil {
		return nil, err
	}
	merged, err := terway.Effective(data, node)
	if err != nil {
		return nil, fmt.Errorf("eni-config is refused: %w", err)
	}
	return merged, errors.Join(
		os.WriteFile(filepath.Join(dirs.Lists, terway.ConflistName), []byte(merged.Conflist), 0o644),
		os.WriteFile(filepath.Join(dirs.Lists, datapathFile), []byte(merged.Datapath), 0o644),
	)
}

// datapathFile tells the main container which datapath the list resolved to.
const datapathFile = "datapath"

// Datapath that the init container found.
func Datapath(dirs Dirs) (string, error) {
	text, err := os.ReadFile(filepath.Join(dirs.Lists, datapathFile))
	return string(text), err
}

// ReadConfig reads a ConfigMap that is mounted: a file for each key. What the kubelet keeps there for itself begins
// with two dots.
func ReadConfig(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read eni-config: %w", err)
	}
	data := map[string]string{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "..") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read eni-config: %w", err)
		}
		data[e.Name()] = string(text)
	}
	return data, nil
}

// installBinary copies a program whose old copy may be running.
func installBinary(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was opened to be read
	return whole.Write(to, 0o755, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// Publish hands the list to the runtime, in Terway's own way (daemon/server.go, ensureCNIConfig): the file is cut
// and written anew, so a reader can see a part of it; and a 10-terway.conf goes.
func Publish(dirs Dirs) error {
	text, err := os.ReadFile(filepath.Join(dirs.Lists, terway.ConflistName))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dirs.HostLists, terway.ConflistName), text, 0o600); err != nil {
		return err
	}
	err = os.Remove(filepath.Join(dirs.HostLists, terway.ConfKey))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// PrepareHost is what init.sh does to the node beside the list.
func PrepareHost() error {
	return os.WriteFile("/proc/sys/net/ipv4/conf/eth0/rp_filter", []byte("0"), 0o644)
}
