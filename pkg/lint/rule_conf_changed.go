// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var confChanged = Rule{
	ID:      "conf-changed",
	Title:   "10-terway.conf was changed",
	Impact:  Init,
	Lost:    true,
	Proof:   "by reading: every component of Terway reads the key",
	Sources: []string{"vendor page: \"Do not modify the original configuration file\"", "AliyunContainerService/terway:cmd/terway-cli/policy.go (cilium is started by it)"},
	Check: func(p *Pass) {
		before := p.before()
		if before == nil {
			return
		}
		was, is := before.Docs[terway.ConfKey], p.Doc(terway.ConfKey)
		_, there := p.chain.Texts[terway.ConfKey]
		switch {
		case was == nil || is == nil && there || is != nil && conflist.Same(was, is):
		case !there && !p.chain.Fragment && !p.chain.annotatedPartial():
			p.ReportAs(Init, true, objectPlace("/data", true), "10-terway.conf was removed, and Terway's init container fails without it: restore it, or annotate the ConfigMap %s: \"true\" where the add-on owns it", PartialAnnotation)
		case is != nil:
			p.changedConf(was, is)
		}
	},
}

// changedConf points at the members that differ.
func (p *Pass) changedConf(was, is *conflist.Node) {
	for _, name := range was.Names() {
		if is.Get(name) == nil {
			p.ReportAs(Traffic, true, p.At(terway.ConfKey, "", is), "%s (%s) was removed from 10-terway.conf, which belongs to Terway's add-on: restore it, unless the add-on changed it", name, shown(name, was.Get(name)))
		}
	}
	for _, name := range is.Names() {
		if old := was.Get(name); old == nil || !conflist.Same(old, is.Get(name)) {
			p.ReportAs(Traffic, true, p.At(terway.ConfKey, "/"+conflist.EscapePointer(name), is.Get(name)), "%s of 10-terway.conf was changed, which belongs to Terway's add-on: restore it, unless the add-on changed it", name)
		}
	}
}
