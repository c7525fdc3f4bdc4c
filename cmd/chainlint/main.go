// SPDX-License-Identifier: Apache-2.0

// Command chainlint renders, checks and explains the CNI chain of clusters that run Terway: a table of
// subcommands (run.go), each a function from arguments and streams to an exit code.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
