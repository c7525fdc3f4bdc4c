// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/internal/image"
)

const containerImage = "chainlint.dev/chainlint:test"

// loadImage brings the one image to the container engine, or skips the test where there is none.
func loadImage(t *testing.T) {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "docker", "version").Run(); err != nil {
		t.Skip("no container engine answers: ", err)
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir+"/", "../cmd/chainlint", "../cmd/chainlint-conformance")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	built, err := image.Build(image.Programs{Chainlint: filepath.Join(dir, "chainlint"), Conformance: filepath.Join(dir, "chainlint-conformance")})
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.Create(filepath.Join(dir, "image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	if err := image.Save(archive, built, containerImage); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "docker", "load", "-i", archive.Name()).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", containerImage).Run() })
}

// TestContainerFunction: the image is the function, in kustomize's container form, as the user nobody and without a
// network.
func TestContainerFunction(t *testing.T) {
	loadImage(t)
	const overlay = "overlays/private-host-ports"
	dir := filepath.Join(copied(t, "."), overlay)
	file := filepath.Join(dir, "chainrender.yaml")
	put(t, file, strings.Replace(get(t, file), "      exec:\n        path: chainlint\n", "      container:\n        image: "+containerImage+"\n", 1))
	kustomization := filepath.Join(dir, "kustomization.yaml")
	put(t, kustomization, strings.Replace(get(t, kustomization), "- chainlint.yaml\n", "", 1))
	built := kustomize(t, dir, "--enable-alpha-plugins")
	wantExit(t, built, 0)
	wantEqual(t, "data", data(t, get(t, overlay+"/rendered/eni-config.yaml")), data(t, built.stdout))
}
