// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/chainlint/chainlint/pkg/terway"
)

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

// change updates the ConfigMap by a function that may refuse. It is tried again where somebody else was faster, or the API
// does not answer.
func (a *Access) change(ctx context.Context, change func(*corev1.ConfigMap) error) error {
	configs := a.Client.CoreV1().ConfigMaps(terway.ConfigMapNamespace)
	var refused error
	err := persist(ctx, func(ctx context.Context) error {
		object, err := configs.Get(ctx, terway.ConfigMapName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if refused = change(object); refused != nil {
			return nil
		}
		_, err = configs.Update(ctx, object, metav1.UpdateOptions{})
		return err
	})
	if refused != nil {
		return refused
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
	return fmt.Sprintf("the list in %s/%s is that of the run %s, which replaced it and did not take it back yet: wait for its end; where it was killed, chainlint-conformance cleanup --kubeconfig FILE --take-back ends it",
		terway.ConfigMapNamespace, terway.ConfigMapName, r.Run)
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
	var left error // pods that do not go are no reason to leave the list
	if of.Namespace != "" {
		left = of.Sweep(ctx)
	}
	done, err := a.restore(ctx, func(now *replaced) bool { return now.Run == there.Run })
	if done == nil {
		return nil, errors.Join(left, err)
	}
	return []string{"the list of the run " + done.Run + " from " + terway.ConfigMapNamespace + "/" + terway.ConfigMapName}, errors.Join(left, err)
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
	err = a.forget(ctx, done.Run)
	if foreign {
		err = errors.Join(err, fmt.Errorf("somebody else changed %s of %s/%s while a run had replaced it: theirs stays, and Terway goes by it", terway.ConflistName, terway.ConfigMapNamespace, terway.ConfigMapName))
	}
	return done, err
}

const tryAgain = "chainlint-conformance cleanup --kubeconfig FILE --take-back tries again"

var errNothing = errors.New("no run has replaced the list")

// forget removes the annotation of a run, where it is still there.
func (a *Access) forget(ctx context.Context, run string) error {
	err := a.change(ctx, func(object *corev1.ConfigMap) error {
		if there, err := record(object); err != nil || there == nil || there.Run != run {
			return errors.Join(err, errNothing)
		}
		delete(object.Annotations, ReplacedAnnotation)
		return nil
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

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

// clockSkew is how far the clocks of nodes may be from that of the machine that runs the suite: a restart too many is better
// than one too few.
const clockSkew = 5 * time.Minute

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
