// SPDX-License-Identifier: Apache-2.0

// Package predict says what clients of a host port, and programs in a pod, will see of a chain: a [World] is what
// a node runs, as far as that is known, and its methods are what follows. The linter finds mistakes with it, and
// the conformance suite compares it with packets.
//
// Everything here is a pure function of a World. A fact that is not known stays unknown: an answer that depends on
// it is unknown, too, and names it. An answer that is unknown without a fact to ask for is beyond this model.
//
// Of a chain, portmap, tuning and symmetric routing are looked at; that its other plugins work is taken for
// granted, and so is a node on which iptables works. The rules are those of portmap v1.1.1 to v1.9.1.
package predict
