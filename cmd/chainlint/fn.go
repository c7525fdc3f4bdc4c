// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/chainlint/chainlint/internal/krm"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
)

func (a *app) fn(args []string) int {
	fs := a.flags("fn", "", "the KRM function: a ResourceList on stdin, one on stdout. Its functionConfig says what it does:\na ChainLint lints, everything else renders.")
	if rest, code, done := a.parse(fs, args); done {
		return code
	} else if len(rest) > 0 {
		a.say("fn takes no arguments, got %q", rest)
		return exitUsage
	}
	return krm.Run(a.In, a.out, a.err, function)
}

// kindLint is the configuration of the linting function.
const kindLint = "ChainLint"

// function picks what the configuration asks for.
func function(config *manifest.Object) krm.Function {
	if config != nil && render.IsOwn(config.Ref()) && config.Ref().Kind == kindLint {
		return &fnLint{}
	}
	return render.Function{}
}
