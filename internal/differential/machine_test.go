// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// enterMachine takes the calling thread, which must be locked and never unlocked, to namespaces of its own
// in which the real machine cannot be changed: the root file system is read-only but for dir, and /etc/cni,
// /run and /var/lib are fresh.
func enterMachine(dir string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_FS); err != nil {
		return err
	}
	if err := shadowEtc(dir); err != nil {
		return err
	}
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"tmpfs", "/run", "tmpfs", 0},
		{"tmpfs", "/var/lib", "tmpfs", 0},
		{dir, dir, "", unix.MS_BIND | unix.MS_REC},
		{"", "/", "", unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY},
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	return nil
}

// shadowEtc puts a directory of links to the real /etc in its place, so that /etc/cni can be made there.
func shadowEtc(dir string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	entries, err := os.ReadDir("/etc")
	if err != nil {
		return err
	}
	real, shadow := filepath.Join(dir, "real-etc"), filepath.Join(dir, "etc")
	for _, d := range []string{real, shadow, filepath.Join(shadow, "cni", "tuning")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("/etc", real, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == "cni" {
			continue
		}
		if err := os.Symlink(filepath.Join(real, e.Name()), filepath.Join(shadow, e.Name())); err != nil {
			return err
		}
	}
	return unix.Mount(shadow, "/etc", "", unix.MS_BIND, "")
}

// node is a network namespace that stands for a node, and at most one pod on it. The calling thread is in
// the node's.
type node struct {
	dir       string
	host, pod int
	datapath  string // as Terway resolved it
	dual      bool
}

// newNode makes a fresh namespace: eth0 with an address and a default route.
func newNode(dir string) (*node, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	host, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	n := &node{dir: dir, host: host, pod: -1}
	return n, withLinks(func(links *netlink.Handle) error {
		if err := links.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "wire"}); err != nil {
			return err
		}
		for _, name := range []string{"lo", "wire", "eth0"} {
			if err := up(links, name); err != nil {
				return err
			}
		}
		eth0, err := links.LinkByName("eth0")
		if err != nil {
			return err
		}
		if err := links.AddrAdd(eth0, address("10.0.0.10/24")); err != nil {
			return err
		}
		return links.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Gw: net.IPv4(10, 0, 0, 253)})
	})
}

func withLinks(do func(*netlink.Handle) error) error {
	links, err := netlink.NewHandle()
	if err != nil {
		return err
	}
	defer links.Close()
	return do(links)
}

func up(links *netlink.Handle, name string) error {
	link, err := links.LinkByName(name)
	if err != nil {
		return err
	}
	return links.LinkSetUp(link)
}

func address(text string) *netlink.Addr {
	a, err := netlink.ParseAddr(text)
	if err != nil {
		panic(err)
	}
	return a
}

// newPod replaces the pod by a fresh namespace with lo.
func (n *node) newPod() error {
	n.close(n.pod)
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	var err error
	if n.pod, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return err
	}
	if err := withLinks(func(links *netlink.Handle) error { return up(links, "lo") }); err != nil {
		return err
	}
	if err := unix.Setns(n.host, unix.CLONE_NEWNET); err != nil {
		return err
	}
	return withLinks(func(links *netlink.Handle) error {
		if old, err := links.LinkByName(hostLink); err == nil {
			_ = links.LinkDel(old) // it may go with its pod meanwhile
		}
		return nil
	})
}

// podPath is where a plugin finds the pod's namespace.
func (n *node) podPath() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.pod) }

func (n *node) close(fd int) {
	if fd >= 0 {
		_ = unix.Close(fd)
	}
}

// makeMarkChain makes the chain of kube-proxy's iptables and ipvs modes.
func makeMarkChain() error {
	for _, command := range []string{"iptables-restore", "ip6tables-restore"} {
		cmd := exec.Command(command, "--noflush")
		cmd.Stdin = strings.NewReader("*nat\n:KUBE-MARK-MASQ - [0:0]\n-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\nCOMMIT\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, out)
		}
	}
	return nil
}

// setAllowlist writes /etc/cni/tuning/allowlist.conf; nil lines: there is none.
func setAllowlist(lines []string) error {
	const file = "/etc/cni/tuning/allowlist.conf"
	if lines == nil {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644)
}
