// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
)

var numberLosesPrecision = Rule{
	ID:      "number-loses-precision",
	Title:   "a number that Terway writes differently",
	Impact:  Silent,
	Proof:   "the real terway-cli (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (gabs decodes numbers into float64)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			e.Walk(func(pointer string, n *conflist.Node) {
				value, err := strconv.ParseFloat(n.Text, 64)
				written := strconv.FormatFloat(value, 'f', -1, 64)
				if n.Kind == conflist.Number && !strings.ContainsAny(n.Text, ".eE") && err == nil && written != n.Text {
					p.Report(e.At(pointer, n), "Terway carries numbers as 64-bit floating point, so %s becomes %s: stay below 2^53", n.Text, written)
				}
			})
		}
	},
}
