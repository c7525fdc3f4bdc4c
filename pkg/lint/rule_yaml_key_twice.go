// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"errors"

	"github.com/chainlint/chainlint/internal/manifest"
)

var yamlKeyTwice = Rule{
	ID:      "yaml-key-twice",
	Title:   "a YAML key stands twice",
	Impact:  Silent,
	Lost:    true,
	Proof:   "kustomize refuses it, kpt keeps both, kubectl keeps one (run)",
	Sources: []string{"YAML 1.2, section 3.2.1.1 (keys are unique)"},
	Object: func(p *ObjectPass) {
		if !p.concernsENIConfig() {
			return
		}
		var twice *manifest.Error
		if errors.As(p.Unique(), &twice) {
			p.ReportAt(twice.Position, "%s: tools disagree about which one counts. Keep one", twice.Reason)
		}
	},
}

// concernsENIConfig: a ConfigMap that is, or is meant to be, eni-config.
func (p *ObjectPass) concernsENIConfig() bool {
	return p.Ref().Kind == "ConfigMap" && (isENIConfig(p.Object) || holdsChain(p.Object))
}
