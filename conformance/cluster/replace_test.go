// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	ktesting "k8s.io/client-go/testing"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/pkg/terway"
)

const (
	before = `{"plugins":[{"type":"terway","eniip_virtual_type":"Veth"}]}`
	after  = `{"plugins":[{"type":"terway"},{"type":"portmap"}]}`
)

func config(list string) *corev1.ConfigMap {
	data := map[string]string{terway.ENIConfKey: `{"access_secret":"x"}`, terway.ConfKey: `{"type":"terway"}`}
	if list != "" {
		data[terway.ConflistName] = list
	}
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: terway.ConfigMapName, Namespace: terway.ConfigMapNamespace}, Data: data}
}

func terwayPod(node, uid string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "terway-" + uid, Namespace: terway.ConfigMapNamespace, Labels: map[string]string{"app": terway.DaemonSetName}},
		Spec:       corev1.PodSpec{NodeName: node},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
}

// restarting is a cluster whose DaemonSet gives each Terway that is deleted a successor, and counts them by node.
func restarting(t *testing.T, objects ...runtime.Object) (*Access, map[string]int) {
	t.Helper()
	a, restarts := access(objects...), map[string]int{}
	client := a.Client.(*fake.Clientset)
	client.PrependReactor("delete-collection", "pods", func(action ktesting.Action) (bool, runtime.Object, error) {
		node := strings.TrimPrefix(action.(ktesting.DeleteCollectionAction).GetListRestrictions().Fields.String(), "spec.nodeName=")
		restarts[node]++
		pods := client.Tracker()
		resource := corev1.SchemeGroupVersion.WithResource("pods")
		next := terwayPod(node, node)
		next.UID = types.UID(fmt.Sprint(restarts[node]))
		return true, nil, pods.Update(resource, next, terway.ConfigMapNamespace)
	})
	// The fake client knows no field selectors.
	client.PrependReactor("list", "pods", func(action ktesting.Action) (bool, runtime.Object, error) {
		node := strings.TrimPrefix(action.(ktesting.ListAction).GetListRestrictions().Fields.String(), "spec.nodeName=")
		found, err := client.Tracker().List(corev1.SchemeGroupVersion.WithResource("pods"), corev1.SchemeGroupVersion.WithKind("Pod"), terway.ConfigMapNamespace)
		if err != nil {
			return true, nil, err
		}
		all := found.(*corev1.PodList)
		all.Items = slices.DeleteFunc(all.Items, func(p corev1.Pod) bool { return node != "" && p.Spec.NodeName != node })
		return true, all, nil
	})
	a.ID = "this"
	return a, restarts
}

// replacement on nodes that have Terway's plugin and portmap.
func replacement(a *Access, nodes ...string) *Replacement {
	r := a.NewReplacement(nil, nodes...)
	r.inspect = func(context.Context, string) (agent.Node, error) {
		return agent.Node{Plugins: map[string]string{"terway": "", "portmap": ""}}, nil
	}
	return r
}

func now(t *testing.T, a *Access) *corev1.ConfigMap {
	t.Helper()
	object, err := a.Client.CoreV1().ConfigMaps(terway.ConfigMapNamespace).Get(t.Context(), terway.ConfigMapName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// TestReplace: of the ConfigMap only the list changes, Terway is restarted on the nodes of the run only, and all is as
// it was in the end.
func TestReplace(t *testing.T) {
	for _, was := range []string{before, ""} {
		a, restarts := restarting(t, config(was), ready("a", ""), ready("b", ""), ready("c", ""), terwayPod("a", "a"), terwayPod("b", "b"), terwayPod("c", "c"))
		r := replacement(a, "a", "b", "")
		if err := r.Replace(t.Context(), map[string]string{terway.ConflistName: after, terway.ENIConfKey: "other"}, func() {}); err != nil {
			t.Fatal(err)
		}
		if got := now(t, a).Data; got[terway.ConflistName] != after || got[terway.ENIConfKey] != config("").Data[terway.ENIConfKey] {
			t.Errorf("%q", got)
		}
		if err := r.Restore(t.Context()); err != nil {
			t.Fatal(err)
		}
		if object := now(t, a); len(object.Annotations) > 0 || !equal(list(object.Data), list(config(was).Data)) || len(object.Data) != len(config(was).Data) {
			t.Errorf("%q, %q", object.Data, object.Annotations)
		}
		if restarts["a"] != 2 || restarts["b"] != 2 || restarts["c"] != 0 {
			t.Errorf("%v", restarts)
		}
		if err := r.Restore(t.Context()); err != nil || restarts["a"] != 2 {
			t.Errorf("a second time: %v, %v", err, restarts)
		}
	}
}

// TestReplaceWithOthers: what somebody else wrote stays, and a run keeps away from what another one has replaced.
func TestReplaceWithOthers(t *testing.T) {
	a, _ := restarting(t, config(before))
	put := map[string]string{terway.ConflistName: after}
	r := a.NewReplacement(nil)
	if err := r.Put(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	other := &Access{Client: a.Client, ID: "other"}
	if err := other.NewReplacement(nil).Put(t.Context(), put); err == nil || !strings.Contains(err.Error(), "cleanup") {
		t.Errorf("another run: %v", err)
	}
	if gone, err := other.Undo(t.Context(), false); gone != nil || err == nil || !strings.Contains(err.Error(), "--take-back") {
		t.Errorf("before its time: %q, %v", gone, err)
	}
	if live, err := other.Read(t.Context()); err != nil || !strings.Contains(live.Replaced, "the run this") {
		t.Errorf("%+v, %v", live, err)
	}
	object := now(t, a)
	object.Data[terway.ConflistName] = "{}"
	if _, err := a.Client.CoreV1().ConfigMaps(terway.ConfigMapNamespace).Update(t.Context(), object, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.Put(t.Context(), put); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("put: %v", err)
	}
	if err := r.Restore(t.Context()); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("restore: %v", err)
	}
	if object := now(t, a); object.Data[terway.ConflistName] != "{}" || len(object.Annotations) > 0 {
		t.Errorf("%q, %q", object.Data, object.Annotations)
	}
	if err := r.Put(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Client.CoreV1().ConfigMaps(terway.ConfigMapNamespace).Update(t.Context(), config("{}"), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.Restore(t.Context()); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("an object that knows nothing of the run: %v", err)
	}
}

// TestRestoreAfterOthers: where somebody has put the list back already, as those do who keep a cluster as its repository
// says, all that is left is to restart Terway: on the nodes of the run, and wherever it started meanwhile.
func TestRestoreAfterOthers(t *testing.T) {
	late := terwayPod("late", "late")
	late.CreationTimestamp = metav1.NewTime(time.Now().Add(time.Hour))
	early := terwayPod("early", "early")
	early.CreationTimestamp = metav1.NewTime(time.Now().Add(-time.Hour))
	a, restarts := restarting(t, config(before), ready("a", ""), ready("late", ""), ready("early", ""), terwayPod("a", "a"), terwayPod("gone", "gone"), late, early)
	r := replacement(a, "a", "gone")
	if err := r.Put(t.Context(), map[string]string{terway.ConflistName: after}); err != nil {
		t.Fatal(err)
	}
	pods := a.Client.(*fake.Clientset).Tracker()
	if err := pods.Delete(corev1.SchemeGroupVersion.WithResource("pods"), terway.ConfigMapNamespace, "terway-gone"); err != nil {
		t.Fatal(err)
	}
	object := now(t, a)
	object.Data[terway.ConflistName] = before
	if _, err := a.Client.CoreV1().ConfigMaps(terway.ConfigMapNamespace).Update(t.Context(), object, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if object := now(t, a); object.Data[terway.ConflistName] != before || len(object.Annotations) > 0 {
		t.Errorf("%q, %q", object.Data, object.Annotations)
	}
	if restarts["a"] != 1 || restarts["late"] != 1 || restarts["early"] != 0 || restarts["gone"] != 0 {
		t.Errorf("%v", restarts)
	}
}

// TestNotReady: a list that would break pods is not put in place.
func TestNotReady(t *testing.T) {
	for what, list := range map[string]string{"no plugin tuning": `{"plugins":[{"type":"terway"},{"type":"tuning"}]}`, "no pod of Terway": after} {
		a, restarts := restarting(t, config(before), ready("a", ""), terwayPod("a", "a"))
		nodes := []string{"a"}
		if what == "no pod of Terway" {
			nodes = append(nodes, "virtual")
		}
		err := replacement(a, nodes...).Replace(t.Context(), map[string]string{terway.ConflistName: list}, func() {})
		if err == nil || !strings.Contains(err.Error(), what) || len(restarts) > 0 || now(t, a).Data[terway.ConflistName] != before {
			t.Errorf("%s: %v, %v", what, err, restarts)
		}
	}
}

// TestUndo: cleanup takes back what a run left that was killed.
func TestUndo(t *testing.T) {
	a, restarts := restarting(t, config(before), ready("a", ""), terwayPod("a", "a"))
	a.Lifetime = -time.Minute
	if err := replacement(a, "a").Put(t.Context(), map[string]string{terway.ConflistName: after}); err != nil {
		t.Fatal(err)
	}
	gone, err := (&Access{Client: a.Client}).Undo(t.Context(), false)
	if err != nil || len(gone) != 1 || restarts["a"] != 1 {
		t.Errorf("%q, %v, %v", gone, err, restarts)
	}
	if object := now(t, a); object.Data[terway.ConflistName] != before || len(object.Annotations) > 0 {
		t.Errorf("%q, %q", object.Data, object.Annotations)
	}
	if gone, err := access().Undo(t.Context(), true); gone != nil || err != nil {
		t.Errorf("a cluster without Terway: %q, %v", gone, err)
	}
}

// TestOwn: a spec's own chain has the entry of Terway that the cluster has.
func TestOwn(t *testing.T) {
	f := &fleet{live: config(before).Data}
	whole, err := f.own(conformance.Chain(conformance.PlainTerway, conformance.PlainPortmap))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"plugins":[{"type":"terway","eniip_virtual_type":"Veth"},` + conformance.PlainPortmap + `]}`
	if whole[terway.ConflistName] != want || whole[terway.ENIConfKey] != f.live[terway.ENIConfKey] {
		t.Errorf("%s", whole[terway.ConflistName])
	}
	f.live = config("").Data
	if whole, err = f.own(conformance.Chain(conformance.PlainTerway)); err != nil || whole[terway.ConflistName] != `{"plugins":[{"type":"terway"}]}` {
		t.Errorf("%s, %v", whole[terway.ConflistName], err)
	}
}

// TestTerwayRefuses: an init container that fails is the chain's fault.
func TestTerwayRefuses(t *testing.T) {
	pod := terwayPod("a", "a")
	pod.Status.Conditions = nil
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "terway-init", RestartCount: 1, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}}}
	a, _ := restarting(t, ready("a", ""), pod)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := Terway{a.Client, time.Minute}.Await(ctx, Awaited{Node: "a"})
	if start := (*conformance.StartError)(nil); !errors.As(err, &start) || start.Stage != conformance.StageTerway {
		t.Errorf("%v", err)
	}
}

// TestComplaint: what Terway prints of eni_conf is nobody's business.
func TestComplaint(t *testing.T) {
	for line, want := range map[string]string{
		"Error: unexpected plugin\n": "Error: unexpected plugin", "eni config: {VSwitches:map[a:b]}\n": "", "task: get eni configerror: no node\n": "task: get eni configerror: no node", "": "",
	} {
		if got := complaint(line); got != want {
			t.Errorf("%q: %q", line, got)
		}
	}
}

// TestRefusals: what the linter has an error about is not put on a cluster, whichever its nodes are.
func TestRefusals(t *testing.T) {
	var f terway.Facts
	f.KubeProxyMode, f.IPStack, f.ContainerRuntime, f.Terway.Version = terway.KubeProxyIptables, "ipv4", "containerd", terway.Newest
	f.CNIPlugins.Installed = []string{"portmap"}
	good, bad := conformance.Chain(conformance.PlainTerway, conformance.PlainPortmap), config(`{"plugins":[{"type":"terway"},{"type":"tuning"}]}`).Data
	if wrong := Refusals(good, f); wrong != nil {
		t.Errorf("%q", wrong)
	}
	for _, facts := range []terway.Facts{f, {PoolFacts: terway.PoolFacts{}, NodePools: []terway.NodePool{{Name: "a", PoolFacts: f.PoolFacts}}}} {
		if wrong := Refusals(bad, facts); len(wrong) != 1 || !strings.Contains(wrong[0], "tuning") {
			t.Errorf("%q", wrong)
		}
	}
}
