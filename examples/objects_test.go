// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	conflistKey = "10-terway.conflist"
	confKey     = "10-terway.conf"
)

// object is a decoded document. The tests decode for themselves: chainlint's own reader is under test.
type object map[string]any

// at follows keys; "" where one is absent or leads to something other than text.
func (o object) at(keys ...string) string {
	var v any = map[string]any(o)
	for _, key := range keys {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	text, _ := v.(string)
	return text
}

// texts of a ConfigMap's data.
func (o object) texts() map[string]string {
	all := map[string]string{}
	keys, _ := o["data"].(map[string]any)
	for key := range keys {
		all[key] = o.at("data", key)
	}
	return all
}

func decode(t *testing.T, text string) []object {
	t.Helper()
	var all []object
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var o map[string]any // yaml makes the inner maps of the outer one's type
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("decode: %v\n%s", err, text)
		}
		if o != nil {
			all = append(all, o)
		}
	}
}

// data is that of the one eni-config among the documents, decoded.
func data(t *testing.T, text string) map[string]string {
	t.Helper()
	var found []map[string]string
	for _, o := range decode(t, text) {
		if o.at("kind") != "ConfigMap" || o.at("metadata", "name") != "eni-config" {
			continue
		}
		found = append(found, o.texts())
	}
	if len(found) != 1 {
		t.Fatalf("%d eni-configs, want 1, in:\n%s", len(found), text)
	}
	return found[0]
}

// without drops a key from a copy.
func without(texts map[string]string, key string) map[string]string {
	rest := map[string]string{}
	for k, v := range texts {
		if k != key {
			rest[k] = v
		}
	}
	return rest
}

// sources is the data that an overlay starts from: the base's, with what the overlay itself says about
// eni-config over it. An overlay that does not name the base stands alone.
func sources(t *testing.T, overlay string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	if strings.Contains(get(t, filepath.Join(overlay, "kustomization.yaml")), "../../base") {
		texts = data(t, get(t, "base/eni-config.yaml"))
	}
	files, err := filepath.Glob(filepath.Join(overlay, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text := get(t, file); strings.Contains(text, "name: eni-config\n") {
			for key, value := range data(t, text) {
				texts[key] = value
			}
		}
	}
	return texts
}

// noLeak: objects that only chainlint understands must not reach a cluster.
func noLeak(t *testing.T, text string) {
	t.Helper()
	for _, o := range decode(t, text) {
		if strings.HasPrefix(o.at("apiVersion"), "chainlint.dev/") {
			t.Errorf("%s %s leaks to the cluster", o.at("kind"), o.at("metadata", "name"))
		}
	}
}
