// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// PartialAnnotation marks an eni-config that holds only the keys which the repository owns.
const PartialAnnotation = "chainlint.dev/partial"

// base is the eni-config that a rendering starts from.
type base struct {
	// object is nil where there is none and one is generated.
	object  *manifest.Object
	partial bool
	// texts are the keys of data.
	texts map[string]string
	// conf is 10-terway.conf, from the ConfigMap or from the facts.
	conf *conflist.Node
	// ipStack that eni_conf names, "" without eni_conf.
	ipStack  string
	hasChain bool
}

// IsENIConfig tells whether an object is the ConfigMap that Terway reads. One without a namespace counts:
// the host may put it in.
func IsENIConfig(ref manifest.Ref) bool {
	return ref.APIVersion == "v1" && ref.Kind == "ConfigMap" && ref.Name == terway.ConfigMapName &&
		(ref.Namespace == terway.ConfigMapNamespace || ref.Namespace == "")
}

// findBase looks for the one eni-config among the objects. generate: there may be none.
func findBase(objects []*manifest.Object, generate bool) (*base, Problems) {
	var found []*manifest.Object
	var renamed *manifest.Object
	for _, o := range objects {
		ref := o.Ref()
		switch {
		case IsENIConfig(ref):
			found = append(found, o)
		case ref.APIVersion == "v1" && ref.Kind == "ConfigMap" && looksRenamed(o):
			renamed = o
		}
	}
	switch {
	case len(found) == 1:
		return readBase(found[0])
	case len(found) > 1:
		p := at(Invalid, "two-eni-configs", found[1], "", "a second eni-config, the first is %s: Terway reads one, keep one", describePlace(found[0]))
		return nil, Problems{p}
	case renamed != nil:
		ref := renamed.Ref()
		return nil, Problems{at(Invalid, "renamed-eni-config", renamed, "/metadata/name", "eni-config is called %s/%s here, and Terway reads only %s/%s: keep namePrefix, nameSuffix and namespace away from it",
			ref.Namespace, ref.Name, terway.ConfigMapNamespace, terway.ConfigMapName)}
	case generate:
		return &base{partial: true, texts: map[string]string{}}, nil
	}
	return nil, Problems{{Class: Invalid, Code: "no-eni-config", Offset: -1, Message: "there is no ConfigMap kube-system/eni-config among the items: add the one of the cluster, or one annotated " +
		PartialAnnotation + ": \"true\" if the repository does not own all of it"}}
}

// looksRenamed: kustomize notes the names from before, but not for what it composes in process.
func looksRenamed(o *manifest.Object) bool {
	return slices.Contains(priorNames(o), terway.ConfigMapName) || strings.Contains(o.Ref().Name, terway.ConfigMapName)
}

// describeFirst is the name of an object with its place, where that is known.
func describeFirst(o *manifest.Object) string {
	if place := o.At("", false).String(); place != "" {
		return o.Ref().Name + " in " + place
	}
	return o.Ref().Name
}

func describePlace(o *manifest.Object) string {
	if place := o.At("", false).String(); place != "" {
		return "in " + place
	}
	return "item " + o.Ref().String()
}

// readBase reads the keys; what is no text is a problem of the place.
func readBase(o *manifest.Object) (*base, Problems) {
	b := &base{object: o, partial: o.Annotation(PartialAnnotation) == "true", texts: map[string]string{}}
	var ps Problems
	data := manifest.Get(o.Node, "data")
	if data != nil && data.Kind != yaml.MappingNode && data.ShortTag() != "!!null" {
		return b, Problems{at(Unreadable, "data-no-mapping", o, "/data", "data must be a mapping of keys to text")}
	}
	for i := 0; data != nil && i+1 < len(data.Content); i += 2 {
		key, value := data.Content[i].Value, manifest.Follow(data.Content[i+1])
		if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" {
			ps = append(ps, at(Unreadable, "no-text", o, "/data/"+conflist.EscapePointer(key), "%s holds %s where text belongs: %s", key, manifest.Describe(value), manifest.AsText(key, value)))
			continue
		}
		b.texts[key] = value.Value
	}
	for _, key := range terway.Keys {
		if manifest.Get(o.Node, "binaryData", key) != nil {
			ps = append(ps, at(Unreadable, "binary-data", o, "/binaryData/"+key, "%s stands under binaryData: write it as text under data", key))
		}
	}
	if o.Annotation("internal.config.kubernetes.io/needsHashSuffix") == "enabled" {
		ps = append(ps, at(Invalid, "hash-suffix", o, "/metadata/name", "kustomize will put a hash behind the name eni-config, and Terway reads only that name: set generatorOptions: {disableNameSuffixHash: true}"))
	}
	if text, ok := b.texts[terway.ENIConfKey]; ok {
		b.ipStack = terway.IPStackOf(text) // what cannot be read, lint reports
	}
	_, b.hasChain = b.texts[terway.CNIChainKey]
	return b, ps
}

// readConf finds and checks 10-terway.conf: in the ConfigMap, else, for a partial base, in the facts.
func (b *base) readConf(facts Facts) Problems {
	text, ok := b.texts[terway.ConfKey]
	o, pointer := b.object, "/data/"+terway.ConfKey
	if !ok && facts.Object != nil {
		o, pointer = facts.Object, facts.Root+"/terway/conf"
	}
	place := func(class Class, code string, offset int, format string, args ...any) Problems {
		p := at(class, code, o, pointer, format, args...)
		p.Offset = offset
		if o != nil {
			p.Position, _ = o.Inside(pointer, offset, offset)
		}
		return Problems{p}
	}
	if !ok && b.partial {
		text = facts.Terway.Conf
	}
	if !ok && text == "" {
		return Problems{b.missingConf(facts)}
	}
	conf, err := conflist.Parse(text)
	var syntax *conflist.SyntaxError
	if errors.As(err, &syntax) {
		return place(Unreadable, "invalid-json", syntax.Offset, "10-terway.conf is no JSON: %s", syntax.Reason)
	}
	if dup, inside, twice := conf.Duplicate(); twice {
		return place(Unreadable, "duplicate-json-key", dup.Key.Start, "10-terway.conf has the key %q twice (%s), and only the last one counts: keep one", dup.Name(), inside)
	}
	if conf.Get("plugins") != nil {
		return place(Refused, "conf-is-list", conf.Get("plugins").Start, "10-terway.conf holds a list of plugins: keep Terway's own entry there, and leave the chain to 10-terway.conflist")
	}
	if kind := conf.Get("type").String(); conf.Kind != conflist.Object || kind != terway.PluginType {
		return place(Refused, "conf-not-terway", conf.Start, "10-terway.conf must be Terway's own entry, an object with \"type\": \"terway\"")
	}
	b.conf = conf
	if other, err := conflist.Parse(facts.Terway.Conf); ok && err == nil && !sameJSON(conf, other) {
		return Problems{at(Warning, "conf-contradiction", facts.Object, facts.Root+"/terway/conf", "terway.conf differs from the 10-terway.conf that the ConfigMap holds, which counts: make the two agree, or leave the fact out")}
	}
	return nil
}

func (b *base) missingConf(facts Facts) Problem {
	if b.partial {
		p := Problem{Class: Invalid, Code: "fact-missing", Offset: -1, Message: "the fact terway.conf is needed: the first plugin is 10-terway.conf, and this partial eni-config does not hold it. Say it in the ClusterFacts under spec.terway.conf"}
		if facts.Object != nil {
			p.Ref, p.Pointer, p.Position = facts.Object.Ref(), facts.Root+"/terway/conf", facts.Object.At(facts.Root, false)
		}
		return p
	}
	return at(Invalid, "no-conf", b.object, "/data", "the key 10-terway.conf is absent: add it as the cluster has it, or annotate the ConfigMap %s: \"true\" and say it in the facts (terway.conf)", PartialAnnotation)
}

// data decides the datapath: 10-terway.conf, wherever it came from, and the policy switch.
func (b *base) data() map[string]string {
	data := map[string]string{}
	if b.conf != nil {
		data[terway.ConfKey] = b.conf.Text
	}
	if policy, ok := b.texts[terway.PolicyKey]; ok {
		data[terway.PolicyKey] = policy
	}
	return data
}

func (b *base) problem(class Class, code, key, format string, args ...any) Problem {
	return at(class, code, b.object, "/data/"+conflist.EscapePointer(key), format, args...)
}

// dropped are the plugin types of the present chain that the new one does not have.
func (b *base) dropped(now []string) []string {
	list, err := conflist.ParseList(b.texts[terway.ConflistName])
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(list.Types(), func(kind string) bool {
		return slices.Contains(now, kind) || strings.TrimSpace(kind) == ""
	})
}

// ReadENIConfig finds the one eni-config among objects and returns the texts of its data. The error is
// [Problems].
func ReadENIConfig(objects []*manifest.Object) (*manifest.Object, map[string]string, error) {
	b, ps := findBase(objects, false)
	if ps != nil {
		return nil, nil, ps
	}
	return b.object, b.texts, nil
}
