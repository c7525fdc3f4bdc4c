// SPDX-License-Identifier: Apache-2.0

package input

import (
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

// MaxFile bounds what is read of one file or stream, in bytes: the tree of a YAML text takes some forty times
// as much.
const MaxFile = 10 << 20

// StdinName is what messages call the stream.
const StdinName = "standard input"

// RenderedDir is where a directory keeps its committed rendering; it is not read.
const RenderedDir = "rendered"

// Reader reads files, and its stream for the name "-".
type Reader struct {
	In io.Reader
}

// Unreadable is a problem with a file as a whole.
func Unreadable(err error) render.Problems {
	p := render.Problem{Class: render.Unreadable, Code: "unreadable", Message: err.Error(), Offset: -1}
	var bad *manifest.Error
	if errors.As(err, &bad) {
		p.Position, p.Message = bad.Position, bad.Reason
	}
	return render.Problems{p}
}

// Usage is a mistake in what was asked for.
func Usage(format string, args ...any) render.Problems {
	return render.Problems{{Class: render.Invalid, Code: "usage", Message: fmt.Sprintf(format, args...), Offset: -1}}
}

// Text reads a file, or the stream for "-".
func (r Reader) Text(name string) ([]byte, error) { return r.UpTo(name, MaxFile) }

// UpTo reads no more than limit bytes; a longer file is an error.
func (r Reader) UpTo(name string, limit int64) ([]byte, error) {
	from, label := r.In, StdinName
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, Plain(err)
		}
		defer func() { _ = f.Close() }() // read only: nothing to lose
		from, label = f, name
	}
	text, err := io.ReadAll(io.LimitReader(from, limit+1))
	switch {
	case err != nil:
		return nil, Plain(err)
	case int64(len(text)) > limit:
		return nil, fmt.Errorf("%s is larger than %d MiB, the most that is read", label, limit>>20)
	case len(strings.TrimSpace(string(text))) == 0:
		return nil, fmt.Errorf("%s is empty", label)
	}
	return text, nil
}

// Plain says "read NAME: no such file or directory" where Go says "open".
func Plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("read %s: %w", path.Path, path.Err)
	}
	return err
}

// Objects reads the objects of a file or, for "-", of the stream.
func (r Reader) Objects(name string) ([]*manifest.Object, error) {
	text, err := r.Text(name)
	if err != nil {
		return nil, err
	}
	if name == "-" {
		name = StdinName
	}
	objects, err := manifest.Read(name, text)
	if err != nil {
		return nil, err
	}
	return ExpandLists(objects), nil
}

// ExpandLists replaces the Lists that kubectl prints by their items.
func ExpandLists(objects []*manifest.Object) []*manifest.Object {
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

// Dir reads the YAML files of a directory that has no kustomization, in the order of their names:
// *.yaml and *.yml but Kptfile, hidden files and rendered/.
func (r Reader) Dir(dir string) ([]*manifest.Object, error) {
	var all []*manifest.Object
	dir, err := filepath.EvalSymlinks(dir) // WalkDir does not enter a link
	if err != nil {
		return nil, Plain(err)
	}
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return Plain(err)
		case entry.IsDir() && name != dir && (entry.Name() == RenderedDir || strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case entry.IsDir(), !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)), strings.HasPrefix(entry.Name(), "."):
			return nil
		}
		objects, err := r.Objects(name)
		all = append(all, objects...)
		return err
	})
	return all, err
}
