// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
)

// pastGit is a commit.
type pastGit struct {
	*app
	top, commit string
	blobs       map[string][]byte
	today       map[string]bool
}

// readGit opens the merge base of a revision and HEAD in the repository of the first path, and reads the files
// of today from it.
func (l *linter) readGit(rev string) (past, render.Problems) {
	top, err := git(dirOf(l.roots[0]), nil, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, input.Unreadable(err)
	}
	p := &pastGit{app: l.app, top: strings.TrimSuffix(string(top), "\n"), today: map[string]bool{}}
	commit, err := git(p.top, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		return nil, input.Unreadable(fmt.Errorf("git knows no revision %q here: fetch it first", rev))
	}
	base, err := git(p.top, nil, "merge-base", strings.TrimSpace(string(commit)), "HEAD")
	if err != nil {
		return nil, input.Unreadable(fmt.Errorf("git knows no merge base of %s and HEAD: a shallow clone has too little history, run git fetch --unshallow", rev))
	}
	p.commit = strings.TrimSpace(string(base))
	var names []string
	for _, f := range l.files {
		if rel, ok := p.rel(f.File); ok {
			names = append(names, rel)
			p.today[rel] = true
		}
	}
	p.blobs, err = p.read(names)
	if err != nil {
		return nil, input.Unreadable(err)
	}
	return p, nil
}

func dirOf(path string) string {
	dir := input.Absolute(path)
	if isDir(dir) {
		return dir
	}
	return filepath.Dir(dir)
}

// rel is a file's name in the repository; ok is false outside of it.
func (p *pastGit) rel(file string) (name string, ok bool) {
	abs := input.Absolute(file)
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(dir, filepath.Base(abs))
	}
	rel, err := filepath.Rel(p.top, abs)
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel) && !strings.Contains(rel, "\n")
}

func (p *pastGit) at(file string) []*lint.Chain {
	rel, _ := p.rel(file)
	if text, ok := p.blobs[rel]; ok {
		return p.pastChains(file, text)
	}
	return nil
}

func (p *pastGit) others() []*lint.Chain {
	out, err := git(p.top, nil, "grep", "-l", "-z", "-F", "-e", "eni-config", "-e", "10-terway", p.commit, "--", "*.yaml", "*.yml", "*.json", "*.conflist")
	if err != nil {
		return nil // nothing was found
	}
	var names []string
	for name := range strings.SplitSeq(string(out), "\x00") {
		name = strings.TrimPrefix(name, p.commit+":")
		if name != "" && !p.today[name] && !strings.Contains(name, "\n") {
			names = append(names, name)
		}
	}
	blobs, err := p.read(names)
	if err != nil {
		p.say("%v", err)
	}
	var all []*lint.Chain
	for _, name := range names {
		if text, ok := blobs[name]; ok {
			all = append(all, p.pastChains(name, text)...)
		}
	}
	return all
}

// read gets files of the commit, all with one call of git. Those that were not there are not in the result.
func (p *pastGit) read(names []string) (map[string][]byte, error) {
	blobs := map[string][]byte{}
	if len(names) == 0 {
		return blobs, nil
	}
	var ask bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&ask, "%s:%s\n", p.commit, name)
	}
	out, err := git(p.top, &ask, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(bytes.NewReader(out))
	for _, name := range names {
		text, err := nextBlob(r)
		if err != nil {
			return nil, fmt.Errorf("git cat-file: %w", err)
		}
		if text != nil {
			blobs[name] = text
		}
	}
	return blobs, nil
}

// nextBlob reads "<object> blob <size>", a line break, the text and a line break; nil for anything but a file,
// such as "<what was asked> missing".
func nextBlob(r *bufio.Reader) ([]byte, error) {
	head, err := r.ReadString('\n')
	fields := strings.Fields(head)
	if err != nil || len(fields) != 3 {
		return nil, err
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, nil // "missing", behind a name with a blank in it
	}
	text := make([]byte, size+1)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	if fields[1] != "blob" {
		return nil, nil
	}
	return text[:size], nil
}

// git runs git in a directory; the error is its own last words.
func git(dir string, stdin io.Reader, args ...string) ([]byte, error) {
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Stdin = stdin
	cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}, name) // a hook's
	})
	out, err := cmd.Output()
	var failed *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("--against git:REV needs git, which is not installed here")
	case errors.As(err, &failed):
		words := strings.TrimSpace(string(failed.Stderr))
		return nil, fmt.Errorf("git %s: %s", args[0], words[strings.LastIndexByte(words, '\n')+1:])
	case err != nil:
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}
