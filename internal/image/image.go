// SPDX-License-Identifier: Apache-2.0

// Package image makes the one image of chainlint, from nothing but its two programs: the function and linter, which
// is the entry point, and the suite, which is probe and stand-in for Terway, too. No registry and no engine is needed.
package image

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Where programs are in the image.
const (
	Chainlint   = "/chainlint"
	Conformance = "/chainlint-conformance"
)

// Nobody is the user that it runs as: kustomize and kpt run functions as the user of that name.
const Nobody = "65534:65534"

const passwd = "root:x:0:0:root:/:/none\nnobody:x:65534:65534:nobody:/:/none\n"

// Programs of this machine that go into the image.
type Programs struct{ Chainlint, Conformance string }

// Find finds the programs: this process's own, and the one beside it.
func Find() (Programs, error) {
	self, err := os.Executable()
	if err != nil {
		return Programs{}, err
	}
	p := Programs{Conformance: self, Chainlint: filepath.Join(filepath.Dir(self), filepath.Base(Chainlint))}
	if _, err := os.Stat(p.Chainlint); err != nil {
		return p, fmt.Errorf("the image holds chainlint, too, which is not beside %s: build both with make build", self)
	}
	return p, nil
}

// Build makes the image.
func Build(p Programs) (v1.Image, error) {
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	for _, dir := range []tar.Header{{Name: "etc/", Mode: 0o755}, {Name: "run/", Mode: 0o755}, {Name: "tmp/", Mode: 0o1777}} {
		dir.Typeflag = tar.TypeDir
		if err := w.WriteHeader(&dir); err != nil {
			return nil, err
		}
	}
	err := errors.Join(
		add(w, "etc/passwd", []byte(passwd), 0o644),
		addProgram(w, Chainlint[1:], p.Chainlint),
		addProgram(w, Conformance[1:], p.Conformance),
		w.Close(),
	)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files.Bytes())), nil })
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file.Architecture, file.OS = runtime.GOARCH, "linux"
	file.Config = v1.Config{
		User: Nobody, Entrypoint: []string{Chainlint}, Env: []string{"PATH=/"},
		Labels: map[string]string{"org.opencontainers.image.title": "chainlint", "org.opencontainers.image.licenses": "Apache-2.0"},
	}
	return mutate.ConfigFile(image, file)
}

func add(w *tar.Writer, name string, content []byte, mode int64) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

// addProgram takes static programs only: there is no loader in the image.
func addProgram(w *tar.Writer, name, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	program, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("%s is no program for Linux: %w", file, err)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			return fmt.Errorf("%s needs a loader, which the image has not: build it with CGO_ENABLED=0, as make build does", file)
		}
	}
	return add(w, name, content, 0o755)
}

// Save writes the archive that docker and kind load, with the image under each of the names.
func Save(w io.Writer, image v1.Image, names ...string) error {
	tags := map[name.Tag]v1.Image{}
	for _, n := range names {
		tag, err := name.NewTag(n)
		if err != nil {
			return fmt.Errorf("image name: %w", err)
		}
		tags[tag] = image
	}
	return tarball.MultiWrite(tags, w)
}
