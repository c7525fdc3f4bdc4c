// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"

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
}

// ReplacedAnnotation is on the ConfigMap while its list is that of a run.
const ReplacedAnnotation = "chainlint.dev/replaced"

// replaced is what the annotation holds: all that it takes to go back.
type replaced struct {
	Run     string    `json:"run"`
	Expires time.Time `json:"expires"`
	Nodes   []string  `json:"nodes"`
	// Before is the list that was there, nil for none; Now is that of the run.
	Before *string `json:"before"`
	Now    *string `json:"now"`
}

// restartLimit is how long Terway may take on one node.
const restartLimit = 3 * time.Minute

// NewReplacement is that of a run on some nodes; "" is none.
func (a *Access) NewReplacement(nodes ...string) *Replacement {
	r := &Replacement{Access: a, Terway: Terway{a.Client, restartLimit}}
	for _, n := range nodes {
		if n != "" {
			r.Nodes = append(r.Nodes, n)
		}
	}
	return r
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

// change updates the ConfigMap by a function that may refuse; it is tried again where somebody else was faster.
func (a *Access) change(ctx context.Context, change func(*corev1.ConfigMap) error) error {
	configs := a.Client.CoreV1().ConfigMaps(terway.ConfigMapNamespace)
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		object, err := configs.Get(ctx, terway.ConfigMapName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := change(object); err != nil {
			return err
		}
		_, err = configs.Update(ctx, object, metav1.UpdateOptions{})
		return err
	})
}

// record reads the annotation, nil where no run has replaced the list.
func record(object *corev1.ConfigMap) (*replaced, error) {
	text, ok := object.Annotations[ReplacedAnnotation]
	if !ok {
		return nil, nil
	}
	r := &replaced{}
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, fmt.Errorf("the annotation %s of %s/%s is none that a run wrote: %w", ReplacedAnnotation, terway.ConfigMapNamespace, terway.ConfigMapName, err)
	}
	return r, nil
}

// Put gives the ConfigMap the list of data, nothing else of it.
func (r *Replacement) Put(ctx context.Context, data map[string]string) error {
	return r.Access.change(ctx, func(object *corev1.ConfigMap) error {
		there, err := record(object)
		switch {
		case err != nil:
			return err
		case there == nil:
			there = &replaced{Run: r.Access.ID, Before: list(object.Data)}
		case there.Run != r.Access.ID:
			return fmt.Errorf("the run %s has replaced the list of this cluster and did not take it back: wait for its end, or say chainlint-conformance cleanup --kubeconfig FILE --all", there.Run)
		case !equal(there.Now, list(object.Data)):
			return errChanged
		}
		there.Expires, there.Nodes, there.Now = time.Now().Add(r.Access.lifetime()).UTC(), r.Nodes, list(data)
		setList(object, list(data))
		return there.keep(object)
	})
}

// keep writes the annotation.
func (r *replaced) keep(object *corev1.ConfigMap) error {
	text, err := json.Marshal(r)
	if err == nil {
		metav1.SetMetaDataAnnotation(&object.ObjectMeta, ReplacedAnnotation, string(text))
	}
	return err
}

// errChanged is said where a run does not go back over what somebody else wrote.
var errChanged = fmt.Errorf("somebody else changed %s of %s/%s while a run had replaced it, so it stays: what was there before stands in its annotation %s",
	terway.ConflistName, terway.ConfigMapNamespace, terway.ConfigMapName, ReplacedAnnotation)

// Replace is Put, and a restart of Terway on one node after the other; begun is called before the first one. The error
// is a [*conformance.StartError] where Terway refuses the list.
func (r *Replacement) Replace(ctx context.Context, data map[string]string, begun func()) error {
	if err := r.Put(ctx, data); err != nil {
		return err
	}
	r.current = nil
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
func (r *Replacement) Lists(ctx context.Context, wanted string) (lists map[string]string, err error) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	err = wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		now, err := r.Access.Lists(ctx, r.Nodes)
		if err != nil {
			return false, err
		}
		lists = now
		for _, text := range now {
			if wanted != "" && text != wanted {
				return false, nil
			}
		}
		return true, nil
	})
	if lists != nil {
		return lists, nil
	}
	return nil, err
}

// Restore takes the list back that was there before this run, where it replaced it.
func (r *Replacement) Restore(ctx context.Context) error {
	_, err := r.Access.restore(ctx, func(there *replaced) bool { return there.Run == r.Access.ID })
	return err
}

// Undo takes the list back that was there before a run that has expired, or any where all is set, and says so.
func (a *Access) Undo(ctx context.Context, all bool) ([]string, error) {
	done, err := a.restore(ctx, func(there *replaced) bool { return all || time.Now().After(there.Expires) })
	switch {
	case apierrors.IsNotFound(err) || apierrors.IsForbidden(err): // who may not see the chain has not replaced it
		return nil, nil
	case done == nil:
		return nil, err
	}
	return []string{"list of run " + done.Run + " from " + terway.ConfigMapNamespace + "/" + terway.ConfigMapName}, err
}

// restore takes a list back and restarts Terway; only then it forgets that there was another one.
func (a *Access) restore(ctx context.Context, mine func(*replaced) bool) (done *replaced, err error) {
	err = a.change(ctx, func(object *corev1.ConfigMap) error {
		there, err := record(object)
		switch {
		case err != nil:
			return err
		case there == nil || !mine(there):
			return errNothing
		case !equal(there.Now, list(object.Data)):
			return errChanged
		}
		done, there.Now = there, there.Before
		setList(object, there.Before)
		return there.keep(object)
	})
	if errors.Is(err, errNothing) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take the list back that was there before the run: %w", err)
	}
	if err := a.restartAll(ctx, done.Nodes); err != nil {
		return done, fmt.Errorf("the list that was there before the run is in the ConfigMap again, and Terway does not go by it yet: %w", err)
	}
	return done, a.change(ctx, func(object *corev1.ConfigMap) error {
		delete(object.Annotations, ReplacedAnnotation)
		return nil
	})
}

// restartAll restarts Terway on all nodes, also where it does not come back on one of them.
func (a *Access) restartAll(ctx context.Context, nodes []string) error {
	var failed []error
	for _, node := range nodes {
		failed = append(failed, Terway{a.Client, restartLimit}.Restart(ctx, node))
	}
	return errors.Join(failed...)
}

var errNothing = errors.New("no run has replaced the list")
