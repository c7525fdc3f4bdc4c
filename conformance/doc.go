// SPDX-License-Identifier: Apache-2.0

// Package conformance will prove with packets that a chain does what its intents say: one suite, the same
// specs in network namespaces, on kind and on any cluster. What a node runs comes from pkg/terway's
// Effective, never from the declared list.
//
// This version has no specs yet; chainlint-conformance says so and exits with 3.
package conformance
