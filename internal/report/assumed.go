// SPDX-License-Identifier: Apache-2.0

package report

import (
	"github.com/chainlint/chainlint/pkg/lint"
)

// row is one chain now and under the assumption; waived findings are left out.
type row struct {
	file, facts string
	now, then   []*lint.Finding
}

func (r *Report) rows() []row {
	var all []row
	for _, then := range r.Results {
		one := row{file: then.Chain.File, facts: r.Facts[then.Chain]}
		one.then = counting(then.Findings)
		if now := r.Assumed.Now[then.Chain]; now != nil {
			one.now = counting(now.Findings)
		}
		all = append(all, one)
	}
	return all
}
