// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// kpt runs the one on PATH, which is not on the Go module proxy.
func kpt(t *testing.T, dir string, args ...string) outcome {
	t.Helper()
	if _, err := exec.LookPath("kpt"); err != nil {
		t.Skip("kpt is not on PATH, and cannot be built from the Go module proxy")
	}
	return run(t, dir, "", append([]string{"kpt", "fn"}, args...)...)
}

func kptRender(t *testing.T, dir string) outcome {
	t.Helper()
	return kpt(t, dir, "render", "--allow-exec", ".")
}

// TestKptOverlays: the committed rendering is a fixed point of kpt, down to the bytes.
func TestKptOverlays(t *testing.T) {
	for _, overlay := range overlays(t) {
		t.Run(filepath.Base(overlay), func(t *testing.T) {
			t.Parallel()
			dir := copied(t, overlay)
			before := tree(t, dir)
			for range 2 {
				rendered := kptRender(t, dir)
				wantExit(t, rendered, 0)
				wantText(t, rendered.said(), "[PASS]", "rendered "+conflistKey)
				wantEqual(t, "files", before, tree(t, dir))
			}
		})
	}
}

// conflistBlock is the chain in a committed rendering.
var conflistBlock = regexp.MustCompile(`(?m)^  10-terway\.conflist: \|\n(?:    .*\n)+`)

// damages to a rendering, each of which people have done by hand. The first two are tried on every
// overlay, the rest on one, for time.
var damages = []struct{ name, text string }{
	{"gone", ""},
	{"old", "  10-terway.conflist: |\n    {\"plugins\": [{\"type\": \"terway\"}]}\n"},
	{"quoted", `  10-terway.conflist: "{\"plugins\": [{\"type\": \"terway\"}, {\"type\": \"bandwidth\"}]} \n"` + "\n"},
	{"broken", "  10-terway.conflist: |\n    {\"plugins\": [\n"},
	{"empty", "  10-terway.conflist: \"\"\n"},
	{"commented", "  10-terway.conflist: | # by hand\n      {\"plugins\":[{\"type\":\"terway\",\"mtu\":1400}]}\n"},
}

// TestKptRestores: whatever became of the chain, kpt brings it back, and nothing else changes.
func TestKptRestores(t *testing.T) {
	for i, overlay := range overlays(t) {
		for j, damage := range damages {
			if i > 0 && j > 1 {
				continue
			}
			t.Run(filepath.Base(overlay)+"/"+damage.name, func(t *testing.T) {
				t.Parallel()
				restores(t, copied(t, overlay), damage.text)
			})
		}
	}
}

func restores(t *testing.T, dir, damage string) {
	t.Helper()
	const rendered = "rendered/eni-config.yaml"
	file := filepath.Join(dir, rendered)
	committed, others := get(t, file), without(tree(t, dir), rendered)
	put(t, file, conflistBlock.ReplaceAllString(committed, damage))
	wantExit(t, kptRender(t, dir), 0)
	once := tree(t, dir)
	wantEqual(t, "decoded rendering", decode(t, committed), decode(t, get(t, file)))
	wantEqual(t, "other files", others, without(once, rendered))
	wantText(t, get(t, file), conflistKey+": |") // one quoted line would be unreadable
	wantExit(t, kptRender(t, dir), 0)
	wantEqual(t, "files of the second run", once, tree(t, dir))
}

// TestKptRefusal: all or nothing, and loud. Position and fact must reach the screen.
func TestKptRefusal(t *testing.T) {
	for _, c := range []struct {
		name, file, old, text string
		said                  []string
	}{
		{"a fact forbids it", "facts.yaml", "version: v1.15.0", "version: v1.14.0", []string{"Exit code: 1", "intents.yaml: ChainIntent host-ports", "symmetric-routing-unsupported"}},
		{"a fact is missing", "facts.yaml", "    version: v1.15.0\n", "", []string{"Exit code: 2", "terway.version", "fact-missing"}},
		{"a field is unknown", "intents.yaml", "exposure", "exposre", []string{"Exit code: 2", "exposre", "exposure", "invalid-field"}},
		{"the reference leads nowhere", "chainrender.yaml", "name: public-host-ports", "name: other", []string{"Exit code: 2", "facts-not-found", "other"}},
		{"the base is broken", "rendered/eni-config.yaml", `"type": "terway",`, `"type": "terway"`, []string{"Exit code: 3", confKey}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := copied(t, "overlays/public-host-ports")
			edit(t, filepath.Join(dir, c.file), c.old, c.text)
			before := tree(t, dir)
			for range 2 {
				refused := kptRender(t, dir)
				wantExit(t, refused, 1)
				wantText(t, refused.said(), append(c.said, "[FAIL]")...)
				wantEqual(t, "files", before, tree(t, dir))
			}
		})
	}
}

// TestKptWithoutFlag pins that this host is loud where kustomize is silent.
func TestKptWithoutFlag(t *testing.T) {
	dir := copied(t, "overlays/private-host-ports")
	refused := kpt(t, dir, "render", ".")
	wantExit(t, refused, 1)
	wantText(t, refused.said(), "must run with `--allow-exec`")
}

// TestKptValidator pins that kpt throws away what a validator changes: chainlint passes, and the file
// stays without a chain. So the function belongs under mutators, and a validator proves only that
// intents and facts fit each other.
func TestKptValidator(t *testing.T) {
	dir := copied(t, "overlays/public-host-ports")
	edit(t, filepath.Join(dir, "Kptfile"), "mutators:", "validators:")
	edit(t, filepath.Join(dir, "Kptfile"), "  validators:\n  - exec: chainlint\n    configPath: chainlint.yaml\n", "")
	file := filepath.Join(dir, "rendered/eni-config.yaml")
	put(t, file, conflistBlock.ReplaceAllString(get(t, file), ""))
	before := tree(t, dir)
	for range 2 {
		passed := kptRender(t, dir)
		wantExit(t, passed, 0)
		wantText(t, passed.said(), "[PASS]", "rendered "+conflistKey)
		wantEqual(t, "files", before, tree(t, dir))
	}
	edit(t, filepath.Join(dir, "facts.yaml"), "version: v1.15.0", "version: v1.14.0")
	refused := kptRender(t, dir)
	wantExit(t, refused, 1)
	wantText(t, refused.said(), "[FAIL]", "symmetric-routing-unsupported")
}

// TestKptResults: what CI reads instead of the screen.
func TestKptResults(t *testing.T) {
	dir, results := copied(t, "overlays/public-host-ports"), t.TempDir()
	edit(t, filepath.Join(dir, "facts.yaml"), "version: v1.15.0", "version: v1.14.0")
	wantExit(t, kpt(t, dir, "render", "--allow-exec", "--results-dir", results, "."), 1)
	wantText(t, get(t, filepath.Join(results, "results.yaml")), "exitCode: 1", "severity: error",
		"rule: symmetric-routing-unsupported", "kind: ChainIntent", "name: host-ports", "path: spec.hostPorts.exposure", "path: intents.yaml")
}
