// SPDX-License-Identifier: Apache-2.0

// Package lint says what a CNI chain does to a cluster. What a change between two chains does is in
// change.go; its words for consequences are those of every finding ([Impact], [Severity]).
package lint
