// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Input of a rendering.
type Input struct {
	// Objects among which intents, facts and eni-config are. Nodes of eni-config and of Terway's
	// DaemonSet are changed in place, and only when nothing is wrong.
	Objects []*manifest.Object
	// Config is the configuration of the function, nil for none. It may be among the objects, too.
	Config *manifest.Object
	// Others: the host sent further objects, which cannot matter and were left out.
	Others bool
	// Facts from outside the objects (--facts), nil for none. They win.
	Facts *manifest.Object
}

// Output of a rendering.
type Output struct {
	// ENIConfig is the object that was rendered. Created: it was not among the objects before.
	ENIConfig *manifest.Object
	Created   bool
	// Key that was set, and its text.
	Key, Text string
	// Reasons for every part of the chain.
	Reasons []Reason
	// Annotated: applying the rendering restarts Terway.
	Annotated bool
	// Intents and Facts that it was made of.
	Intents []Intent
	Facts   Facts
}

// Render puts the chain that the intents ask for into eni-config. Problems of class [Warning] come with
// an output; with any other there is none, and nothing was changed.
func Render(in Input) (*Output, Problems) {
	if in.Config == nil || isEmptyConfigMap(in.Config) {
		var ps Problems
		if in.Config, ps = OnlyConfig(in.Objects); ps != nil {
			return nil, ps
		}
	}
	config, ps := ParseConfig(in.Config)
	intents, facts, more := gather(in, config)
	ps = append(ps, more...)
	if len(intents) == 0 && ps == nil {
		ps = append(ps, Problem{Class: Invalid, Code: "no-intent", Offset: -1, Message: "there is no ChainIntent among the items, so there is nothing to render"})
	}
	b, more := findBase(in.Objects, generates(in))
	ps = append(ps, more...)
	if b != nil && more == nil {
		ps = append(ps, b.readConf(facts)...)
	}
	if ps.Worst() > Warning {
		return nil, unique(ps)
	}
	w, more := compose(intents, config.Policy)
	ps = append(ps, more...)
	p, more := decide(w, facts, config, b)
	ps = append(ps, more...)
	if ps.Worst() > Warning {
		return nil, ps
	}
	out, ps := write(in, config, facts, b, p, ps)
	if out != nil {
		out.Intents, out.Facts = intents, facts
	}
	return out, unique(ps)
}

// unique drops what was said before: several steps look at one object.
func unique(ps Problems) Problems {
	var once Problems
	for _, p := range ps {
		if !slices.ContainsFunc(once, func(q Problem) bool {
			return p.Code == q.Code && p.Message == q.Message && p.Position == q.Position && p.Ref == q.Ref
		}) {
			once = append(once, p)
		}
	}
	return once
}

// OnlyConfig is the one ChainRender among objects, nil for none.
func OnlyConfig(objects []*manifest.Object) (*manifest.Object, Problems) {
	return only(objects, kindRender, "two-configs", "one takes all intents")
}

// OnlyFacts is the one ClusterFacts among objects, nil for none.
func OnlyFacts(objects []*manifest.Object) (*manifest.Object, Problems) {
	return only(objects, kindFacts, "two-facts", "say which one counts (spec.factsRef, or --facts)")
}

func only(objects []*manifest.Object, kind, code, advice string) (*manifest.Object, Problems) {
	var found *manifest.Object
	for _, o := range objects {
		if ref := o.Ref(); !IsOwn(ref) || ref.Kind != kind {
			continue
		}
		if found != nil {
			return nil, Problems{at(Invalid, code, o, "", "a second %s, the first is %s: %s", kind, describeFirst(found), advice)}
		}
		found = o
	}
	return found, nil
}

// generates: kustomize hands a generator nothing but its own configuration.
func generates(in Input) bool {
	return in.Config != nil && !in.Others && !slices.ContainsFunc(in.Objects, func(o *manifest.Object) bool { return !sameObject(o, in.Config) })
}

func sameObject(a, b *manifest.Object) bool { return a == b || a.Ref() == b.Ref() }

// gather reads chainlint's own objects. The configuration counts once, also when it is among the items.
func gather(in Input, config Config) ([]Intent, Facts, Problems) {
	var intents []Intent
	var facts []*manifest.Object
	var ps Problems
	objects := slices.Clone(in.Objects)
	if in.Config != nil && !slices.ContainsFunc(objects, func(o *manifest.Object) bool { return sameObject(o, in.Config) }) {
		objects = append(objects, in.Config)
	}
	for _, o := range objects {
		ref := o.Ref()
		switch {
		case !IsOwn(ref):
		case ref.Kind == kindIntent && ref.APIVersion == manifest.Group:
			intent, more := ParseIntent(o)
			intents, ps = append(intents, intent), append(ps, more...)
		case ref.Kind == kindFacts && ref.APIVersion == manifest.Group:
			facts = append(facts, o)
		case o != in.Config:
			ps = append(ps, CheckVersion(o)...)
		}
	}
	intents = append(intents, config.inline()...)
	ps = append(ps, uniqueNames(intents)...)
	if in.Facts != nil {
		chosen, more := ParseFacts(in.Facts)
		return intents, chosen, append(ps, more...)
	}
	chosen, more := config.Choose(config.object, facts)
	return intents, chosen, append(ps, more...)
}

func uniqueNames(intents []Intent) Problems {
	var ps Problems
	seen := map[string]Intent{}
	for _, in := range intents {
		if first, ok := seen[in.Name]; ok {
			ps = append(ps, in.problem(Invalid, "two-intents-one-name", "", "a second intent named %s, the first is %s: messages and order go by name, rename one", in.Name, describePlace(first.Object)))
		}
		seen[in.Name] = in
	}
	return ps
}

// write is the last step: nothing can go wrong after the first change.
func write(in Input, config Config, facts Facts, b *base, p plan, ps Problems) (*Output, Problems) {
	c := p.build(b.conf)
	key, textOf := terway.ConflistName, c.conflistText
	if config.Target == TargetCNIChain {
		key, textOf = terway.CNIChainKey, c.chainText
	}
	text, err := textOf()
	if err != nil {
		return nil, append(ps, Problem{Class: Unreadable, Code: "internal", Offset: -1, Message: err.Error()})
	}
	ps = append(ps, checkEffective(facts, b, key, text)...)
	if ps.Worst() > Warning {
		return nil, ps
	}
	for _, o := range []*manifest.Object{b.object, daemonSet(in.Objects)} {
		if o == nil {
			continue
		}
		if _, err := manifest.JSON(o.Node); err != nil {
			return nil, append(ps, at(Unreadable, "unreadable-object", o, "", "%v", err))
		}
	}
	ps = append(ps, remarks(b, c, key)...)
	out := &Output{Key: key, Text: text, Reasons: c.reasons, ENIConfig: b.object}
	if out.ENIConfig == nil {
		out.ENIConfig, out.Created = newENIConfig(config), true
	}
	unalias(out.ENIConfig.Node)
	setData(out.ENIConfig.Node, key, text)
	if b.partial && out.ENIConfig.Annotation(PartialAnnotation) == "true" {
		annotatePartial(out.ENIConfig)
	}
	if config.Rollout == Annotate {
		out.Annotated = annotateRollout(in.Objects, chainHash(b.texts, key, text))
		if !out.Annotated {
			ps = append(ps, Problem{Class: Warning, Code: "no-daemonset", Offset: -1, Message: "rollout: Annotate found no DaemonSet kube-system/terway-eniip among the items, so applying the chain restarts nothing: run " + terway.RestartCommand})
		}
	}
	return out, ps
}

// checkEffective asks Terway's own merge about the result, for every pool whose version is known.
func checkEffective(facts Facts, b *base, key, text string) Problems {
	var ps Problems
	data := maps.Clone(b.texts)
	data[terway.ConfKey] = b.conf.Text
	data[key] = text
	for _, pool := range facts.Pools() {
		node, _, err := pool.EffectiveNode()
		if err != nil {
			continue // unknown: nothing to ask
		}
		node.PartialData = true
		if _, err := terway.Effective(data, node); err != nil {
			p := at(Refused, "terway-refuses", b.object, "", "Terway %s would refuse the result, and its init container would fail: %v", pool.Terway.Version, err)
			ps = append(ps, p.inPool(pool.Name))
		}
	}
	return ps
}

// remarks on what the rendering replaces.
func remarks(b *base, c chain, key string) Problems {
	var ps Problems
	_, hasList := b.texts[terway.ConflistName]
	if key == terway.CNIChainKey && hasList {
		ps = append(ps, b.problem(Warning, "cni-chain-wins", terway.ConflistName, "cni_chain wins over 10-terway.conflist, which is left in place without effect"))
	}
	if gone := b.dropped(c.types); key == terway.ConflistName && len(gone) > 0 {
		ps = append(ps, b.problem(Warning, "plugin-dropped", terway.ConflistName, "the present chain has %s, which no intent asks for, so the rendering drops it (chainlint import turns a chain into intents)", strings.Join(gone, ", ")))
	}
	if b.object != nil && b.object.Ref().Namespace == "" {
		ps = append(ps, at(Warning, "no-namespace", b.object, "/metadata/name", "eni-config has no namespace, and Terway reads the one in %s: write it", terway.ConfigMapNamespace))
	}
	return ps
}

func chainHash(texts map[string]string, key, text string) string {
	all := maps.Clone(texts)
	all[key] = text
	return ChainHash(all)
}

// ChainHash of the data of eni-config changes when the chain may change, and never looks at eni_conf.
func ChainHash(data map[string]string) string {
	h := sha256.New()
	for _, k := range terway.ChainKeys {
		if value, ok := data[k]; ok {
			fmt.Fprintf(h, "%s %d\n%s", k, len(value), value)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))[:32]
}

func newENIConfig(config Config) *manifest.Object {
	metadata := mapping("name", scalar(terway.ConfigMapName), "namespace", scalar(terway.ConfigMapNamespace))
	if config.behavior() == "merge" {
		setText(child(metadata, "annotations"), behaviorAnnotation, "merge")
	} else {
		setText(child(metadata, "annotations"), PartialAnnotation, "true")
	}
	return &manifest.Object{Node: mapping("apiVersion", scalar("v1"), "kind", scalar("ConfigMap"), "metadata", metadata)}
}

// partialAnnotations keep Argo CD and Flux from pruning or replacing an object that others own, too.
var partialAnnotations = []struct{ key, value string }{
	{"argocd.argoproj.io/sync-options", "ServerSideApply=true,Prune=false"},
	{"kustomize.toolkit.fluxcd.io/ssa", "Merge"},
	{"kustomize.toolkit.fluxcd.io/prune", "disabled"},
}

func annotatePartial(o *manifest.Object) {
	annotations := child(child(o.Node, "metadata"), "annotations")
	for _, a := range partialAnnotations {
		setText(annotations, a.key, withOptions(manifest.Text(manifest.Get(annotations, a.key)), a.value))
	}
}

// withOptions adds options to a comma-separated list of NAME=VALUE; an option that is there already with
// another value is replaced.
func withOptions(have, add string) string {
	if have == "" || !strings.Contains(add, "=") {
		return add
	}
	options := strings.Split(have, ",")
	for _, option := range strings.Split(add, ",") {
		name, _, _ := strings.Cut(option, "=")
		options = slices.DeleteFunc(options, func(o string) bool { return strings.HasPrefix(strings.TrimSpace(o), name+"=") })
		options = append(options, option)
	}
	return strings.Join(options, ",")
}

// HashAnnotation is on the pod template of Terway's DaemonSet.
const HashAnnotation = "chainlint.dev/chain-hash"

func annotateRollout(objects []*manifest.Object, hash string) bool {
	o := daemonSet(objects)
	if o == nil {
		return false
	}
	unalias(o.Node)
	template := child(child(o.Node, "spec"), "template")
	setText(child(child(template, "metadata"), "annotations"), HashAnnotation, hash)
	return true
}

// daemonSet is Terway's among the objects, nil where it is not there.
func daemonSet(objects []*manifest.Object) *manifest.Object {
	for _, o := range objects {
		ref := o.Ref()
		if ref.Kind == "DaemonSet" && ref.Name == terway.DaemonSetName && cmp.Or(ref.Namespace, terway.ConfigMapNamespace) == terway.ConfigMapNamespace {
			return o
		}
	}
	return nil
}
