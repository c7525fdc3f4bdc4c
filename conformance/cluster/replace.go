// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Replacement is the chain of a cluster while a run may replace it: of the ConfigMap only [terway.ConflistName], and
// Terway is restarted on the nodes that are judged, one after the other; its DaemonSet and all other nodes stay as they
// are. The way back stands in the ConfigMap itself, for the case that the run is killed.
type Replacement struct {
	Access *Access
	Terway Terway
	// Nodes that are judged.
	Nodes []string
	// Facts that the linter judges lists by before they are put in place.
	Facts []terway.Facts
	// Lent: the ConfigMap was changed, or another process of the run is about to.
	Lent bool

	since time.Time
	// current is the list that Terway goes by there, nil where nobody knows.
	current *string
	inspect func(ctx context.Context, node string) (agent.Node, error)
}

// restartLimit is how long Terway may take on one node.
const restartLimit = 3 * time.Minute

// NewReplacement is that of a run on some nodes; "" is none.
func (a *Access) NewReplacement(facts []terway.Facts, nodes ...string) *Replacement {
	named := slices.DeleteFunc(slices.Clone(nodes), func(n string) bool { return n == "" })
	return &Replacement{Access: a, Terway: Terway{a.Client, restartLimit}, Nodes: named, Facts: facts, since: time.Now(), inspect: a.Inspect}
}

// list of the data of a ConfigMap, nil for none.
func list(data map[string]string) *string {
	if text, ok := data[terway.ConflistName]; ok {
		return &text
	}
	return nil
}

func equal(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// setList changes the list of a ConfigMap, and nothing else.
func setList(object *corev1.ConfigMap, text *string) {
	delete(object.Data, terway.ConflistName)
	if text != nil {
		if object.Data == nil {
			object.Data = map[string]string{}
		}
		object.Data[terway.ConflistName] = *text
	}
}

// Refused is why a list is not put in place.
type Refused struct{ Why string }

func (e *Refused) Error() string {
	return "the chain is not put on the cluster: " + e.Why
}

// Put gives the ConfigMap the list of data, which is whole, and nothing else of that. The error is a [*Refused] where the
// list would break pods.
func (r *Replacement) Put(ctx context.Context, data map[string]string) error {
	if err := r.ready(ctx, data); err != nil {
		return err
	}
	a := r.Access
	err := a.change(ctx, func(object *corev1.ConfigMap) error {
		there, err := record(object)
		switch {
		case err != nil:
			return err
		case there == nil:
			there = &replaced{Run: a.ID, Namespace: a.Namespace, Since: r.since.UTC(), Before: list(object.Data)}
		case there.Run != a.ID:
			return errors.New(there.words())
		case !equal(there.Now, list(object.Data)):
			return fmt.Errorf("somebody else changed %s of %s/%s while a run had replaced it", terway.ConflistName, terway.ConfigMapNamespace, terway.ConfigMapName)
		}
		there.Expires, there.Now = time.Now().Add(a.lifetime()).UTC(), list(data)
		there.Nodes = slices.Compact(slices.Sorted(slices.Values(append(there.Nodes, r.Nodes...))))
		setList(object, list(data))
		return there.keep(object)
	})
	r.Lent = r.Lent || err == nil
	return err
}

// ready refuses what would break pods: by the linter, on nodes without Terway, and without the plugins.
func (r *Replacement) ready(ctx context.Context, data map[string]string) error {
	for _, facts := range r.Facts {
		if wrong := Refusals(data, facts); wrong != nil {
			return &Refused{"the linter is sure that it breaks there:\n  " + strings.Join(wrong, "\n  ")}
		}
	}
	for _, node := range r.Nodes {
		there, err := r.Terway.Pods(ctx, node)
		if err == nil && len(there) == 0 {
			return &Refused{"no pod of Terway runs on the node " + node}
		}
		if err != nil {
			return err
		}
		seen, err := r.inspect(ctx, node)
		if err != nil {
			return err
		}
		for _, p := range plugins(data[terway.ConflistName]) {
			if plugin := pluginType(p); plugin != "" && seen.Lacks(plugin) {
				return &Refused{fmt.Sprintf("the node %s has no plugin %s, so every new pod there would fail", node, plugin)}
			}
		}
	}
	return nil
}

// Refusals are what the linter has errors about in a ConfigMap. What breaks any node pool counts: all nodes read it.
func Refusals(data map[string]string, facts terway.Facts) []string {
	text, err := yaml.Marshal(corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Name: terway.ConfigMapName, Namespace: terway.ConfigMapNamespace}, Data: data,
	})
	if err != nil {
		return []string{err.Error()}
	}
	objects, err := manifest.Read(terway.ConfigMapName, text)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	for _, f := range lint.Lint(lint.NewChain(objects[0]), facts).Findings {
		if f.Severity == lint.Error {
			wrong = append(wrong, fmt.Sprintf("%s [%s]", f.Message, f.Rule.ID))
		}
	}
	return wrong
}

// Replace is Put, and a restart of Terway on one node after the other; begun is called before the first one. The error
// is a [*conformance.StartError] where Terway or a runtime refuses the list.
func (r *Replacement) Replace(ctx context.Context, data map[string]string, begun func()) error {
	r.current = nil
	if err := r.Put(ctx, data); err != nil {
		return err
	}
	begun()
	for _, node := range r.Nodes {
		if err := r.Terway.Restart(ctx, node); err != nil {
			return fmt.Errorf("on the node %s: %w", node, err)
		}
	}
	r.current = list(data)
	return nil
}

// settleLimit is how long a node may take from Terway's readiness to its list.
const settleLimit = 30 * time.Second

// Lists reads the lists of the nodes, and reads again until each is as wanted or the time is over; "" for no matter what.
func (r *Replacement) Lists(ctx context.Context, wanted func(node string) string) (map[string]string, error) {
	lists, err := r.Access.Lists(ctx, r.Nodes) // the image may have to be fetched
	if err != nil || r.behind(lists, wanted) == "" {
		return lists, err
	}
	err = wait.PollUntilContextTimeout(ctx, time.Second, settleLimit, false, func(ctx context.Context) (bool, error) {
		now, err := r.Access.Lists(ctx, r.Nodes)
		if err == nil {
			lists = now
		}
		return err == nil && r.behind(lists, wanted) == "", nil
	})
	if wait.Interrupted(err) && ctx.Err() == nil {
		err = nil // whoever compares sees which node stays behind
	}
	return lists, err
}

// Settle is Lists, where a node that stays behind is an error.
func (r *Replacement) Settle(ctx context.Context, wanted func(node string) string) (map[string]string, error) {
	lists, err := r.Lists(ctx, wanted)
	if node := r.behind(lists, wanted); err == nil && node != "" {
		err = fmt.Errorf("Terway is ready on %s, and its list there is still another one", node)
	}
	return lists, err
}

// behind is a node whose list is not as wanted, "" for none.
func (r *Replacement) behind(lists map[string]string, wanted func(node string) string) string {
	for _, node := range r.Nodes {
		if want := strings.TrimSpace(wanted(node)); want != "" && strings.TrimSpace(lists[node]) != want {
			return node
		}
	}
	return ""
}

// Restore takes the list back that was there before this run, where it replaced it.
func (r *Replacement) Restore(ctx context.Context) error {
	done, err := r.Access.restore(ctx, func(there *replaced) bool { return there.Run == r.Access.ID })
	if done == nil && err == nil && r.Lent {
		return errors.Join(fmt.Errorf("somebody else replaced %s/%s while it held the list of the run, so it stays as it is", terway.ConfigMapNamespace, terway.ConfigMapName),
			r.Access.restartAll(ctx, r.Nodes, r.since))
	}
	r.Lent = r.Lent && done == nil
	return err
}
