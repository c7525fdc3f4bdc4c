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
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/chainlint/chainlint/conformance/agent"
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
	// current is the list that Terway goes by there, nil where nobody knows.
	current *string
	// put: the ConfigMap was changed.
	put     bool
	inspect func(ctx context.Context, node string) (agent.Node, error)
}

// restartLimit is how long Terway may take on one node.
const restartLimit = 3 * time.Minute

// NewReplacement is that of a run on some nodes; "" is none.
func (a *Access) NewReplacement(nodes ...string) *Replacement {
	named := slices.DeleteFunc(slices.Clone(nodes), func(n string) bool { return n == "" })
	return &Replacement{Access: a, Terway: Terway{a.Client, restartLimit}, Nodes: named, inspect: a.Inspect}
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

// Put gives the ConfigMap the list of data, nothing else of it.
func (r *Replacement) Put(ctx context.Context, data map[string]string) error {
	a := r.Access
	err := a.change(ctx, func(object *corev1.ConfigMap) error {
		there, err := record(object)
		switch {
		case err != nil:
			return err
		case there == nil:
			there = &replaced{Run: a.ID, Namespace: a.Namespace, Since: time.Now().UTC(), Before: list(object.Data)}
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
	r.put = r.put || err == nil
	return err
}

// Ready tells whether the list of data may be put in place: Terway runs on the nodes, and they have the plugins. why is
// "" where it may.
func (r *Replacement) Ready(ctx context.Context, data map[string]string) (why string, err error) {
	for _, node := range r.Nodes {
		there, err := r.Terway.Pods(ctx, node)
		if err == nil && len(there) == 0 {
			return "no pod of Terway runs on the node " + node, nil
		}
		if err != nil {
			return "", err
		}
		seen, err := r.inspect(ctx, node)
		if err != nil {
			return "", err
		}
		for _, p := range plugins(data[terway.ConflistName]) {
			if plugin := pluginType(p); plugin != "" && seen.Lacks(plugin) {
				return fmt.Sprintf("the node %s has no plugin %s, so every new pod there would fail", node, plugin), nil
			}
		}
	}
	return "", nil
}

// Replace is Put, and a restart of Terway on one node after the other; begun is called before the first one. The error
// is a [*conformance.StartError] where Terway or a runtime refuses the list.
func (r *Replacement) Replace(ctx context.Context, data map[string]string, begun func()) error {
	why, err := r.Ready(ctx, data)
	if err == nil && why != "" {
		err = fmt.Errorf("the chain is not put in place, and nothing was changed: %s", why)
	}
	if err != nil {
		return err
	}
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

// Lists reads the lists of the nodes, and reads again until all are as wanted or the time is over; "" for no matter what.
func (r *Replacement) Lists(ctx context.Context, wanted string) (map[string]string, error) {
	lists, err := r.Access.Lists(ctx, r.Nodes) // the image may have to be fetched
	differs := func(text string) bool { return strings.TrimSpace(text) != strings.TrimSpace(wanted) }
	if err != nil || wanted == "" || !slices.ContainsFunc(r.Nodes, func(n string) bool { return differs(lists[n]) }) {
		return lists, err
	}
	err = wait.PollUntilContextTimeout(ctx, time.Second, settleLimit, false, func(ctx context.Context) (bool, error) {
		now, err := r.Access.Lists(ctx, r.Nodes)
		if err == nil {
			lists = now
		}
		return err == nil && !slices.ContainsFunc(r.Nodes, func(n string) bool { return differs(lists[n]) }), nil
	})
	if wait.Interrupted(err) && ctx.Err() == nil {
		err = nil // whoever compares sees which node stays behind
	}
	return lists, err
}

// Restore takes the list back that was there before this run, where it replaced it.
func (r *Replacement) Restore(ctx context.Context) error {
	done, err := r.Access.restore(ctx, func(there *replaced) bool { return there.Run == r.Access.ID })
	if done == nil && err == nil && r.put {
		return errors.Join(fmt.Errorf("somebody else replaced %s/%s while it held the list of the run, so it stays as it is", terway.ConfigMapNamespace, terway.ConfigMapName),
			r.Access.restartAll(ctx, r.Nodes, time.Now()))
	}
	r.put = r.put && done == nil
	return err
}
