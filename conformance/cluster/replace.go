// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// ReplacedAnnotation is on the ConfigMap while its list is that of a run.
const ReplacedAnnotation = "chainlint.dev/replaced"

// replaced is what the annotation holds: all that it takes to go back.
type replaced struct {
	Run       string `json:"run"`
	Namespace string `json:"namespace"`
	// Since when the list may be that of the run, and when nobody needs it any more.
	Since   time.Time `json:"since"`
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

// changeLimit is how long the ConfigMap is tried to be changed: an API server may be restarted meanwhile.
const changeLimit = time.Minute

// change updates the ConfigMap by a function that may refuse. It is tried again where somebody else was faster, or the API
// does not answer.
func (a *Access) change(ctx context.Context, change func(*corev1.ConfigMap) error) error {
	configs := a.Client.CoreV1().ConfigMaps(terway.ConfigMapNamespace)
	var last error
	err := wait.PollUntilContextTimeout(ctx, again, changeLimit, true, func(ctx context.Context) (bool, error) {
		object, err := configs.Get(ctx, terway.ConfigMapName, metav1.GetOptions{})
		if err == nil {
			if err := change(object); err != nil {
				return false, err
			}
			_, err = configs.Update(ctx, object, metav1.UpdateOptions{})
		}
		if last = err; err != nil && passing(err) {
			return false, nil
		}
		return err == nil, err
	})
	if wait.Interrupted(err) && last != nil {
		return last
	}
	return err
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

// keep writes the annotation.
func (r *replaced) keep(object *corev1.ConfigMap) error {
	text, err := json.Marshal(r)
	if err == nil {
		metav1.SetMetaDataAnnotation(&object.ObjectMeta, ReplacedAnnotation, string(text))
	}
	return err
}

// words say whose the list is.
func (r *replaced) words() string {
	return fmt.Sprintf("the list in %s/%s is that of the run %s, which replaced it and did not take it back yet: wait for its end; where it was killed, chainlint-conformance cleanup --kubeconfig FILE --all takes it back",
		terway.ConfigMapNamespace, terway.ConfigMapName, r.Run)
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

// Undo takes the list back that was there before a run that has expired, or any where all is set, and says so: its pods
// first, because the chain that attached them detaches them. A run that may go on is an error.
func (a *Access) Undo(ctx context.Context, all bool) ([]string, error) {
	object, err := a.Client.CoreV1().ConfigMaps(terway.ConfigMapNamespace).Get(ctx, terway.ConfigMapName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) { // who may not see the chain has not replaced it
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	there, err := record(object)
	switch {
	case err != nil || there == nil:
		return nil, err
	case !all && time.Now().Before(there.Expires):
		return nil, errors.New(there.words())
	}
	of := *a
	of.ID, of.Namespace = there.Run, there.Namespace
	if of.Namespace != "" {
		if err := of.Sweep(ctx); err != nil {
			return nil, err
		}
	}
	done, err := a.restore(ctx, func(now *replaced) bool { return now.Run == there.Run })
	if done == nil {
		return nil, err
	}
	return []string{"the list of the run " + done.Run + " from " + terway.ConfigMapNamespace + "/" + terway.ConfigMapName}, err
}

// restore takes a list back and restarts Terway; only then it forgets that there was another one. A list that is not that of
// the run any more is somebody else's, and stays: Terway is restarted, so that it goes by that.
func (a *Access) restore(ctx context.Context, mine func(*replaced) bool) (done *replaced, err error) {
	foreign := false
	err = a.change(ctx, func(object *corev1.ConfigMap) error {
		there, err := record(object)
		switch {
		case err != nil:
			return err
		case there == nil || !mine(there):
			return errNothing
		}
		done, foreign = there, !equal(there.Now, list(object.Data)) && !equal(there.Before, list(object.Data))
		if foreign {
			return nil
		}
		there.Now = there.Before
		setList(object, there.Before)
		return there.keep(object)
	})
	if errors.Is(err, errNothing) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take the list back that was there before the run: %w; %s", err, tryAgain)
	}
	if err := a.restartAll(ctx, done.Nodes, done.Since); err != nil {
		return done, fmt.Errorf("the ConfigMap has no list of the run any more, and Terway does not go by it yet: %w; %s", err, tryAgain)
	}
	err = a.change(ctx, func(object *corev1.ConfigMap) error {
		delete(object.Annotations, ReplacedAnnotation)
		return nil
	})
	if foreign {
		err = errors.Join(err, fmt.Errorf("somebody else changed %s of %s/%s while a run had replaced it: theirs stays, and Terway goes by it", terway.ConflistName, terway.ConfigMapNamespace, terway.ConfigMapName))
	}
	return done, err
}

const tryAgain = "chainlint-conformance cleanup --kubeconfig FILE --all tries again"

var errNothing = errors.New("no run has replaced the list")

// restartAll restarts Terway on nodes, and wherever it started since and may have read the list of the run; also where it
// does not come back on one of them. Nodes that are gone, or have no Terway, go by no list.
func (a *Access) restartAll(ctx context.Context, nodes []string, since time.Time) error {
	t := Terway{a.Client, restartLimit}
	running, err := t.list(ctx, "")
	failed := []error{err}
	var stale []string
	for _, p := range running {
		if slices.Contains(nodes, p.Spec.NodeName) || started(p).After(since.Add(-clockSkew)) {
			stale = append(stale, p.Spec.NodeName)
		}
	}
	slices.Sort(stale)
	for _, node := range slices.Compact(stale) {
		failed = append(failed, t.Restart(ctx, node))
	}
	return errors.Join(failed...)
}

// clockSkew is how far the clocks of nodes may be from that of the machine that runs the suite.
const clockSkew = time.Minute

// started is when the init containers of a pod last began, which read the ConfigMap; a reboot of its node runs them again.
func started(p corev1.Pod) time.Time {
	last := p.CreationTimestamp.Time
	for _, s := range p.Status.InitContainerStatuses {
		if ended := s.State.Terminated; ended != nil && ended.FinishedAt.After(last) {
			last = ended.FinishedAt.Time
		}
	}
	return last
}
