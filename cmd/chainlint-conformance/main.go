// SPDX-License-Identifier: Apache-2.0

// Command chainlint-conformance is where the conformance suite will run from. It is a binary of its own so
// that the linter carries no test runner.
package main

import (
	"fmt"
	"os"
)

// exitCouldNotRun is the contract's code for a run that did not take place.
const exitCouldNotRun = 3

func main() {
	fmt.Fprintln(os.Stderr, "chainlint-conformance: this version has no specs yet, so nothing was proven; chainlint effective shows what a node would run")
	os.Exit(exitCouldNotRun)
}
