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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/lint"
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
	var object corev1.ConfigMap
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
	return object.Data, wanted, c.refuseErrors(wanted)
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

// putInPlace gives the nodes that are judged the chain under test, where it is not the one that the cluster has.
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
	w.Live, w.Partial, w.About.Conflist = live, false, c.plan.Setup.Effective()
	if w.Refusal != nil {
		w.Lists, err = l.access.Lists(ctx, chain.Nodes)
	} else {
		w.Lists, err = chain.Lists(ctx, w.About.Conflist)
	}
	return err
}

// refuseErrors lints the ConfigMap as it would be. What breaks any node pool is refused: all nodes read it.
func (c *testCase) refuseErrors(data map[string]string) error {
	text, err := yaml.Marshal(corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Name: terway.ConfigMapName, Namespace: terway.ConfigMapNamespace}, Data: data,
	})
	if err != nil {
		return err
	}
	objects, err := manifest.Read(terway.ConfigMapName, text)
	if err != nil {
		return err
	}
	var wrong []string
	for _, f := range lint.Lint(lint.NewChain(objects[0]), c.target.Facts).Findings {
		if f.Severity == lint.Error {
			wrong = append(wrong, fmt.Sprintf("%s [%s]", f.Message, f.Rule.ID))
		}
	}
	if wrong != nil {
		return fmt.Errorf("%s: the chain is not put on the cluster, because the linter is sure that it breaks there:\n  %s", c.name(), strings.Join(wrong, "\n  "))
	}
	return nil
}

// takeBack ends the pods of the run, which the chain under test must detach, and then takes that back.
func (l *liveCluster) takeBack(ctx context.Context, chain *cluster.Replacement) error {
	ctx = context.WithoutCancel(ctx)
	return errors.Join(l.access.Sweep(ctx), chain.Restore(ctx))
}
