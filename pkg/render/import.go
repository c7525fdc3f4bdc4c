// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Imported is an existing chain in the words of intents.
type Imported struct {
	Spec IntentSpec
	// Facts that the rendering needs: those that were known, and Assumed.
	Facts terway.Facts
	// Assumed maps a fact to why the chain suggests it. Somebody has to check it.
	Assumed map[string]string
	// Raw are the entries that no intent expresses, with the reason.
	Raw []string

	hasPortmap bool
}

// Import turns the chain of an eni-config into an intent whose rendering is the same chain: Terway
// makes the same list of both. What no intent expresses becomes a raw plugin. A chain that no rendering
// can give back is an error.
func Import(object *manifest.Object, data map[string]string, known terway.Facts) (*Imported, error) {
	im, err := attempt(object, data, known, true)
	if err == nil {
		return im, nil
	}
	// Where an intent would do more or less than the entry, the entry itself is exact.
	if raw, rawErr := attempt(object, data, known, false); rawErr == nil {
		return raw, nil
	}
	return nil, err
}

func attempt(object *manifest.Object, data map[string]string, known terway.Facts, intents bool) (*Imported, error) {
	list, conf, err := parseBoth(data)
	if err != nil {
		return nil, err
	}
	im := &Imported{Facts: known, Assumed: map[string]string{}}
	if _, ok := data[terway.ConfKey]; !ok {
		im.Facts.Terway.Conf = conf
	}
	if err := im.first(list, conf); err != nil {
		return nil, err
	}
	rest := list.Plugins[1:]
	// Intents express at most one portmap, then at most one tuning, then raw entries.
	if intents && repeated(rest) == "" {
		rest = im.portmap(rest)
		rest = im.tuning(rest)
	}
	if err := im.raw(rest); err != nil {
		return nil, err
	}
	return im, im.verify(object, data)
}

func parseBoth(data map[string]string) (*conflist.List, string, error) {
	text, ok := data[terway.ConflistName]
	if !ok {
		return nil, "", fmt.Errorf("the key %s is absent: there is no chain to import", terway.ConflistName)
	}
	list, err := conflist.ParseList(text)
	if err != nil {
		return nil, "", fmt.Errorf("%s is no JSON: %w", terway.ConflistName, err)
	}
	if len(list.Plugins) == 0 {
		return nil, "", fmt.Errorf("%s has no plugins", terway.ConflistName)
	}
	if conf, ok := data[terway.ConfKey]; ok {
		return list, conf, nil
	}
	// Without 10-terway.conf the first plugin is it, less what intents add.
	first := list.Plugins[0].Node
	var members []string
	for _, m := range first.Members {
		if !slices.Contains(terway.AdditiveKeys, m.Name()) {
			members = append(members, m.Key.Text+":"+m.Value.Text)
		}
	}
	conf, err := format("{" + strings.Join(members, ",") + "}")
	return list, conf, err
}

// first reads symmetric routing off the first plugin; everything else there must be 10-terway.conf.
func (im *Imported) first(list *conflist.List, confText string) error {
	conf, err := conflist.Parse(confText)
	if err != nil {
		return fmt.Errorf("%s is no JSON: %w", terway.ConfKey, err)
	}
	first := list.Plugins[0].Node
	if first.Get("type").String() != terway.PluginType {
		return fmt.Errorf("the first plugin is of type %q, not terway: no intent renders to that", first.Get("type").String())
	}
	var have, want map[string]any
	if err := first.Decode(&have); err != nil {
		return err
	}
	if err := conf.Decode(&want); err != nil {
		return fmt.Errorf("%s: %w", terway.ConfKey, err)
	}
	symmetric := have[terway.SymmetricKey] != nil && !reflect.DeepEqual(have[terway.SymmetricKey], want[terway.SymmetricKey])
	config := have[terway.SymmetricConfigKey] != nil && !reflect.DeepEqual(have[terway.SymmetricConfigKey], want[terway.SymmetricConfigKey])
	for _, ignored := range []string{"name", "cniVersion", terway.SymmetricKey, terway.SymmetricConfigKey} {
		delete(have, ignored)
		delete(want, ignored)
	}
	for _, key := range slices.Sorted(maps.Keys(merged(have, want))) {
		if !reflect.DeepEqual(have[key], want[key]) {
			return fmt.Errorf("plugins[0] and 10-terway.conf differ in %q, and a rendering follows 10-terway.conf: make the two agree first", key)
		}
	}
	if !symmetric && !config {
		return nil
	}
	return im.symmetric(first)
}

func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func (im *Imported) symmetric(first *conflist.Node) error {
	if !first.Get(terway.SymmetricKey).IsTrue() {
		return fmt.Errorf("plugins[0] has %s or its configuration, but not as true: it is off on the nodes, remove it first", terway.SymmetricKey)
	}
	im.Spec.HostPorts = &HostPorts{Exposure: Public}
	im.assume("terway.version", terway.Since(terway.SymmetricRouting), "the chain sets symmetric_routing, which is the first release that reads it")
	config := first.Get(terway.SymmetricConfigKey)
	if config == nil {
		return nil
	}
	var values map[string]any
	if err := config.Decode(&values); err != nil {
		return fmt.Errorf("%s: %w", terway.SymmetricConfigKey, err)
	}
	fields := map[string]any{}
	for _, f := range symmetricFields {
		if v, ok := values[f.key]; ok {
			fields[f.field] = v
			delete(values, f.key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		return fmt.Errorf("%s has %q, which no intent expresses", terway.SymmetricConfigKey, key)
	}
	if _, ok := fields["backend"]; ok {
		im.Facts.Terway.Version, im.Assumed["terway.version"] = newest(im.Facts.Terway.Version, im.Assumed["terway.version"])
	}
	text, err := json.Marshal(fields)
	if err == nil {
		im.Spec.HostPorts.SymmetricRouting = &SymmetricRouting{}
		err = json.Unmarshal(text, im.Spec.HostPorts.SymmetricRouting)
	}
	return err
}

// newest raises an assumed version to the one that reads the backend of symmetric routing.
func newest(version, why string) (string, string) {
	if why == "" {
		return version, why
	}
	return terway.Since(terway.SymmetricBackend), "the chain sets symmetric_routing_config.backend, which is the first release that reads it"
}

// assume sets a fact that is unknown.
func (im *Imported) assume(name, value, why string) {
	field := map[string]*string{
		"terway.version": &im.Facts.Terway.Version, "terway.datapath": &im.Facts.Terway.Datapath,
		"kubeProxyMode": &im.Facts.KubeProxyMode, "cniPlugins.version": &im.Facts.CNIPlugins.Version,
	}[name]
	if *field == "" {
		*field, im.Assumed[name] = value, why
	}
}

func repeated(plugins []conflist.Plugin) string {
	seen := map[string]bool{}
	for _, p := range plugins {
		if seen[p.Type()] {
			return p.Type()
		}
		seen[p.Type()] = true
	}
	return ""
}

// portmap takes the entry if an intent expresses all of it.
func (im *Imported) portmap(rest []conflist.Plugin) []conflist.Plugin {
	if len(rest) == 0 || rest[0].Type() != cni.Portmap {
		return rest
	}
	var entry portmapEntry
	text, err := json.Marshal(decoded(rest[0].Node))
	if err != nil || json.Unmarshal(text, &entry) != nil {
		return rest
	}
	hp := HostPorts{Exposure: Private, Backend: entry.Backend, MarkChain: entry.ExternalSetMarkChain, MasqAll: entry.MasqAll}
	if !sameValue(entry, rest[0].Node) || !entry.Capabilities["portMappings"] || len(entry.Capabilities) != 1 ||
		entry.ExternalSetMarkChain != "" && entry.ExternalSetMarkChain != "KUBE-MARK-MASQ" || !slices.Contains([]string{"", cni.Iptables, cni.Nftables}, entry.Backend) {
		return rest
	}
	if im.Spec.HostPorts != nil {
		hp.Exposure, hp.SymmetricRouting = im.Spec.HostPorts.Exposure, im.Spec.HostPorts.SymmetricRouting
	}
	im.Spec.HostPorts, im.hasPortmap = &hp, true
	switch {
	case hp.MarkChain != "":
		im.assume("kubeProxyMode", "iptables", "the chain names KUBE-MARK-MASQ, which kube-proxy makes in iptables and ipvs mode only")
	case hp.Backend == "" && (hp.MasqAll == nil || !*hp.MasqAll):
		im.assume("kubeProxyMode", "iptables", "the chain leaves portmap's backend to its default")
	}
	return rest[1:]
}

func decoded(n *conflist.Node) any {
	var v any
	_ = n.Decode(&v)
	return v
}

// sameValue tells whether encoding v gives the node's value back.
func sameValue(v any, n *conflist.Node) bool {
	text, err := json.Marshal(v)
	if err != nil {
		return false
	}
	var back any
	return json.Unmarshal(text, &back) == nil && reflect.DeepEqual(back, decoded(n))
}

// tuning takes the entry if it is nothing but sysctls under net.
func (im *Imported) tuning(rest []conflist.Plugin) []conflist.Plugin {
	if len(rest) == 0 || rest[0].Type() != cni.Tuning {
		return rest
	}
	var entry struct {
		Type   string            `json:"type"`
		Sysctl map[string]string `json:"sysctl"`
	}
	if rest[0].Decode(&entry) != nil || !sameValue(entry, rest[0].Node) || len(entry.Sysctl) == 0 {
		return rest
	}
	spelled := map[string]bool{}
	for name := range entry.Sysctl {
		if !strings.HasPrefix(canonicalSysctl(name), "net/") || spelled[canonicalSysctl(name)] {
			return rest
		}
		spelled[canonicalSysctl(name)] = true
	}
	im.Spec.Sysctls = entry.Sysctl
	im.linkLocal()
	return rest[1:]
}

// linkLocal is the page's three sysctls, if all of them are there and none says otherwise.
func (im *Imported) linkLocal() {
	for _, name := range cni.LinkLocalSysctls {
		if im.Spec.Sysctls[name] != "1" {
			return
		}
	}
	for name, value := range im.Spec.Sysctls {
		if strings.HasSuffix(canonicalSysctl(name), "/disable_ipv6") && value != "1" {
			return
		}
	}
	im.Spec.IPv6LinkLocal = Disabled
	for _, name := range cni.LinkLocalSysctls {
		delete(im.Spec.Sysctls, name)
	}
}

func (im *Imported) raw(rest []conflist.Plugin) error {
	own := slices.ContainsFunc(rest, func(p conflist.Plugin) bool { return p.Type() == cni.Portmap })
	if im.Spec.HostPorts != nil && !im.hasPortmap && !own {
		return fmt.Errorf("the chain has symmetric routing without portmap: no intent asks for the one without the other")
	}
	for _, p := range rest {
		switch p.Type() {
		case terway.PluginType:
			return fmt.Errorf("%s is a second entry of type terway, which makes every pod fail: remove it first", p.Pointer())
		case "":
			return fmt.Errorf("%s has no type: Terway refuses it", p.Pointer())
		}
		if _, pointer, twice := p.Duplicate(); twice {
			return fmt.Errorf("%s%s stands there twice, and only the last one counts: remove one first", p.Pointer(), pointer)
		}
		im.Spec.Plugins = append(im.Spec.Plugins, json.RawMessage(p.Text))
		im.Raw = append(im.Raw, fmt.Sprintf("%s (%s) becomes a raw plugin: no intent says just this", p.Pointer(), p.Type()))
	}
	return nil
}

// verify renders the intent and compares what Terway makes of both. It is the promise of Import, so a
// difference is an error, whatever it is.
func (im *Imported) verify(object *manifest.Object, data map[string]string) error {
	b := &base{object: object, texts: data, partial: true}
	facts := Facts{Facts: im.Facts}
	if ps := b.readConf(facts); ps.Worst() > Warning {
		return ps
	}
	intent := Intent{Name: "imported", Spec: im.Spec, Root: "/spec"}
	w, ps := compose([]Intent{intent}, nil)
	if ps.Worst() > Warning {
		return ps
	}
	p, ps := decide(w, facts, Config{}, b)
	for _, q := range ps {
		if q.Class > Warning {
			return fmt.Errorf("the chain cannot be rendered for these facts: %s", q.Message)
		}
	}
	text, err := p.build(b.conf).conflistText()
	if err != nil {
		return err
	}
	return sameEffective(data, text, im.Facts)
}

func sameEffective(data map[string]string, rendered string, facts terway.Facts) error {
	if facts.Terway.Version == "" {
		facts.Terway.Version = terway.Newest // any release does: both lists go through the same merge
	}
	node, _, err := facts.Pools()[0].EffectiveNode()
	if err != nil {
		return err
	}
	node.PartialData, node.ExclusiveENI = true, false
	with := maps.Clone(data)
	if with[terway.ConfKey] == "" {
		with[terway.ConfKey] = facts.Terway.Conf
	}
	was, err := terway.Effective(with, node)
	if err != nil {
		return fmt.Errorf("the chain as it is, Terway refuses: %w", err)
	}
	with[terway.ConflistName] = rendered
	is, err := terway.Effective(with, node)
	if err != nil {
		return fmt.Errorf("the rendering, Terway refuses: %w", err)
	}
	if was.Conflist != is.Conflist {
		return fmt.Errorf("no intent gives this chain back: a rendering would differ from it")
	}
	return nil
}
