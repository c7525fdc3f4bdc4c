// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Reason is why a part of the chain is there.
type Reason struct {
	// Pointer into the rendered list.
	Pointer string
	// Value in one line.
	Value string
	// Intent behind it, "" where there is none, and the pointer into its object.
	Intent        *Intent
	IntentPointer string
	// Fact behind it, "" where there is none.
	Fact string
}

// chain is the rendered list and why it is so.
type chain struct {
	plugins []string
	types   []string
	reasons []Reason
}

// portmapEntry fixes the order of the keys that are written.
type portmapEntry struct {
	Type                 string          `json:"type"`
	Capabilities         map[string]bool `json:"capabilities"`
	Backend              string          `json:"backend,omitempty"`
	MasqAll              *bool           `json:"masqAll,omitempty"`
	ExternalSetMarkChain string          `json:"externalSetMarkChain,omitempty"`
}

// build writes the plugins in the one order there is: the first plugin, portmap, tuning, raw entries.
func (p plan) build(first *conflist.Node) chain {
	c := chain{}
	c.first(p, first)
	if p.exposure != nil && !p.ownPortmap {
		c.portmap(p)
	}
	c.tuning(p)
	for _, raw := range p.raw {
		c.add(raw.kind, raw.value.Text)
		c.because("", raw.kind, &raw.intent, raw.pointer, "")
	}
	return c
}

func (c *chain) add(kind, text string) {
	c.plugins, c.types = append(c.plugins, text), append(c.types, kind)
}

// because records a reason for a part of the plugin added last.
func (c *chain) because(pointer, value string, intent *Intent, intentPointer, fact string) {
	r := Reason{Pointer: fmt.Sprintf("/plugins/%d%s", len(c.plugins)-1, pointer), Value: value, Intent: intent, Fact: fact}
	if intent != nil {
		r.IntentPointer = intent.Root + intentPointer
	}
	c.reasons = append(c.reasons, r)
}

// first is the content of 10-terway.conf plus the documented additions, member by member as written.
// Numbers of symmetric routing that the conf has stay, but for those that an intent names.
func (c *chain) first(p plan, conf *conflist.Node) {
	public := p.exposure != nil && p.exposure.value == Public
	var members []string
	for _, m := range conf.Members {
		if !public || !slices.Contains(terway.AdditiveKeys, m.Name()) {
			members = append(members, m.Key.Text+":"+m.Value.Text)
		}
	}
	if public {
		members = append(members, quoted(terway.SymmetricKey)+":true")
	}
	if config := p.symmetricText(conf.Get(terway.SymmetricConfigKey)); public && config != "" {
		members = append(members, quoted(terway.SymmetricConfigKey)+":"+config)
	}
	c.add(terway.PluginType, "{"+strings.Join(members, ",")+"}")
	c.because("", terway.PluginType, nil, "", "10-terway.conf")
	if public {
		c.because("/"+terway.SymmetricKey, "true", &p.exposure.intent, p.exposure.pointer, "terway.version from "+terway.Since(terway.SymmetricRouting)+" on")
	}
	for _, m := range p.symmetricConfig {
		c.because("/"+terway.SymmetricConfigKey+"/"+m.key, fmt.Sprint(m.value), &m.intent, m.pointer, "")
	}
}

// symmetricText is the configuration as it is written, "" for none.
func (p plan) symmetricText(conf *conflist.Node) string {
	if conf != nil && conf.Kind != conflist.Object {
		return conf.Text
	}
	var members []string
	if conf != nil {
		for _, m := range conf.Members {
			if !slices.ContainsFunc(p.symmetricConfig, func(own member) bool { return own.key == m.Name() }) {
				members = append(members, m.Key.Text+":"+m.Value.Text)
			}
		}
	}
	for _, m := range p.symmetricConfig {
		text, _ := json.Marshal(m.value)
		members = append(members, quoted(m.key)+":"+string(text))
	}
	if len(members) == 0 && conf == nil {
		return ""
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (c *chain) portmap(p plan) {
	entry := portmapEntry{Type: cni.Portmap, Capabilities: map[string]bool{"portMappings": true}, Backend: p.backend, MasqAll: p.masqAll}
	if p.markChain != nil {
		entry.ExternalSetMarkChain = p.markChain.value
	}
	text, _ := json.Marshal(entry)
	c.add(cni.Portmap, string(text))
	c.because("", cni.Portmap, &p.exposure.intent, p.exposure.pointer, "")
	if p.backend != "" {
		c.becauseOf(p, "backend", p.backend, p.wish.backend)
	}
	if p.masqAll != nil {
		c.becauseOf(p, "masqAll", fmt.Sprint(*p.masqAll), p.wish.masqAll)
	}
	if p.markChain != nil {
		c.because("/externalSetMarkChain", p.markChain.value, &p.markChain.intent, p.markChain.pointer, "kubeProxyMode")
	}
}

// becauseOf names the intent that asked for a key, or the fact that needs it.
func (c *chain) becauseOf(p plan, key, value string, by interface{ source() (*Intent, string) }) {
	intent, pointer := by.source()
	if intent == nil {
		intent, pointer = &p.exposure.intent, p.exposure.pointer
	}
	c.because("/"+key, value, intent, pointer, p.because[key])
}

// source of a value that may not have been said.
func (s *said[T]) source() (*Intent, string) {
	if s == nil {
		return nil, ""
	}
	return &s.intent, s.pointer
}

// tuning writes the page's three sysctls in the page's order, then the others by name.
func (c *chain) tuning(p plan) {
	type line struct {
		name, value string
		by          said[string]
	}
	var lines []line
	if p.linkLocal != nil && p.linkLocal.value == Disabled {
		for _, name := range cni.LinkLocalSysctls {
			lines = append(lines, line{name, "1", *p.linkLocal})
		}
	}
	others := slices.Clone(p.sysctls)
	slices.SortFunc(others, func(a, b sysctl) int { return strings.Compare(a.name, b.name) })
	for _, s := range others {
		if !slices.ContainsFunc(lines, func(l line) bool { return canonicalSysctl(l.name) == canonicalSysctl(s.name) }) {
			lines = append(lines, line{s.name, s.value, s.said})
		}
	}
	if lines == nil {
		return
	}
	members := make([]string, len(lines))
	for i, l := range lines {
		members[i] = quoted(l.name) + ":" + quoted(l.value)
	}
	c.add(cni.Tuning, `{"type":"tuning","sysctl":{`+strings.Join(members, ",")+`}}`)
	c.because("", cni.Tuning, &lines[0].by.intent, lines[0].by.pointer, "")
	for _, l := range lines {
		c.because("/sysctl/"+conflist.EscapePointer(l.name), l.value, &l.by.intent, l.by.pointer, "")
	}
}

func quoted(s string) string { return conflist.Quote(s) }

// conflistText is the canonical text of the whole list; chainText that of cni_chain, which has no
// first plugin.
func (c chain) conflistText() (string, error) {
	return format(`{"plugins":[` + strings.Join(c.plugins, ",") + `]}`)
}

func (c chain) chainText() (string, error) {
	return format("[" + strings.Join(c.plugins[1:], ",") + "]")
}

func format(text string) (string, error) {
	node, err := conflist.Parse(text)
	if err != nil {
		return "", err
	}
	return conflist.Format(node), nil
}
