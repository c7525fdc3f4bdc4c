// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/terway"
)

// confirmed tells whether this is the cluster that may be disrupted.
func (l *liveCluster) confirmed() error {
	if !l.options.disruptive || l.options.confirm == l.access.Context {
		return nil
	}
	return wrong("--confirm-context %q is not the context of this kubeconfig, which is %q: nothing was touched", l.options.confirm, l.access.Context)
}

func (o *options) rbacWords() string {
	if o.disruptive {
		return "rbac --allow-disruptive"
	}
	return "rbac"
}

// intended are the data of the ConfigMap as it is, and as the run would make it: with the list of the chain under test.
// What else that would change is refused: it stays the cluster's.
func (l *liveCluster) intended(c *testCase) (live, wanted map[string]string, err error) {
	if l.live.Config == "" {
		return nil, nil, fmt.Errorf("the cluster has no ConfigMap %s/%s whose list could be replaced", terway.ConfigMapNamespace, terway.ConfigMapName)
	}
	object := corev1.ConfigMap{Data: map[string]string{}}
	if err := yaml.Unmarshal([]byte(l.live.Config), &object); err != nil {
		return nil, nil, err
	}
	wanted = maps.Clone(object.Data)
	for key, text := range c.target.Data {
		switch {
		case key == terway.ConflistName:
			wanted[key] = text
		case text != object.Data[key]:
			return nil, nil, fmt.Errorf("%s: its %s is not that of the cluster, and a run replaces %s only: leave it out of the manifest, or apply it first", c.name(), key, terway.ConflistName)
		}
	}
	if _, ok := c.target.Data[terway.ConflistName]; !ok && !c.target.Partial {
		delete(wanted, terway.ConflistName)
	}
	if maps.Equal(object.Data, wanted) {
		return object.Data, wanted, nil
	}
	for _, facts := range l.judging(c) {
		if wrong := cluster.Refusals(wanted, facts); wrong != nil {
			return nil, nil, fmt.Errorf("%s: the chain is not put on the cluster, because the linter is sure that it breaks there:\n  %s", c.name(), strings.Join(wrong, "\n  "))
		}
	}
	return object.Data, wanted, nil
}

// judging are the facts that a chain is linted by before it is put on the cluster: its own, and those of the nodes.
func (l *liveCluster) judging(c *testCase) []terway.Facts {
	return []terway.Facts{c.target.Facts, l.live.Facts.Facts}
}

// replaceable says why the chains of cases are not put on this cluster, before any is.
func (l *liveCluster) replaceable(cases []*testCase) error {
	if err := l.confirmed(); err != nil || !l.options.disruptive {
		return err
	}
	for _, c := range cases {
		if _, _, err := l.sample(c); err != nil {
			return err
		}
		if _, _, err := l.intended(c); err != nil {
			return err
		}
	}
	return nil
}

// planReplacements says where the run would replace the chain of the cluster.
func (a *app) planReplacements(l *liveCluster, cases []*testCase) {
	for _, c := range cases {
		live, wanted, _ := l.intended(c) // it was asked for before
		node, other, _ := l.sample(c)
		own := slices.ContainsFunc(c.plan.Specs, func(id string) bool { return conformance.Find(id).Own })
		if !maps.Equal(live, wanted) || own {
			fmt.Fprintf(a.out, "It puts other chains in place on %s, restarts Terway there, and takes them back at the end.\n", nodeWords(node, other))
		}
	}
}

// nodeWords name nodes, of which "" is none.
func nodeWords(nodes ...string) string {
	return strings.Join(slices.DeleteFunc(nodes, func(n string) bool { return n == "" }), " and ")
}

// putInPlace gives the nodes that are judged the chain under test, where it is not the one that the cluster has. w has the
// lists of the nodes, before and after.
func (l *liveCluster) putInPlace(ctx context.Context, chain *cluster.Replacement, c *testCase, w *cluster.World) error {
	live, wanted, err := l.intended(c)
	if err != nil {
		return err
	}
	if !maps.Equal(live, wanted) {
		l.say("the chain under test is put in place on %s, and Terway restarted there; it is taken back at the end", nodeWords(chain.Nodes...))
		err := chain.Replace(ctx, wanted, func() {})
		if w.Refusal = cluster.RefusalOf(err); err != nil && w.Refusal == nil {
			return err
		}
	}
	c.plan.Setup.Data, c.plan.Setup.Partial = wanted, false
	c.facts = slices.DeleteFunc(c.facts, func(f report.Fact) bool { return f.Name == terway.ConfKey }) // it is the cluster's own
	w.Live, w.LiveFacts, w.Partial, w.About.Conflist = live, l.live.Facts.Facts, false, c.plan.Setup.Effective()
	switch {
	case w.Refusal != nil:
		w.Lists, err = l.access.Lists(ctx, chain.Nodes)
	case chain.Lent:
		w.Lists, err = chain.Settle(ctx, func(string) string { return w.About.Conflist })
	}
	return err
}

// takeBack ends the pods of the run, which the chain under test must detach, and then takes that back. before are the lists
// of the nodes that must be there again, nil where nobody read them.
func (l *liveCluster) takeBack(ctx context.Context, chain *cluster.Replacement, before map[string]string) error {
	if !chain.Lent {
		return nil
	}
	l.say("the list that was there before is taken back, and Terway restarted: do not interrupt that")
	ctx = context.WithoutCancel(ctx)
	err := errors.Join(l.access.Sweep(ctx), chain.Restore(ctx))
	if err == nil {
		_, err = chain.Settle(ctx, func(node string) string { return before[node] })
	}
	return err
}
