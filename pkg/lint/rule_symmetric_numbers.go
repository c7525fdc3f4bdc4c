// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var symmetricNumbersWrong = Rule{
	ID:      "symmetric-numbers",
	Title:   "symmetric routing with numbers that divert packets",
	Impact:  Traffic,
	Lost:    true,
	Defeats: []string{PublicHostPorts},
	Proof:   "packets: public clients get no answer, packets carry marks of somebody else, or other traffic is diverted (HP-023, VAR-016, VAR-017, VAR-018, VAR-019; mutants NC-26 and NC-28 to NC-30)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/symmetric.go", "AliyunContainerService/terway:plugin/datapath/policy_router_linux.go (priorities 512 and 2048)"},
	Check: func(p *Pass) {
		e := p.firstTerway()
		if e == nil {
			return
		}
		config, read := e.Get(terway.SymmetricConfigKey), predict.ReadSymmetric(e.Node)
		if config == nil || config.Kind != conflist.Object || read.Undecodable {
			return
		}
		if !read.Asked {
			p.ReportAs(Silent, false, e.At("/"+terway.SymmetricConfigKey, config), "symmetric_routing is not on, so this configuration has no effect: add \"symmetric_routing\": true, or remove it")
			return
		}
		p.symmetricNumbersOf(e, config, read.Problems)
	},
}

func (p *Pass) symmetricNumbersOf(e *Entry, config *conflist.Node, problems []terway.SymmetricProblem) {
	pointer := "/" + terway.SymmetricConfigKey
	for _, bad := range problems {
		at := e.At(pointer, config)
		if m := config.Fold(bad.Key); m != nil {
			at = e.At(pointer+"/"+conflist.EscapePointer(m.Name()), m.Value)
		}
		p.Report(at, "%s", bad.Reason)
	}
	for _, m := range config.Members {
		number, err := strconv.ParseInt(m.Value.Text, 10, 64)
		if err == nil && number <= 0 {
			p.ReportAs(Silent, false, e.At(pointer+"/"+conflist.EscapePointer(m.Name()), m.Value), "%s is %d, and Terway takes its default for everything that is not positive: write the number that you mean, or leave it out", m.Name(), number)
		}
	}
}
