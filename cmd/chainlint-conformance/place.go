// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/kind"
	"github.com/chainlint/chainlint/conformance/netns"
	"github.com/chainlint/chainlint/internal/plugins"
	"github.com/chainlint/chainlint/pkg/terway"
)

// place is where cases run.
type place interface {
	// run runs a case and hands on what it tells.
	run(ctx context.Context, c *testCase, emit func(conformance.Event)) error
	// rootless tells whether it runs without root.
	rootless() bool
	// close removes what was made for all cases.
	close(ctx context.Context) error
}

// place finds out whether the cases can run where the flags say, and makes what all of them need.
func (a *app) place(ctx context.Context, o *options, cases []*testCase) (place, error) {
	switch o.env {
	case kindEnv:
		return a.kindPlace(ctx, o, cases)
	case clusterEnv:
		return a.clusterPlace(ctx, o.live, cases)
	}
	return a.netnsPlace(ctx, o, cases)
}

// labs are network namespaces.
type labs struct {
	asUser  bool
	plugins netns.Plugins
}

func (a *app) netnsPlace(ctx context.Context, o *options, cases []*testCase) (place, error) {
	rootless, err := netns.Available(ctx)
	if err != nil {
		return nil, err
	}
	w := labs{rootless, netns.Plugins{}}
	if o.pluginDir != "" {
		if w.plugins[netns.OwnPlugins], err = filepath.Abs(o.pluginDir); err != nil {
			return nil, err
		}
	}
	for _, release := range releases(cases, o) {
		if w.plugins[release], err = plugins.Dir(ctx, release); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w labs) run(ctx context.Context, c *testCase, emit func(conformance.Event)) error {
	return netns.Run(ctx, c.plan, w.plugins, w.asUser, emit)
}

func (w labs) rootless() bool { return w.asUser }

func (w labs) close(context.Context) error { return nil }

// kindClusters are kind clusters, one at a time: cases that fit the one that is there share it.
type kindClusters struct {
	options *options
	say     func(format string, args ...any)
	cluster *kind.Cluster
}

func (a *app) kindPlace(ctx context.Context, o *options, cases []*testCase) (place, error) {
	if err := possibleOnKind(ctx, cases); err != nil {
		return nil, err
	}
	return &kindClusters{options: o, say: a.say}, nil
}

// possibleOnKind says why cases cannot be run on kind clusters here.
func possibleOnKind(ctx context.Context, cases []*testCase) error {
	for _, c := range cases {
		if err := kind.Buildable(c.plan.Setup.Facts); err != nil {
			return fmt.Errorf("%s: %w", c.name(), err)
		}
	}
	return kind.Available(ctx)
}

func (k *kindClusters) run(ctx context.Context, c *testCase, emit func(conformance.Event)) error {
	facts := c.plan.Setup.Facts
	if !k.cluster.Fits(facts) {
		if err := k.close(ctx); err != nil {
			return err
		}
		made, err := kind.Create(ctx, kind.Options{KubeProxyMode: facts.KubeProxyMode, IPStack: facts.IPStack, NodeImage: k.options.nodeImage, Keep: k.options.keep, Say: k.say})
		if err != nil {
			return err
		}
		k.cluster = made
	}
	return k.cluster.Run(ctx, c.plan, func(plugin string) (string, error) { return k.pluginDir(ctx, facts, plugin) }, emit)
}

// pluginDir is where the binary of a plugin is.
func (k *kindClusters) pluginDir(ctx context.Context, f terway.PoolFacts, plugin string) (string, error) {
	if k.options.pluginDir != "" {
		return k.options.pluginDir, nil
	}
	release, err := terway.Release(f.PluginVersion(plugin))
	if err != nil {
		return "", err
	}
	return plugins.Dir(ctx, release)
}

func (k *kindClusters) rootless() bool { return false }

func (k *kindClusters) close(ctx context.Context) error {
	if k.cluster == nil {
		return nil
	}
	err := k.cluster.Close(context.WithoutCancel(ctx))
	k.cluster = nil
	return err
}

// provenElsewhere says why a spec is not run here, "" where it is: replacing the chain of a cluster takes its time, and
// some specs disrupt, so a run does it for what it was asked for by name.
func provenElsewhere(o *options, spec *conformance.Spec) string {
	named := slices.Contains(o.focus, spec.ID)
	switch {
	case spec.Disruptive && !named:
		return "it takes away what others use, too: --focus names it"
	case o.env == netnsEnv || !spec.Own:
		return ""
	case !spec.Cluster && !slices.Contains(spec.Needs, conformance.Rollout):
		return "it brings its own chain, which network namespaces show in a fraction of the time: --env netns --mutants"
	case !named:
		return "it rolls out chains of its own, which takes its time on a cluster: --focus names it"
	}
	return ""
}
