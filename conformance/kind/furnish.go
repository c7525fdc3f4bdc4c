// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Buildable says which fact no kind cluster can be built by.
func Buildable(f terway.PoolFacts) error {
	switch {
	case f.ContainerRuntime == terway.RuntimeCRIO:
		return fmt.Errorf("the nodes of kind run containerd, and the facts say containerRuntime: %s: --env netns calls plugins as it does", f.ContainerRuntime)
	case f.Node.IPv6 == terway.IPv6Disabled:
		return fmt.Errorf("the nodes of kind share this machine's kernel, and the facts say node.ipv6: %s: --env netns imitates that", f.Node.IPv6)
	}
	return nil
}

// furnish makes nodes what facts say of them: the allow-list of tuning, whose the ENIs are. Whether what pods send can be
// led past their netfilter is tried before a pod needs it.
func furnish(ctx context.Context, client kubernetes.Interface, nodes []string, setup conformance.Setup) error {
	f := setup.Facts
	label := any(nil)
	if f.Exclusive() {
		label = "eniOnly"
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]any{terway.ExclusiveENILabel: label}}})
	if err != nil {
		return err
	}
	for _, name := range nodes {
		if err := allow(ctx, name, f.Node.TuningAllowlist); err != nil {
			return err
		}
		if _, err := client.CoreV1().Nodes().Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("label the node %s: %w", name, err)
		}
	}
	if !bypassed(setup) {
		return nil
	}
	if _, err := dockerWith(ctx, stub.TryRedirect+"delete table netdev try\n", "exec", "-i", nodes[0], "nft", "-f", "-"); err != nil {
		return fmt.Errorf("the datapath cannot be imitated, because this kernel or nft cannot redirect packets before the host's netfilter: %w", err)
	}
	return nil
}

// allow writes the allow-list of tuning on a node, or removes it.
func allow(ctx context.Context, node string, list *terway.Allowlist) error {
	text, present := list.Text()
	if !present {
		return script(ctx, node, "rm -f "+terway.AllowlistFile+"\n")
	}
	_, err := dockerWith(ctx, text, "exec", "-i", node, "sh", "-c", "mkdir -p ${0%/*} && cat > $0", terway.AllowlistFile)
	return err
}
