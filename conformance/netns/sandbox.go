// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Command is this program again, in mount and network namespaces of its own; without root, in a user namespace,
// too. The process dies with the thread that starts it, so that thread must be locked. The child calls [Enter]
// before anything else.
func Command(ctx context.Context, rootless bool) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true, // an interrupt from the terminal is the parent's to handle
	}
	if rootless {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	path := os.Getenv("PATH")
	for _, dir := range []string{"/usr/sbin", "/sbin"} { // an ordinary user's lacks what plugins run
		if !strings.Contains(":"+path+":", ":"+dir+":") {
			path += ":" + dir
		}
	}
	cmd.Env = append(os.Environ(), "PATH="+path)
	return cmd
}

// Probe tells how namespaces can be had here: rootless or not. The error says why neither way works, and what
// to do.
func Probe(ctx context.Context) (rootless bool, err error) {
	if os.Getenv(childVariable) != "" {
		return false, errUnhandled
	}
	var failed []error
	for _, rootless := range []bool{false, true} {
		if !rootless && os.Geteuid() != 0 {
			continue
		}
		cmd := Command(ctx, rootless)
		cmd.Env = append(cmd.Env, childVariable+"=try")
		out, err := cmd.CombinedOutput()
		if err == nil {
			return rootless, nil
		}
		failed = append(failed, fmt.Errorf("%w %s", err, strings.TrimSpace(string(out))))
	}
	return false, fmt.Errorf("this machine gives no network namespaces: run as root, or allow unprivileged user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns): %w", errors.Join(failed...))
}

// Enter makes the namespaces that [Command] gave the process a machine of their own: everything of the real one
// is read-only, /run, /var/lib and /etc/cni are fresh and in memory. The directories of plugins stay reachable.
func Enter(plugins Plugins) (Machine, error) {
	m := Machine{Plugins: Plugins{}, Dir: "/run/chainlint"}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return m, fmt.Errorf("keep mounts to itself: %w", err)
	}
	held := map[string]int{}
	for release, dir := range plugins {
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return m, fmt.Errorf("open the plugins of %s: %w", release, err)
		}
		defer unix.Close(fd) //nolint:errcheck // it was opened to be found
		held[release] = fd
	}
	if err := mount("tmpfs", "/run", "tmpfs", 0); err != nil {
		return m, err
	}
	if err := errors.Join(os.MkdirAll(m.Dir, 0o700), mount("tmpfs", "/var/lib", "tmpfs", 0), shadowEtc(m.Dir)); err != nil {
		return m, err
	}
	for release, fd := range held {
		dir := filepath.Join(m.Dir, "plugins", "of-"+release)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return m, err
		}
		if err := mount("/proc/self/fd/"+strconv.Itoa(fd), dir, "", unix.MS_BIND); err != nil {
			return m, err
		}
		m.Plugins[release] = dir
	}
	return m, readOnlyRoot()
}

func mount(source, target, kind string, flags uintptr) error {
	if err := unix.Mount(source, target, kind, flags, ""); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

// podHosts is /etc/hosts of pods, as kubelet writes it (pkg/kubelet/kubelet_pods.go, managedHostsFileContent).
const podHosts = `# Kubernetes-managed hosts file.
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::	ip6-localnet
fe00::	ip6-mcastprefix
fe00::1	ip6-allnodes
fe00::2	ip6-allrouters
`

// shadowEtc puts a directory of links to the real /etc in its place, so that /etc/cni can be made there, and
// gives it the hosts of pods.
func shadowEtc(dir string) error {
	entries, err := os.ReadDir("/etc")
	if err != nil {
		return err
	}
	real, shadow := filepath.Join(dir, "real-etc"), filepath.Join(dir, "etc")
	for _, d := range []string{real, filepath.Join(shadow, "cni", "tuning")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	if err := mount("/etc", real, "", unix.MS_BIND|unix.MS_REC); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == "cni" || e.Name() == "hosts" {
			continue
		}
		if err := os.Symlink(filepath.Join(real, e.Name()), filepath.Join(shadow, e.Name())); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(shadow, "hosts"), []byte(podHosts), 0o644); err != nil {
		return err
	}
	return mount(shadow, "/etc", "", unix.MS_BIND)
}

// readOnlyRoot keeps plugins from writing elsewhere. Flags that a user namespace may not clear are kept.
func readOnlyRoot() error {
	var stat unix.Statfs_t
	if err := unix.Statfs("/", &stat); err != nil {
		return err
	}
	const kept = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOATIME | unix.MS_NODIRATIME | unix.MS_RELATIME
	return mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|uintptr(stat.Flags)&kept)
}
