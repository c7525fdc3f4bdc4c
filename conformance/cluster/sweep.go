// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/metadata"
)

// made are the kinds of objects that a run makes in its namespace: those first that make others.
var made = []schema.GroupVersionResource{
	{Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "apps", Version: "v1", Resource: "daemonsets"},
	{Group: "apps", Version: "v1", Resource: "statefulsets"},
	{Group: "batch", Version: "v1", Resource: "cronjobs"},
	{Group: "batch", Version: "v1", Resource: "jobs"},
	{Version: "v1", Resource: "services"},
	{Version: "v1", Resource: "pods"},
}

// Sweep removes what this run made in a namespace that is not its own, and waits until it is gone.
func (a *Access) Sweep(ctx context.Context) error {
	_, err := a.sweep(ctx, RunLabel+"="+a.ID, func(metav1.Object) bool { return true })
	return err
}

// SweepExpired removes what runs made in a namespace that is not theirs and has expired, or all of it, and names it.
func (a *Access) SweepExpired(ctx context.Context, all bool) ([]string, error) {
	return a.sweep(ctx, ManagedBy+"="+Manager+","+RunLabel, func(o metav1.Object) bool { return all || expired(o) })
}

func (a *Access) sweep(ctx context.Context, selector string, old func(metav1.Object) bool) (gone []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, removeLimit)
	defer cancel()
	client, err := metadata.NewForConfig(a.Rest)
	if err != nil {
		return nil, err
	}
	for _, kind := range made {
		names, err := sweepKind(ctx, client.Resource(kind).Namespace(a.Namespace), selector, old)
		for _, name := range names {
			gone = append(gone, kind.Resource+" "+a.Namespace+"/"+name)
		}
		if err != nil {
			return gone, fmt.Errorf("remove %s of runs in %s: %w", kind.Resource, a.Namespace, err)
		}
	}
	return gone, nil
}

// sweepKind removes objects of one kind until none is left.
func sweepKind(ctx context.Context, client metadata.ResourceInterface, selector string, old func(metav1.Object) bool) ([]string, error) {
	var gone []string
	grace, background := int64(1), metav1.DeletePropagationBackground
	first := true
	err := wait.PollUntilContextCancel(ctx, again, true, func(ctx context.Context) (bool, error) {
		found, err := client.List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return false, err
		}
		left := 0
		for i := range found.Items {
			o := &found.Items[i]
			if !old(o) {
				continue
			}
			left++
			if first || o.DeletionTimestamp == nil {
				gone = append(gone, o.Name)
				err := client.Delete(ctx, o.Name, metav1.DeleteOptions{GracePeriodSeconds: &grace, PropagationPolicy: &background})
				if err != nil && !apierrors.IsNotFound(err) {
					return false, err
				}
			}
		}
		first = false
		return left == 0, nil
	})
	if wait.Interrupted(err) {
		err = errors.New("they do not go in time")
	}
	return gone, err
}

// Clean removes namespaces of runs that have expired, or all of them, and names them. selector, "" for none, is for fewer.
func (a *Access) Clean(ctx context.Context, selector string, all bool) ([]string, error) {
	labels := []string{ManagedBy + "=" + Manager, RunLabel}
	if selector != "" {
		labels = append(labels, selector)
	}
	found, err := a.Client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: strings.Join(labels, ",")})
	if err != nil {
		return nil, fmt.Errorf("list the namespaces of runs: %w", err)
	}
	var gone []string
	for i := range found.Items {
		n := &found.Items[i]
		if !all && !expired(n) {
			continue
		}
		if err := Remove(ctx, a.Client, n.Name); err != nil {
			return gone, err
		}
		gone = append(gone, "namespace "+n.Name)
	}
	return gone, nil
}
