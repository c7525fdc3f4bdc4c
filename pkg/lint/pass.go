// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Pass is all that a rule may look at: one chain as the nodes of one pool see it.
type Pass struct {
	*view
	rule *Rule
	run  *run
}

// Report adds a finding with the rule's impact.
func (p *Pass) Report(at Place, format string, args ...any) *Finding {
	return p.ReportAs(p.rule.Impact, p.rule.Lost, at, format, args...)
}

// ReportAs adds a finding with another impact than the rule's worst. lost: a requested function is lost.
func (p *Pass) ReportAs(impact Impact, lost bool, at Place, format string, args ...any) *Finding {
	f := &Finding{
		Rule: p.rule, Impact: impact, Severity: SeverityOf(impact, lost), Message: fmt.Sprintf(format, args...),
		Object: p.chain.Ref(), Place: at, File: p.chain.File,
	}
	for _, e := range p.entries {
		if e.Key != "" && e.Key == at.Key && (at.Pointer == e.Pointer || strings.HasPrefix(at.Pointer, e.Pointer+"/")) {
			f.PluginType = e.Type
		}
	}
	return p.run.add(f, p.pool.Name)
}

// Needs notes that the rule cannot judge without these facts.
func (p *Pass) Needs(facts ...string) {
	if len(facts) > 0 {
		p.run.need(p.rule.ID, facts)
	}
}

// Has tells whether the Terway on the nodes has a feature. known is false where the facts do not name its
// release and releases differ.
func (p *Pass) Has(f terway.Feature) (has, known bool) {
	return p.features[f], p.versionKnown || terway.Since(f) == "" || p.pool.Has(f)
}

// Lacks tells whether it is known not to have the feature; where that is unknown, terway.version is needed.
func (p *Pass) Lacks(f terway.Feature) bool {
	has, known := p.Has(f)
	if !known {
		p.Needs("terway.version")
		return false
	}
	return !has
}

// Plugins are the written entries of a type that run, with everything that stands before them.
func (p *Pass) Plugins(kind string) []*Entry {
	return slices.DeleteFunc(slices.Clone(p.entries), func(e *Entry) bool { return e.Type != kind || e.Key == "" })
}

// Written are all entries that somebody wrote.
func (p *Pass) Written() []*Entry {
	return slices.DeleteFunc(slices.Clone(p.entries), func(e *Entry) bool { return e.Key == "" })
}

// Version of a reference plugin on the nodes, "" where it is unknown.
func (p *Pass) Version(plugin string) string { return p.pool.PluginVersion(plugin) }

// LacksPlugin tells whether the plugin on the nodes is known to be without a feature; where its release is
// unknown, that fact is needed.
func (p *Pass) LacksPlugin(plugin string, f cni.Feature) bool {
	version := p.Version(plugin)
	if version == "" {
		p.Needs("cniPlugins.version")
	}
	return cni.Lacks(version, f)
}

// Datapath of the nodes: what the facts say runs, else what the chain resolves to; "" where that is unknown.
func (p *Pass) Datapath() string {
	if p.datapath == nil {
		found := p.findDatapath()
		p.datapath = &found
	}
	return *p.datapath
}

// NeedsDatapath notes which fact would tell the datapath.
func (p *Pass) NeedsDatapath() { p.Needs("terway.datapath") }

// IPStack of the cluster: the facts, else eni_conf; "" where neither tells.
func (p *Pass) IPStack() string {
	return cmp.Or(p.pool.IPStack, terway.IPStackOf(p.chain.Texts[terway.ENIConfKey]))
}

// Doc is the parsed text of a key, nil where it is absent or broken.
func (p *Pass) Doc(key string) *conflist.Node { return p.chain.Docs[key] }

// At is a value of the document under a key.
func (p *Pass) At(key, pointer string, n *conflist.Node) Place { return nodePlace(key, pointer, n) }

// Key is the name of a ConfigMap key.
func (p *Pass) Key(key string) Place { return keyPlace(key) }
