// SPDX-License-Identifier: Apache-2.0

// Package input reads what a command is given: files, directories, kustomizations composed in process, the
// eni-config in them and the facts that go with it. What is wrong comes as [render.Problems] with a place.
package input
