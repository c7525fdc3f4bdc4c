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
func (l *liveCluster) intended(c *testCase) (live, wanted map[string]string, err error) {
	var object corev1.ConfigMap
	if err := yaml.Unmarshal([]byte(l.live.Config), &object); err != nil {
		return nil, nil, err
	}
	wanted = maps.Clone(object.Data)
	delete(wanted, terway.ConflistName)
	if list, ok := c.plan.Setup.Data[terway.ConflistName]; ok {
		wanted[terway.ConflistName] = list
	}
	if maps.Equal(object.Data, wanted) {
		return object.Data, wanted, nil
	}
	return object.Data, wanted, c.refuseErrors(wanted)
}

// planReplacements says where the run would replace the chain of the cluster; the error is why it would not.
func (a *app) planReplacements(l *liveCluster, cases []*testCase) error {
	for _, c := range cases {
		node, other, err := l.sample(c)
		if err != nil {
			return err
		}
		live, wanted, err := l.intended(c)
		if err != nil {
			return err
		}
		if !maps.Equal(live, wanted) {
			fmt.Fprintf(a.out, "It puts this chain in place on %s and %s, restarts Terway there, and takes it back at the end.\n", node, other)
		}
	}
	return nil
}

// putInPlace gives the nodes that are judged the chain under test, where it is not the one that the cluster has.
func (l *liveCluster) putInPlace(ctx context.Context, chain *cluster.Replacement, c *testCase, w *cluster.World) error {
	live, wanted, err := l.intended(c)
	if err != nil {
		return err
	}
	if !maps.Equal(live, wanted) {
		l.say("the chain under test is put in place on %s, and Terway restarted there; it is taken back at the end", strings.Join(chain.Nodes, " and "))
		err := chain.Replace(ctx, wanted, func() {})
		var refusal *conformance.StartError
		if err != nil && !errors.As(err, &refusal) {
			return err
		}
		if refusal != nil {
			w.Refusal = refusal.Err.Error()
		}
	}
	c.plan.Setup.Data, c.plan.Setup.Partial = wanted, false
	w.Live, w.Partial, w.About.Conflist = live, false, c.plan.Setup.Effective()
	w.Lists, err = chain.Lists(ctx, w.About.Conflist)
	return err
}

// refuseErrors lints the ConfigMap as it would be.
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
		if f.Severity == lint.Error && (f.NodePools == nil || slices.Contains(f.NodePools, c.pool)) {
			wrong = append(wrong, fmt.Sprintf("%s [%s]", f.Message, f.Rule.ID))
		}
	}
	if wrong != nil {
		return fmt.Errorf("the chain is not put on a cluster, because the linter is sure that it breaks there, and nothing was touched:\n  %s", strings.Join(wrong, "\n  "))
	}
	return nil
}

// takeBack ends the pods of the run, which the chain under test must detach, and then takes that back.
func (l *liveCluster) takeBack(ctx context.Context, chain *cluster.Replacement) error {
	ctx = context.WithoutCancel(ctx)
	return errors.Join(l.access.Sweep(ctx), chain.Restore(ctx))
}
