// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
)

// maxFile bounds what is read of one file or stream: the tree of a YAML text takes some forty times as much.
const maxFile = 10 << 20

// stdinName is what messages call the stream.
const stdinName = "standard input"

// unreadable is a problem with a file as a whole.
func unreadable(err error) render.Problems {
	p := render.Problem{Class: render.Unreadable, Code: "unreadable", Message: err.Error(), Offset: -1}
	var bad *manifest.Error
	if errors.As(err, &bad) {
		p.Position, p.Message = bad.Position, bad.Reason
	}
	return render.Problems{p}
}

func usage(format string, args ...any) render.Problems {
	return render.Problems{{Class: render.Invalid, Code: "usage", Message: fmt.Sprintf(format, args...), Offset: -1}}
}

// readText reads a file, or stdin for "-".
func (a *app) readText(name string) ([]byte, error) { return a.readUpTo(name, maxFile) }

func (a *app) readUpTo(name string, limit int64) ([]byte, error) {
	r, label := a.in, stdinName
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, plain(err)
		}
		defer func() { _ = f.Close() }() // read only: nothing to lose
		r, label = f, name
	}
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, plain(err)
	case int64(len(text)) > limit:
		return nil, fmt.Errorf("%s is larger than %d MiB, the most that is read", label, limit>>20)
	case len(strings.TrimSpace(string(text))) == 0:
		return nil, fmt.Errorf("%s is empty", label)
	}
	return text, nil
}

// plain says "read NAME: no such file or directory" where Go says "open".
func plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("read %s: %w", path.Path, path.Err)
	}
	return err
}

// unwritten says which file could not be written, and why; the temporary one beside it concerns nobody.
func unwritten(name string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return fmt.Errorf("write %s: %w", name, err)
}

// readObjects reads the objects of a file or, for "-", of stdin.
func (a *app) readObjects(name string) ([]*manifest.Object, error) {
	text, err := a.readText(name)
	if err != nil {
		return nil, err
	}
	if name == "-" {
		name = stdinName
	}
	objects, err := manifest.Read(name, text)
	if err != nil {
		return nil, err
	}
	return expandLists(objects), nil
}

// expandLists replaces the Lists that kubectl prints by their items.
func expandLists(objects []*manifest.Object) []*manifest.Object {
	var all []*manifest.Object
	for _, o := range objects {
		items := manifest.Get(o.Node, "items")
		if !strings.HasSuffix(o.Ref().Kind, "List") || items == nil {
			all = append(all, o)
			continue
		}
		for _, item := range items.Content {
			all = append(all, o.Item(item))
		}
	}
	return all
}

// readDir reads the YAML files of a directory that has no kustomization, in the order of their names:
// *.yaml and *.yml but Kptfile, hidden files and rendered/.
func (a *app) readDir(dir string) ([]*manifest.Object, error) {
	var all []*manifest.Object
	dir, err := filepath.EvalSymlinks(dir) // WalkDir does not enter a link
	if err != nil {
		return nil, plain(err)
	}
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return plain(err)
		case entry.IsDir() && name != dir && (entry.Name() == renderedDir || strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case entry.IsDir(), !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)), strings.HasPrefix(entry.Name(), "."):
			return nil
		}
		objects, err := a.readObjects(name)
		all = append(all, objects...)
		return err
	})
	return all, err
}

// writeFile replaces a file as a whole or not at all, keeping its mode and its line ends.
func writeFile(name string, text []byte) error {
	if before, err := os.ReadFile(name); err == nil && bytes.Contains(before, []byte("\r\n")) {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	return replaceFile(name, text)
}

// replaceFile puts these bytes in a file's place as a whole or not at all, keeping its mode.
func replaceFile(name string, text []byte) error {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(name); err == nil {
		if mode = info.Mode(); !mode.IsRegular() && !mode.IsDir() {
			return os.WriteFile(name, text, 0) // a pipe or /dev/null is written to, not replaced
		}
		mode = mode.Perm()
		if target, err := filepath.EvalSymlinks(name); err == nil {
			name = target
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone after the rename
	_, err = tmp.Write(text)
	for _, step := range []func() error{func() error { return tmp.Chmod(mode) }, tmp.Sync, tmp.Close} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
