// SPDX-License-Identifier: Apache-2.0

// Package differential holds the linter against reality: chains, many of them broken, are merged as Terway
// does, loaded by libcni and attached with the real plugins of several releases, and what happens must be
// what the linter says. It is tests only; they take root, and leave the machine as it is.
package differential
