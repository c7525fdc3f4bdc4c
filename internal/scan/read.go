// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"
)

const (
	// smallFile is what the buffer of a worker holds: nearly every manifest.
	smallFile = 128 << 10
	// overlap is how much of a chunk is searched again with the next one: a word that takes more room
	// with its escapes and line breaks is missed, in files that are too large anyway.
	overlap = 64 << 10
)

// worker looks at files; what it finds is put together at the end.
type worker struct {
	scanner  *scanner
	small    reader
	found    []found
	seen     []id
	problems []Problem
	// twice is true once it met a file that can have a second name.
	twice bool
}

// found is a file that holds some of the words that were looked for.
type found struct {
	File
	words  words
	origin origin
	id     id
}

// reader is the memory to read and search one file at a time.
type reader struct {
	finder
	buf, utf8 []byte
}

// large is for files that do not fit into the buffer of a worker: one at a time, so that memory stays
// bounded however many workers there are.
type large struct {
	sync.Mutex
	reader
}

// wanted tells what to look for in a file of that name; nothing where directories are searched without it.
func wanted(base string) words {
	switch base {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
		return chainWord | patchWord
	}
	switch filepath.Ext(base) {
	case ".yaml", ".yml":
		return chainWord | factsWord
	case ".json":
		return chainWord
	case ".conflist":
		return terwayWord
	}
	return 0
}

func (w *worker) run() {
	w.small.buf = make([]byte, smallFile)
	for t, ok := w.scanner.next(); ok; t, ok = w.scanner.next() {
		if t.dir != "" {
			w.list(t.dir)
		}
		for _, file := range t.files {
			if p := w.look(file); p.Err != nil {
				w.problems = append(w.problems, p)
			}
		}
	}
}

// look reads and searches one file. Something in a directory that is no file, or is gone, is no problem.
func (w *worker) look(t target) Problem {
	f, err := openFile(t.name)
	if err != nil && t.origin != named && isGone(err) {
		return Problem{}
	}
	if err != nil {
		return unreadable(t.name, err)
	}
	defer f.close()
	st, err := f.stat()
	switch {
	case err != nil:
		return unreadable(t.name, err)
	case st.regular:
		return w.search(f, t, st)
	case t.origin == named:
		return notRegular(t.name)
	}
	return Problem{}
}

func (w *worker) search(f file, t target, st info) Problem {
	w.seen = append(w.seen, st.id)
	w.twice = w.twice || t.origin == linked || st.links > 1
	r := &w.small
	n, err := r.fill(f, 0, st.size)
	if n == len(r.buf) && int64(n) != st.size {
		head := r.buf
		r = &w.scanner.large.reader
		w.scanner.large.Lock()
		defer w.scanner.large.Unlock()
		r.grow()
		n, err = r.fill(f, copy(r.buf, head), st.size)
	}
	switch {
	case err != nil:
		return unreadable(t.name, err)
	case n > maxFile:
		return r.skip(f, t)
	}
	text, held := r.judge(r.buf[:n], t.want)
	if held |= byName(t); held != 0 || t.origin == named {
		w.found = append(w.found, found{File{t.name, bytes.Clone(text)}, held, t.origin, st.id})
	}
	return Problem{}
}

// judge searches a whole file and returns its text as UTF-8; broken UTF-16 stays, for the parser to refuse.
func (r *reader) judge(text []byte, want words) (recoded []byte, held words) {
	r.tagged = false
	recoded, whole := r.decoded(text, utf16Order(text))
	held = r.find(recoded, want)
	if !whole {
		recoded = text
	}
	return recoded, held
}

// byName is what the name of a file tells without its text.
func byName(t target) words {
	if t.want.has(terwayWord) && strings.Contains(filepath.Base(t.name), "terway") {
		return terwayWord
	}
	return 0
}

// grow gives the reader room for one byte more than is read of a file.
func (r *reader) grow() {
	if r.buf == nil {
		r.buf = make([]byte, maxFile+1)
	}
}

// fill reads on behind the first n bytes until the buffer is full or the file ends. The size spares the
// call that finds the end; a file that says 0 can have more, as in /proc.
func (r *reader) fill(f file, n int, size int64) (int, error) {
	for n < len(r.buf) {
		got, err := f.read(r.buf[n:])
		n += got
		if err != nil || got == 0 || int64(n) == size {
			return n, err
		}
	}
	return n, nil
}

// skip searches a file that is too large, chunk by chunk: it is a problem if it would be a candidate.
func (r *reader) skip(f file, t target) Problem {
	order := utf16Order(r.buf)
	want := t.want & (chainWord | terwayWord)
	if t.origin == named || byName(t) != 0 {
		return tooLarge(t.name)
	}
	r.tagged = false
	for n := len(r.buf); ; {
		text, _ := r.decoded(r.buf[:n], order)
		if r.find(text, want) != 0 {
			return tooLarge(t.name)
		}
		if n < len(r.buf) {
			return Problem{}
		}
		from := (n - overlap) &^ 1 // UTF-16 has two bytes at least for a character
		var err error
		if n, err = r.fill(f, copy(r.buf, r.buf[from:n]), -1); err != nil {
			return unreadable(t.name, err)
		}
	}
}
