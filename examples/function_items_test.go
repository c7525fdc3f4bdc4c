// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// foreign items in everything that YAML allows and hosts let through. chainlint must not touch a byte.
var foreign = map[string]string{
	"comments": `- # above
  apiVersion: v1 # behind
  kind: ConfigMap
  metadata:
    # inside
    name: comments
  data: {}
  # below
`,
	"styles": `- apiVersion: v1
  kind:    ConfigMap
  metadata: {name: "styles", labels: {'a': "b", c: d}}
  data:
      wide: 'it''s'
      ? odd
      : "\x41"
      tagged: !!str 12
`,
	"folded": `- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: folded
  data:
    folded: >-
      one
      two

      three
    kept: |+
      text

    dented: |2
        two blanks
`,
	"characters":      "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: characters\n  data:\n    emoji: 🎉\n    escaped: \"\\U0001F389\"\n    cjk: 容器\n    tab: \"a\tb\"\n",
	"trailing blanks": "- apiVersion: v1  \n  kind: ConfigMap\n  metadata:\n    name: blanks   \n  data:\n    text: |\n      a  \n      b\n  \n",
	"anchors": `- apiVersion: v1
  kind: ConfigMap
  metadata: {name: anchors, labels: &l {a: b}}
  data:
    <<: &d {x: y}
    z: *l
`,
	"numbers":      "- apiVersion: example.com/v1\n  kind: Numbers\n  metadata: {name: numbers}\n  spec: [0x10, 1_000, 1e3, 010, .5, ~, yes, 2001-01-01, 12345678901234567890]\n",
	"key twice":    "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: twice}\n  data:\n    a: b\n    a: c\n",
	"no object":    "- just text\n",
	"a role":       "- apiVersion: rbac.authorization.k8s.io/v1\n  kind: Role\n  metadata: {name: reads-eni-config}   # odd\n  rules:\n    - {apiGroups: [''], resources: [configmaps], resourceNames: [eni-config], verbs: [get]}\n",
	"other eni":    "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: eni-config, namespace: other} # not Terway's\n  data: {10-terway.conf: 'x'}\n",
	"other terway": "- apiVersion: apps/v1\n  kind: DaemonSet\n  metadata: {name: terway-eniip, namespace: \"other\"} # not Terway's\n  spec: {}\n",
	"eni node":     "- apiVersion: v1\n  kind: Secret\n  metadata: {name: \"\\x65ni-config\", namespace: kube-system}\n  stringData: {a:   b}\n",
	"binary":       "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: binary}\n  binaryData:\n    a: !!binary |\n      R0lGODlhDAAMAIQAAP//9/X17unp5WZmZgAA\n",
	"local config": "- apiVersion: example.com/v1\n  kind: Local\n  metadata: {name: l, annotations: {config.kubernetes.io/local-config: 'true'}}\n",
}

// TestForeignItems leave as the bytes they came in, before and behind the one item that changes, also
// where they are named like it, and also when the rendering is refused.
func TestForeignItems(t *testing.T) {
	const done = "results:\n- message: rendered 10-terway.conflist\n  severity: info\n" +
		"  resourceRef:\n    apiVersion: v1\n    kind: ConfigMap\n    name: eni-config\n    namespace: kube-system\n" +
		"  field:\n    path: data.10-terway\\.conflist\n"
	tail := configured(renderItem)
	for name, item := range foreign {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			head := listHead + ownItems + item
			o, _ := function(t, head+eniItem+item+tail)
			wantExit(t, o, 0)
			if !strings.HasPrefix(o.stdout, head) || !strings.HasSuffix(o.stdout, item+tail+done) {
				t.Errorf("a foreign item changed:\n%s", o.stdout)
			}
			refused, _ := function(t, head+item+tail)
			wantExit(t, refused, 2)
			if !strings.HasPrefix(refused.stdout, head+item+tail) {
				t.Errorf("a foreign item changed in a refused list:\n%s", refused.stdout)
			}
		})
	}
}

// TestForeignItemsInOtherForms: where the list as a whole must be written anew, values and their order
// stay.
func TestForeignItemsInOtherForms(t *testing.T) {
	for name, item := range foreign {
		if name == "key twice" || name == "no object" {
			continue // refused there: the list has to be parsed
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdin := strings.ReplaceAll(listHead+ownItems+item+eniItem+item, "\n", "\r\n")
			o, r := rendered(t, stdin)
			in := complete(t, outcome{stdout: stdin})
			for i, before := range in.Items {
				if i != 3 { // eni-config
					wantEqual(t, "item", values(t, before), values(t, r.Items[i]))
				}
			}
			wantEqual(t, "items", len(in.Items), len(r.Items))
			wantText(t, o.stdout, "kind: ResourceList")
		})
	}
}

func values(t *testing.T, n yaml.Node) any {
	t.Helper()
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestHostAnnotations: hosts find their items again by these, in both spellings, and kpt copies comments
// by the id.
func TestHostAnnotations(t *testing.T) {
	const annotations = `    annotations:
      config.kubernetes.io/index: '0'
      config.kubernetes.io/path: 'a/eni-config.yaml'
      internal.config.kubernetes.io/index: '0'
      internal.config.kubernetes.io/path: 'a/eni-config.yaml'
      internal.config.kubernetes.io/package-path: ''
      internal.config.kubernetes.io/seqindent: 'compact'
      internal.config.kubernetes.io/annotations-migration-resource-id: '3'
      internal.config.kubernetes.io/id: '4'
      internal.config.kubernetes.io/previousNames: eni-config
      config.k8s.io/id: '4'
      kustomize.config.k8s.io/id: |
        kind: ConfigMap
        name: eni-config
        namespace: kube-system
        version: v1
`
	item := strings.Replace(eniItem, "  data:\n", annotations+"  data:\n", 1)
	o, _ := rendered(t, listHead+ownItems+item+configured(renderItem))
	wantText(t, o.stdout, annotations)
}

// TestConfigAmongItems: kpt sends the configuration twice. It must count once, as an intent and as the
// holder of intents.
func TestConfigAmongItems(t *testing.T) {
	respelled := strings.Replace(intentItem, "hostPorts:\n      exposure: Private\n", "hostPorts: {exposure: Private}\n", 1)
	inline := strings.Replace(renderItem, "spec: {}\n", `spec:
    facts: {kubeProxyMode: iptables}
    intents:
    - name: host-ports
      spec: {hostPorts: {exposure: Private}}
`, 1)
	for name, stdin := range map[string]string{
		"a ChainIntent":                  listHead + ownItems + eniItem + configured(intentItem),
		"a ChainIntent, spelled anew":    listHead + ownItems + eniItem + configured(respelled),
		"a ChainIntent, not among items": listHead + factsItem + eniItem + configured(intentItem),
		"a ChainRender":                  listHead + ownItems + renderItem + eniItem + configured(renderItem),
		"a ChainRender with intents":     listHead + inline + eniItem + configured(inline),
		"facts":                          listHead + ownItems + eniItem + configured(factsItem),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rendered(t, stdin)
		})
	}
}

// TestMangledScalars: a host cannot keep a literal block with a blank at a line's end, as in the vendor's
// own example, and writes one quoted line. It is read all the same, and the chain is a block again.
func TestMangledScalars(t *testing.T) {
	const conf = `"{\n  \"cniVersion\": \"0.4.0\",  \n  \"name\": \"terway\",\n  \"type\": \"terway\"\n}\n"`
	const quoted = `"{\"plugins\": [{\"type\": \"terway\"},\n  {\"type\": \"portmap\", \"capabilities\": {\"portMappings\": true}} \n]}\n"`
	for name, before := range map[string]string{
		"absent":    "",
		"quoted":    "    10-terway.conflist: " + quoted + "\n",
		"in braces": "    10-terway.conflist: '{\"plugins\": [{\"type\": \"terway\"}]}'\n",
		"folded":    "    10-terway.conflist: >\n      {\"plugins\":\n      [{\"type\": \"terway\"}]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			item := eniItem[:strings.Index(eniItem, "    10-terway.conf:")] + "    10-terway.conf: " + conf + "\n" + before
			o, r := function(t, listHead+ownItems+item)
			wantExit(t, o, 0)
			wantText(t, o.stdout, "    10-terway.conf: "+conf+"\n", "    10-terway.conflist: |\n      {\n        \"plugins\": [\n")
			texts := r.eniConfig(t).texts()
			wantEqual(t, "chain", goodData[conflistKey], texts[conflistKey])
			wantEqual(t, "eni_conf", goodData["eni_conf"], texts["eni_conf"])
		})
	}
}
