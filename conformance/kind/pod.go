// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/probe"
)

// pod is a pod on a node whose runtime can be reached.
type pod struct {
	*cluster.Pod
	node string
}

// findSandbox finds the process that holds a pod's namespaces, by the pod's UID.
const findSandbox = `id=$(ctr --namespace=k8s.io containers ls -q 'labels."io.kubernetes.pod.uid"==%s,labels."io.cri-containerd.kind"==sandbox')
`

// recreateLimit is how long a kubelet may take to make a sandbox again.
const recreateLimit = 40 * time.Second

// Recreate implements conformance.Recreated.
func (p *pod) Recreate(ctx context.Context) error {
	kill := fmt.Sprintf(findSandbox, p.UID()) + `ctr --namespace=k8s.io tasks kill --signal KILL "$id"` + "\n"
	return p.Resume(ctx, recreateLimit, func(ctx context.Context) error { return script(ctx, p.node, kill) })
}

// Change implements conformance.Tinkerer, with the rights of the node: the pod has none.
func (p *pod) Change(ctx context.Context, c probe.Change) error {
	enter := fmt.Sprintf(findSandbox, p.UID()) + `pid=$(ctr --namespace=k8s.io tasks ls | awk -v id="$id" '$1 == id { print $2 }')
exec nsenter --net=/proc/"$pid"/ns/net "$@"`
	inside, err := inContainer(p.node, "sh", "-c", enter, "sh")
	if err != nil {
		return err
	}
	defer inside.Close() //nolint:errcheck // it was there for one change
	return inside.Change(ctx, c)
}

// inContainer is an agent with all rights in a container; before it come words of the command that runs it.
func inContainer(name string, before ...string) (*agent.Remote, error) {
	args := append([]string{"exec", "-i", name}, before...)
	cmd := exec.Command("docker", append(args, agentPath, "agent", "serve")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal is the parent's to handle
	return cluster.Command(cmd)
}

// staticKind is what pods are of that a kubelet reads from a file.
const staticKind = "static pod"

// Kinds implements conformance.Workloads.
func (e *environment) Kinds() []string { return append(e.Environment.Kinds(), staticKind) }

// Make implements conformance.Workloads.
func (e *environment) Make(ctx context.Context, kind string, spec conformance.PodSpec) (conformance.Workload, error) {
	if kind != staticKind {
		return e.Environment.Make(ctx, kind, spec)
	}
	if len(spec.Ports) > 0 {
		return nil, errors.New("a static pod of the suite has no ports")
	}
	object := e.Template(e.World.Node, spec)
	object.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
	object.Name, object.GenerateName = "static-"+e.Access.ID, ""
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	s := &static{environment: e, name: object.Name}
	put := fmt.Sprintf("cat > %s/.new && mv %[1]s/.new %s", manifests, s.file()) // the kubelet never sees half of it
	if _, err := dockerWith(ctx, string(text), "exec", "-i", e.World.Node, "sh", "-c", put); err != nil {
		return nil, errors.Join(err, s.Delete(ctx))
	}
	return s, nil
}

// static is a static pod as a workload.
type static struct {
	*environment
	name string
	pod  *cluster.Pod
}

// manifests is the directory where kubeadm's kubelets look for static pods.
const manifests = "/etc/kubernetes/manifests"

func (s *static) file() string { return manifests + "/" + s.name + ".json" }

// mirror is the name of the pod that the kubelet shows in its place.
func (s *static) mirror() string { return s.name + "-" + s.World.Node }

// Pods implements conformance.Workload.
func (s *static) Pods(ctx context.Context) ([]conformance.Pod, error) {
	var err error
	s.pod, err = s.Access.Join(ctx, s.mirror())
	return []conformance.Pod{s.pod}, err
}

// Update implements conformance.Workload.
func (s *static) Update(context.Context) error { return errors.New("static pods are not updated") }

// Delete implements conformance.Workload.
func (s *static) Delete(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyLimit)
	defer cancel()
	if s.pod != nil && s.pod.Remote != nil {
		_ = s.pod.Close()
	}
	if err := script(ctx, s.World.Node, "rm -f "+s.file()+"\n"); err != nil {
		return err
	}
	return wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		_, err := s.Access.Client.CoreV1().Pods(s.Access.Namespace).Get(ctx, s.mirror(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}
