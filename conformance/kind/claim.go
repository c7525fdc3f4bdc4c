// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	kindcluster "sigs.k8s.io/kind/pkg/cluster"

	kindconfigs "github.com/chainlint/chainlint/kind-configs"
)

// claim is one process's right to a cluster of a name, by a lock that ends with the process.
type claim struct{ lock *os.File }

// files of a cluster in the user's cache: the lock, and the kubeconfig.
func files(name string) (lock, kubeconfig string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", err
	}
	dir := filepath.Join(cache, "chainlint", "kind")
	return filepath.Join(dir, name+".lock"), filepath.Join(dir, name+".kubeconfig"), os.MkdirAll(dir, 0o700)
}

// InUse is why a cluster is not taken.
type InUse struct{ Name string }

func (e *InUse) Error() string {
	return fmt.Sprintf("the kind cluster %s is in use by another run: wait for its end", e.Name)
}

// take claims a cluster; the error is an [*InUse] where another process has.
func take(name string) (*claim, error) {
	path, _, err := files(name)
	if err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &InUse{name}
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &claim{lock}, nil
}

func (c *claim) release() { _ = c.lock.Close() }

// Delete removes a cluster by its name, whatever of it is there, unless a run uses it: the error is an [*InUse] then.
func Delete(ctx context.Context, name string) error {
	claimed, err := take(name)
	if err != nil {
		return err
	}
	defer claimed.release()
	return remove(ctx, name)
}

// remove removes a cluster, everything around it, and its kubeconfig.
func remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, deleteLimit)
	defer cancel()
	_, kubeconfig, err := files(name)
	if err != nil {
		return err
	}
	err = errors.Join(kindcluster.NewProvider(kindcluster.ProviderWithDocker()).Delete(name, kubeconfig), vpc{name: name}.remove(ctx))
	for _, file := range []string{kubeconfig, kubeconfig + ".lock"} { // kind locks the file by another one
		if gone := os.Remove(file); gone != nil && !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// Left are clusters of runs, those included of which only a container or a network is left. Others that somebody
// has named alike are not among them.
func Left(ctx context.Context) ([]string, error) {
	names, err := kindcluster.NewProvider(kindcluster.ProviderWithDocker()).List()
	if err != nil {
		return nil, err
	}
	for _, list := range [][]string{{"ps", "-a"}, {"network", "ls"}} {
		out, err := docker(ctx, append(list, "--filter", "label="+clusterLabel, "--format", `{{.Label "`+clusterLabel+`"}}`)...)
		if err != nil {
			return nil, err
		}
		names = append(names, strings.Fields(out)...)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		config, ours := strings.CutPrefix(name, Prefix)
		return !ours || !slices.Contains(kindconfigs.Names(), config)
	})
	slices.Sort(names)
	return slices.Compact(names), nil
}
