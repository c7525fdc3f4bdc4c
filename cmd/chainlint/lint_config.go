// SPDX-License-Identifier: Apache-2.0

package main

// configName is the file that configures the linter.
const configName = ".chainlint.yaml"

// lintConfig is the configuration of a run.
type lintConfig struct{}
