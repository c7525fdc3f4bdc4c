// SPDX-License-Identifier: Apache-2.0

// Package conformance proves with packets that a chain does what its intents say: one suite, the same specs in
// network namespaces, on kind and on any cluster.
//
// A [Spec] is one claim; its file holds those about one matter, data before code. It sees an [Environment] and
// never knows which one. What a node runs comes from pkg/terway's Effective, never from the declared list.
// Every spec goes closed, open, closed, every answer proves who gave it, and the source address that the pod saw
// is recorded. [Run] runs one spec; the Ginkgo suite (suite.go) and the mutants (mutants.go), which break chains
// and worlds on purpose and must be noticed, are made of it.
package conformance
