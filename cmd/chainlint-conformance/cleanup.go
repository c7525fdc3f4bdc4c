// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/kind"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/internal/plugins"
)

const cleanupWords = `Removes what a run left that was killed: half-built plugins in the user's cache, unfinished files of a report, kind
clusters with everything around them, and with --kubeconfig what has expired in a cluster, lists that runs put into its
eni-config among it. Namespaces, interfaces and rules of network namespaces are not: the kernel removes them with the
process that made them.`

// cleanup removes what aborted runs left.
func (a *app) cleanup(ctx context.Context, args []string) int {
	fs := a.flags("cleanup", "[--report DIR] [--kubeconfig FILE [--namespace NAME] [--all] [--take-back]]", cleanupWords)
	dir := fs.String("report", "", "a directory that reports were written to")
	kubeconfig := fs.String("kubeconfig", "", "a cluster that a run was on")
	namespace := fs.String("namespace", "", "of that cluster, the namespace that runs were given")
	takeBack := fs.Bool("take-back", false, "of that cluster, only the list that a run put into eni-config, whatever its age")
	all := fs.Bool("all", false, "what has not expired, too: runs that go on are ended")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0:
		a.say("cleanup takes no arguments, got %q", rest)
		return exitUsage
	case *kubeconfig == "" && (*all || *takeBack || *namespace != ""):
		a.say("cleanup: --all, --take-back and --namespace are about a cluster: name it with --kubeconfig")
		return exitUsage
	}
	if *takeBack {
		undone, err := takeListBack(ctx, *kubeconfig)
		return a.cleaned(undone, err)
	}
	left, err := plugins.Sweep(ctx)
	failed := []error{err}
	if *dir != "" {
		failed = append(failed, sweepReports(*dir))
	}
	clusters, err := cleanKind(ctx)
	left, failed = append(left, clusters...), append(failed, err)
	if *kubeconfig != "" {
		namespaces, err := cleanCluster(ctx, *kubeconfig, *namespace, *all)
		left, failed = append(left, namespaces...), append(failed, err)
	}
	return a.cleaned(left, errors.Join(failed...))
}

// takeListBack takes back what a run put into a cluster's eni-config.
func takeListBack(ctx context.Context, kubeconfig string) ([]string, error) {
	access, err := cluster.Connect(ctx, kubeconfig)
	if err != nil {
		return nil, err
	}
	return access.Undo(ctx, true)
}

// cleaned says what was removed, and what could not be.
func (a *app) cleaned(gone []string, err error) int {
	for _, name := range gone {
		fmt.Fprintln(a.out, "removed", name)
	}
	if err != nil {
		a.say("%v", err)
		return exitCouldNotRun
	}
	if len(gone) == 0 {
		fmt.Fprintln(a.out, "nothing is left of earlier runs")
	}
	return exitOK
}

// cleanKind removes kind clusters, where there is an engine.
func cleanKind(ctx context.Context) ([]string, error) {
	if kind.Available(ctx) != nil {
		return nil, nil
	}
	names, err := kind.Left(ctx)
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, name := range names {
		err := kind.Delete(ctx, name)
		if inUse := (*kind.InUse)(nil); errors.As(err, &inUse) {
			continue // what a run uses is not left
		}
		if err != nil {
			return gone, err
		}
		gone = append(gone, "kind cluster "+name)
	}
	return gone, nil
}

func cleanCluster(ctx context.Context, kubeconfig, namespace string, all bool) ([]string, error) {
	access, err := cluster.Connect(ctx, kubeconfig)
	if err != nil {
		return nil, err
	}
	var gone []string
	if access.Namespace = namespace; namespace != "" {
		gone, err = access.SweepExpired(ctx, all)
	} else {
		gone, err = access.Clean(ctx, "", all)
	}
	undone, undoErr := access.Undo(ctx, all) // pods first: the chain that attached them detaches them
	return append(gone, undone...), errors.Join(err, undoErr)
}

// sweepReports removes unfinished files in a directory, and in those of several chains below it.
func sweepReports(dir string) error {
	failed := []error{report.Sweep(dir)}
	entries, _ := os.ReadDir(dir) // Sweep tells why it cannot be read
	for _, e := range entries {
		if e.IsDir() {
			failed = append(failed, report.Sweep(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(failed...)
}
