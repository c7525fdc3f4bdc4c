// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// origin is how a file was reached, the best way first.
type origin uint8

const (
	named origin = iota
	walked
	linked
)

// task is a directory to list or files to look at.
type task struct {
	dir   string
	files []target
}

// target is a file by its name, and what is looked for in it.
type target struct {
	name   string
	want   words
	origin origin
}

// batch is how many files a worker takes at once, so that a single large directory keeps all busy.
const batch = 64

// scanner hands out tasks, the newest first, so that few wait at a time.
type scanner struct {
	mu    sync.Mutex
	ready sync.Cond
	todo  []task
	// busy counts the workers that may still add tasks.
	busy    int
	workers []*worker
	large   large
}

func newScanner() *scanner {
	s := &scanner{}
	s.ready.L = &s.mu
	for range runtime.GOMAXPROCS(0) {
		s.workers = append(s.workers, &worker{scanner: s})
	}
	return s
}

// root adds what the user named; the first worker carries the problems of the start.
func (s *scanner) root(name string) {
	w := s.workers[0]
	st, err := os.Stat(name)
	switch {
	case err != nil:
		w.problems = append(w.problems, unreadable(name, err))
		return
	case st.IsDir():
		s.todo = append(s.todo, task{dir: name})
	case st.Mode().IsRegular():
		s.todo = append(s.todo, task{files: []target{{name, wanted(filepath.Base(name)) | chainWord, named}}})
	default:
		w.problems = append(w.problems, notRegular(name))
	}
	w.twice = len(s.todo) > 1
}

// run works until nothing is left to do.
func (s *scanner) run() []*worker {
	var all sync.WaitGroup
	s.busy = len(s.workers)
	for _, w := range s.workers {
		all.Go(w.run)
	}
	all.Wait()
	return s.workers
}

func (s *scanner) add(tasks []task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.todo = append(s.todo, tasks...)
	s.ready.Broadcast()
}

// next waits for a task; there is none when nobody is left who could add one.
func (s *scanner) next() (t task, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	for len(s.todo) == 0 && s.busy > 0 {
		s.ready.Wait()
	}
	last := len(s.todo) - 1
	if last < 0 {
		s.ready.Broadcast()
		return task{}, false
	}
	t, s.todo = s.todo[last], s.todo[:last]
	s.busy++
	return t, true
}

// list leaves all that is in a directory to whoever is free.
func (w *worker) list(dir string) {
	var tasks []task
	var files []target
	err := entries(dir, w.small.buf, func(name string, mode fs.FileMode) {
		want := wanted(name)
		switch {
		case mode.IsDir() && name != ".git":
			tasks = append(tasks, task{dir: join(dir, name)})
		case want != 0 && mode.IsRegular():
			files = append(files, target{join(dir, name), want, walked})
		case want != 0 && mode&fs.ModeSymlink != 0:
			files = append(files, target{join(dir, name), want, linked})
		}
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // what is gone was removed meanwhile
		w.problems = append(w.problems, unreadable(dir, err))
	}
	for some := range slices.Chunk(files, batch) {
		tasks = append(tasks, task{files: some})
	}
	w.scanner.add(tasks)
}

// join is filepath.Join for a clean directory.
func join(dir, base string) string {
	switch {
	case dir == ".":
		return base
	case strings.HasSuffix(dir, string(os.PathSeparator)):
		return dir + base
	}
	return dir + string(os.PathSeparator) + base
}
