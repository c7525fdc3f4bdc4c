// SPDX-License-Identifier: Apache-2.0

//go:build unix

package scan

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func symlink(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// TestLinks: a file counts once however it is reached, links to directories are not followed, links to
// nothing are nothing.
func TestLinks(t *testing.T) {
	tree(t, map[string]string{"a/eni.yaml": configMap, "a/hard.yaml": configMap, "a/txt": configMap, "a/other.yaml": ""})
	symlink(t, "eni.yaml", "a/before.yaml")
	symlink(t, "txt", "a/text.yaml")
	symlink(t, "other.yaml", "a/another.yaml")
	symlink(t, "nothing.yaml", "a/dangling.yaml")
	symlink(t, "eni.yaml/nothing", "a/through-a-file.yaml")
	symlink(t, "loop.yaml", "a/loop.yaml")
	symlink(t, "a", "b")
	symlink(t, "a", "b.yaml")
	symlink(t, ".", "a/self")
	if err := os.Link("a/hard.yaml", "a/linked.yaml"); err != nil {
		t.Fatal(err)
	}
	const loop = "problem a/loop.yaml: read a/loop.yaml: too many levels of symbolic links"
	check(t, Scan([]string{"."}), "file a/eni.yaml", "file a/hard.yaml", "file a/text.yaml", loop, "seen 4")
	check(t, Scan([]string{".", "a", "a/before.yaml", "a/linked.yaml"}), "file a/before.yaml", "file a/linked.yaml", "file a/text.yaml", loop, "seen 4")
	check(t, Scan([]string{"b"}), "file b/eni.yaml", "file b/hard.yaml", "file b/text.yaml", "problem b/loop.yaml: read b/loop.yaml: too many levels of symbolic links", "seen 4")
	check(t, Scan([]string{"a/dangling.yaml"}), "problem a/dangling.yaml: read a/dangling.yaml: no such file or directory", "seen 0")
}

// TestPermission: what may not be read is a problem, files and directories alike.
func TestPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	tree(t, map[string]string{"a/b.yaml": configMap, "c.yaml": configMap, "d.md": configMap})
	for _, name := range []string{"a", "c.yaml", "d.md"} {
		if err := os.Chmod(name, 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod("a", 0o700) })
	r := Scan([]string{"."})
	check(t, r, "problem a: read a: permission denied", "problem c.yaml: read c.yaml: permission denied", "seen 0")
	if !errors.Is(r.Problems[0].Err, fs.ErrPermission) {
		t.Error("the cause of the error is lost")
	}
}

// TestSpecialFiles: a pipe that nobody writes to does not block.
func TestSpecialFiles(t *testing.T) {
	tree(t, map[string]string{"a.yaml": configMap})
	if err := syscall.Mkfifo("pipe.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", "socket.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for _, name := range []string{"pipe.yaml", "socket.yaml", os.DevNull} {
		symlink(t, name, "link-to-"+filepath.Base(name)+".yaml")
	}
	check(t, Scan([]string{"."}), "file a.yaml", "seen 1")
	const refused = " is not a regular file: a stream is read from standard input, as -"
	check(t, Scan([]string{"pipe.yaml", "socket.yaml", "/dev/null"}), "problem /dev/null: /dev/null"+refused, "problem pipe.yaml: pipe.yaml"+refused,
		"problem socket.yaml: socket.yaml"+refused, "seen 0")
}

// TestProc: files that say 0 bytes can have more.
func TestProc(t *testing.T) {
	const name = "/proc/self/status"
	if _, err := os.Stat(name); err != nil {
		t.Skip("no /proc")
	}
	if r := Scan([]string{name}); len(r.Files) != 1 || len(r.Files[0].Text) == 0 {
		t.Errorf("%s was not read: %+v", name, r)
	}
}
