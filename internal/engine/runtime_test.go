// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCapabilitiesHaveTheirNumbers(t *testing.T) {
	for name, number := range map[string]int{"CAP_CHOWN": 0, "CAP_NET_ADMIN": 12, "CAP_SYS_RESOURCE": 24, "CAP_CHECKPOINT_RESTORE": 40} {
		if got := slices.Index(capabilities, name); got != number {
			t.Errorf("%s is %d, want %d", name, got, number)
		}
	}
}

// TestLimit: what is not in the bounding set goes, from a container's file and from a command's; the rest stays.
func TestLimit(t *testing.T) {
	const bounding = 1<<0 | 1<<12
	for _, text := range []string{
		`{"capabilities":{"bounding":["CAP_CHOWN","CAP_SYS_RESOURCE"],"effective":["CAP_NET_ADMIN"]},"args":["x"]}`,
	} {
		var process map[string]any
		if err := json.Unmarshal([]byte(text), &process); err != nil {
			t.Fatal(err)
		}
		limit(process, bounding)
		got, err := json.Marshal(process)
		if want := `{"args":["x"],"capabilities":{"bounding":["CAP_CHOWN"],"effective":["CAP_NET_ADMIN"]}}`; err != nil || string(got) != want {
			t.Errorf("%s, %v", got, err)
		}
	}
}

func TestLimitFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(`{"ociVersion":"1.0.2","process":{"capabilities":{"bounding":["CAP_CHOWN"]}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := limitFile(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	var doc map[string]any
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err != nil || doc["ociVersion"] != "1.0.2" {
		t.Errorf("%s, %v", text, err)
	}
}

func TestValueOf(t *testing.T) {
	args := []string{"--root", "/r", "create", "--bundle", "/b", "--pid-file=/p", "id"}
	if got := valueOf(args, "--bundle", "-b"); got != "/b" {
		t.Errorf("--bundle is %q", got)
	}
	if got := valueOf(args, "--pid-file"); got != "/p" {
		t.Errorf("--pid-file is %q", got)
	}
	if got := valueOf(args, "--process"); got != "" {
		t.Errorf("--process is %q", got)
	}
}
