// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

// view is a chain as the nodes of one pool see it: what of the written text runs there.
type view struct {
	chain *Chain
	pool  terway.Pool
	// features of the Terway on the nodes; versionKnown is false where they are those of the newest release,
	// taken because the facts do not say.
	features     terway.Features
	versionKnown bool
	// source is the key that Terway reads the chain from, "" where it reads none of this ConfigMap.
	source string
	// result is what lands on the node, nil where Terway refuses or there is nothing to merge.
	result *terway.Result
	// refusal holds for every release that the facts allow; maybe for some of them only.
	refusal *terway.Refusal
	maybe   bool
	// entries are the plugins that run, in order; on a refusal those that are written.
	entries []*Entry
	// discarded: the node is exclusive-ENI and its Terway puts a constant in the chain's place.
	discarded bool
	// datapath of the nodes, found when it is first asked for.
	datapath *string
	// world is what runs there, mappers are the entries of portmap; both are found when they are first asked for.
	world   *predict.World
	mappers []portmapEntry
}

// Entry is one plugin that runs. A written one points at its text.
type Entry struct {
	*conflist.Node
	// Key and Pointer say where the entry is written; Key is "" for one that Terway puts in.
	Key, Pointer string
	// Type as written.
	Type string
	// Index in the list that runs.
	Index int
}

// newView decides what runs.
func newView(c *Chain, pool terway.Pool) *view {
	v := &view{chain: c, pool: pool}
	version := pool.Terway.Version
	if version != "" {
		features, err := terway.FeaturesOf(version, pool.Terway.Features)
		v.features, v.versionKnown = features, err == nil
	}
	if !v.versionKnown {
		v.features, _ = terway.FeaturesOf(terway.Newest, pool.Terway.Features)
	}
	v.chooseSource()
	if v.source != "" {
		v.merge()
		v.collect()
	}
	v.entries = v.entries[:min(len(v.entries), maxEntries)]
	return v
}

// maxEntries are judged of a list, so that a hostile one takes no more time than it is worth.
const maxEntries = 256

// chooseSource: cni_chain where the build reads it, else 10-terway.conflist, else 10-terway.conf.
func (v *view) chooseSource() {
	for _, key := range []string{terway.CNIChainKey, terway.ConflistName, terway.ConfKey} {
		_, present := v.chain.Texts[key]
		reads := key == terway.CNIChainKey && v.features[terway.CNIChain] ||
			key == terway.ConflistName && v.features[terway.ConflistKey] || key == terway.ConfKey
		if present && reads {
			v.source = key
			return
		}
	}
}

// data is the ConfigMap as Terway would mount it: what a partial manifest leaves out comes from the facts,
// or from what every cluster has.
func (v *view) data() map[string]string {
	data := maps.Clone(v.chain.Texts)
	if _, ok := data[terway.ConfKey]; !ok {
		data[terway.ConfKey] = v.conf()
	}
	return data
}

// conf is the text of 10-terway.conf; a plain entry stands in where nobody tells.
func (v *view) conf() string {
	if text, ok := v.chain.Texts[terway.ConfKey]; ok {
		return text
	}
	if v.pool.Terway.Conf != "" {
		return v.pool.Terway.Conf
	}
	return `{"type":"terway"}`
}

// merge asks [terway.Effective], for the release of the facts or for all that are possible.
func (v *view) merge() {
	v.result, v.refusal = v.effective(v.features)
	if v.versionKnown {
		return
	}
	for _, version := range terway.ChangingReleases() {
		features, err := terway.FeaturesOf(version, v.pool.Terway.Features)
		if err != nil {
			continue
		}
		if _, refusal := v.effective(features); (refusal == nil) != (v.refusal == nil) {
			v.maybe = true
		}
	}
}

func (v *view) effective(features terway.Features) (*terway.Result, *terway.Refusal) {
	node := terway.Node{
		Features: features, ExclusiveENI: v.pool.Exclusive(), Kernel: v.pool.Node.KernelVersion,
		NoEDT: v.pool.Node.EDT != nil && !*v.pool.Node.EDT, PartialData: true,
	}
	result, err := terway.Effective(v.data(), node)
	var refusal *terway.Refusal
	errors.As(err, &refusal)
	return result, refusal
}

// collect pairs the list that runs with the text that it was written in.
func (v *view) collect() {
	written := v.written()
	v.discarded = v.pool.Exclusive() && v.features[terway.ExclusiveOverride] && !v.features[terway.CNIChain]
	if v.result == nil {
		v.entries = written
		return
	}
	if v.result.Source == terway.ConfKey && v.source == terway.ConflistName {
		return // before chains existed
	}
	for i, from := range v.result.From {
		e := &Entry{Node: &conflist.Node{Kind: conflist.Object}, Type: terway.ChainerType, Index: i}
		switch {
		case from >= 0 && from < len(written):
			e = written[from]
			e.Index = i
		case i == 0:
			e.Type = terway.PluginType
		}
		v.entries = append(v.entries, e)
	}
}

// findDatapath: what the facts say runs, else what the chain resolves to in every release that may run.
func (v *view) findDatapath() string {
	if v.pool.Terway.Datapath != "" {
		return v.pool.Terway.Datapath
	}
	if v.versionKnown {
		if v.result == nil {
			return ""
		}
		return v.result.Datapath
	}
	if _, known := v.chain.Texts[terway.ConfKey]; !known && v.pool.Terway.Conf == "" && v.source != terway.ConflistName {
		return ""
	}
	if possible := v.pool.PossibleDatapaths(v.data()); len(possible) == 1 {
		return possible[0]
	}
	return ""
}

// written are the entries of the source in the order of the text.
func (v *view) written() []*Entry {
	if v.source == terway.CNIChainKey {
		return v.writtenChain()
	}
	doc := v.chain.Docs[v.source]
	if doc == nil {
		return nil
	}
	plugins := doc.Get("plugins")
	if plugins == nil || doc.Kind != conflist.Object {
		return []*Entry{newEntry(v.source, "", 0, doc)}
	}
	var all []*Entry
	for i, e := range plugins.Elements {
		all = append(all, newEntry(v.source, "/plugins/"+strconv.Itoa(i), i, e))
	}
	for _, name := range slices.Sorted(slices.Values(plugins.Names())) {
		all = append(all, newEntry(v.source, "/plugins/"+conflist.EscapePointer(name), len(all), plugins.Get(name)))
	}
	return all
}

// writtenChain is 10-terway.conf and the entries of cni_chain.
func (v *view) writtenChain() []*Entry {
	first := &Entry{Node: &conflist.Node{Kind: conflist.Object}, Type: terway.PluginType}
	if doc := v.chain.Docs[terway.ConfKey]; doc != nil {
		first = newEntry(terway.ConfKey, "", 0, doc)
	}
	all := []*Entry{first}
	chain, err := parseChain(v.chain.Texts[terway.CNIChainKey])
	if err != nil || chain == nil {
		return all
	}
	for i, e := range chain.Elements {
		all = append(all, newEntry(terway.CNIChainKey, "/"+strconv.Itoa(i), i+1, e))
	}
	return all
}

func newEntry(key, pointer string, index int, n *conflist.Node) *Entry {
	return &Entry{Node: n, Key: key, Pointer: pointer, Type: n.Get("type").String(), Index: index}
}

// Place is the whole entry.
func (e *Entry) Place() Place { return nodePlace(e.Key, e.Pointer, e.Node) }

// At is a value inside the entry, by its pointer there.
func (e *Entry) At(pointer string, n *conflist.Node) Place {
	return nodePlace(e.Key, e.Pointer+pointer, n)
}

// Field is the member that a plugin, decoding with encoding/json, takes for that name: letters count in any
// case, and of several spellings the last one in byte order wins, because libcni sorts them. Nil if there is none.
func (e *Entry) Field(name string) *conflist.Member { return e.Fold(name) }

// Value of a field, nil where it is absent or null.
func (e *Entry) Value(name string) *conflist.Node {
	m := e.Field(name)
	if m == nil || m.Value.Kind == conflist.Null {
		return nil
	}
	return m.Value
}

// AtField is the value of a member; the whole entry where it has no such member.
func (e *Entry) AtField(name string) Place {
	m := e.Field(name)
	if m == nil {
		return e.Place()
	}
	return e.At("/"+conflist.EscapePointer(m.Name()), m.Value)
}

// AtKey is the name of a member.
func (e *Entry) AtKey(m conflist.Member) Place {
	return e.At("/"+conflist.EscapePointer(m.Name()), m.Key)
}
