// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"net/netip"
)

// Tracer is a place whose packets can be followed; see [Traces].
type Tracer interface {
	// Trace begins to note TCP and UDP packets of connections that were made to one of the ports; collect ends it.
	// Packets that pass the host's netfilter by leave no trace.
	Trace(ctx context.Context, ports ...uint16) (collect func() (Trace, error), err error)
	// Policies are the rules of policy routing, both families, in the order in which they are tried.
	Policies(ctx context.Context) ([]Policy, error)
}

// Trace is how packets passed a node; equal ones are told once.
type Trace struct {
	// Marks of packets as they came in, before any address was translated. Ways that they were forwarded.
	Marks []Marked `json:"marks"`
	Ways  []Way    `json:"ways"`
}

// Marked is the mark of packets that came in.
type Marked struct {
	Port uint16 `json:"port"`
	Mark uint32 `json:"mark"`
	In   string `json:"in"`
}

// Way is by which links packets were forwarded. Reply: they are answers.
type Way struct {
	Port  uint16 `json:"port"`
	In    string `json:"in"`
	Out   string `json:"out"`
	Reply bool   `json:"reply"`
}

// Policy is a rule of policy routing. From and To are invalid where the rule does not ask.
type Policy struct {
	Priority   int          `json:"priority"`
	Mark, Mask uint32       `json:",omitzero"`
	From, To   netip.Prefix `json:",omitzero"`
	Table      int          `json:"table"`
}
