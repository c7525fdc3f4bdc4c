// SPDX-License-Identifier: Apache-2.0

package conformance

import "github.com/chainlint/chainlint/conformance/probe"

// want is what a question must see while the pod runs: an answer, as the intent has it, or what the prediction
// says.
func (t *T) want(_ Ask, _ Port) Want {
	return Want{Outcome: probe.Answered}
}
