// SPDX-License-Identifier: Apache-2.0

// Package render turns ChainIntents (what a team wants of its CNI chain) and ClusterFacts (what is true
// of its cluster) into the ConfigMap kube-system/eni-config.
//
// A rendering goes in four steps, a file each: compose.go puts the intents together, decide.go asks the
// facts what that takes on this cluster and what forbids it, chain.go writes the plugins, and
// render.go puts them into the ConfigMap. fn.go is the same as a KRM function. What is wrong comes as
// a list of [Problem]; then nothing is changed.
package render
