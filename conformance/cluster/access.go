// SPDX-License-Identifier: Apache-2.0

// Package cluster is the environment of the conformance suite that is a Kubernetes cluster: any one that a kubeconfig
// leads to. Everything that it makes is in a namespace of its own, which says until when it may live. Of the chain and of
// Terway it only reads, but where somebody lets it replace the chain for a while.
package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// Labels and annotations of everything that a run makes.
const (
	ManagedBy = "app.kubernetes.io/managed-by"
	Manager   = "chainlint"
	RunLabel  = "chainlint.dev/run"
	// EnvironmentLabel of namespaces whose runs are not of just any cluster.
	EnvironmentLabel = "chainlint.dev/environment"
	ExpiresAt        = "chainlint.dev/expires"
	NamespacePrefix  = "chainlint-conformance-"
)

// Lifetime of what a run makes, after which cleanup takes it for abandoned, and its pods end by themselves.
const Lifetime = time.Hour

// Access is a cluster, and the part of it that belongs to one run.
type Access struct {
	Rest   *rest.Config
	Client kubernetes.Interface
	// Context is the name of the kubeconfig's, "" where there is none.
	Context string
	// Namespace of the run, and the image of its pods.
	Namespace, Image string
	// Environment that a namespace is labelled with, "" for none.
	Environment string
	// ID of the run, which is a label of everything that it makes.
	ID string
	// Pull is when the image is fetched.
	Pull corev1.PullPolicy
	// Lifetime of what is made, [Lifetime] where it is zero.
	Lifetime time.Duration
}

// dialLimit bounds the first question to a cluster.
const dialLimit = 10 * time.Second

// Connect reads a kubeconfig, "" for the one that kubectl would take, and asks the cluster for its version.
func Connect(ctx context.Context, kubeconfig string) (*Access, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil)
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	a, err := NewAccess(config)
	if err != nil {
		return nil, err
	}
	if raw, err := loader.RawConfig(); err == nil {
		a.Context = raw.CurrentContext
	}
	return a, a.Ping(ctx)
}

// NewAccess is Connect for a configuration that is at hand, and asks nothing.
func NewAccess(config *rest.Config) (*Access, error) {
	klog.SetOutput(io.Discard) // a stream that ends is told by the calls that use it
	klog.LogToStderr(false)
	config.QPS, config.Burst = 50, 100 // specs wait for each other, not for a limit of this client
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("use the kubeconfig: %w", err)
	}
	return &Access{Rest: config, Client: client, Pull: corev1.PullIfNotPresent, ID: newID()}, nil
}

// Ping tells whether the cluster answers.
func (a *Access) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	if err := a.Client.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Error(); err != nil {
		return fmt.Errorf("the cluster at %s does not answer: %w", a.Rest.Host, err)
	}
	return nil
}

func (a *Access) lifetime() time.Duration { return cmp.Or(a.Lifetime, Lifetime) }

// newID is a word that nothing else is named by.
func newID() string { return strings.ToLower(rand.Text()[:8]) }

// labels of what a run makes.
func (a *Access) labels() map[string]string {
	return map[string]string{ManagedBy: Manager, RunLabel: a.ID}
}

// expiry says until when what is made now may live.
func (a *Access) expiry() map[string]string {
	return map[string]string{ExpiresAt: time.Now().Add(a.lifetime()).UTC().Format(time.RFC3339)}
}

// expired tells whether something of a run may be removed.
func expired(o metav1.Object) bool {
	until, err := time.Parse(time.RFC3339, o.GetAnnotations()[ExpiresAt])
	return err != nil || time.Now().After(until)
}

// CreateNamespace makes the namespace of a run. Host ports and the nodes' own network take the level privileged of
// pod security; the pods themselves have no privileges.
func (a *Access) CreateNamespace(ctx context.Context) error {
	a.Namespace = NamespacePrefix + a.ID
	labels := a.labels()
	if a.Environment != "" {
		labels[EnvironmentLabel] = a.Environment
	}
	labels["pod-security.kubernetes.io/enforce"] = "privileged"
	_, err := a.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: a.Namespace, Labels: labels, Annotations: a.expiry(),
	}}, metav1.CreateOptions{})
	if err != nil {
		a.Namespace = ""
		return fmt.Errorf("make a namespace for the run: %w", err)
	}
	return nil
}

// removeLimit bounds the removal of a namespace.
const removeLimit = 90 * time.Second

// Remove removes the namespace of a run: the pods first, so that the chain detaches them, and waits for the end.
func (a *Access) Remove(ctx context.Context) error {
	if a.Namespace == "" {
		return nil
	}
	return Remove(ctx, a.Client, a.Namespace)
}

// Remove removes a namespace and waits until it is gone.
func Remove(ctx context.Context, client kubernetes.Interface, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, removeLimit)
	defer cancel()
	there, err := client.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("remove the namespace %s: %w", namespace, err)
	case there.Labels[RunLabel] == "":
		return fmt.Errorf("the namespace %s is none that a run made, and stays", namespace)
	}
	grace := int64(1)
	pods := client.CoreV1().Pods(namespace)
	err = pods.DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &grace}, metav1.ListOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("remove the pods of %s: %w", namespace, err)
	}
	err = client.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("remove the namespace %s: %w", namespace, err)
	}
	err = wait.PollUntilContextCancel(ctx, again, true, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("the namespace %s is being removed, and is not gone yet: see kubectl get namespace %s -o yaml", namespace, namespace)
	}
	return err
}

// again is how often a cluster is asked that cannot be watched.
const again = 200 * time.Millisecond

// UseNamespace takes a namespace that somebody made.
func (a *Access) UseNamespace(ctx context.Context) error {
	_, err := a.Client.CoreV1().Pods(a.Namespace).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return fmt.Errorf("use the namespace %s: %w", a.Namespace, err)
	}
	return nil
}
