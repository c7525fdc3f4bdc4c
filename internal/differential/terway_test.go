// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"context"
	"net/netip"

	"github.com/chainlint/chainlint/conformance/stub"
)

// podArgs name the one pod, and so its link on the node.
var podArgs = [][2]string{{"K8S_POD_NAMESPACE", "default"}, {"K8S_POD_NAME", "p"}}

// hostLink is the host's end of the pod's interface.
var hostLink = stub.Call{Args: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=p"}.HostLink()

// Allocate gives every pod the same address: there is one at a time.
func (n *node) Allocate(context.Context, string) (stub.Allocation, error) {
	given := stub.Allocation{Addresses: []stub.Address{{Prefix: netip.MustParsePrefix("10.0.1.5/24"), Gateway: netip.MustParseAddr("10.0.1.253")}}}
	if n.dual {
		given.Addresses = append(given.Addresses, stub.Address{Prefix: netip.MustParsePrefix("fd00:1::5/64"), Gateway: netip.MustParseAddr("fd00:1::fd")})
	}
	return given, nil
}

// Release implements stub.Daemon.
func (n *node) Release(context.Context, string) error { return nil }
