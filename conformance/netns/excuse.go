// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/cni"
)

// inUserNamespace tells whether the machine is one of an ordinary user: the initial user namespace maps all users
// to themselves.
var inUserNamespace = sync.OnceValue(func() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(text)), " ") != "0 0 4294967295"
})

// refusedSysctl is what tuning says of a sysctl that it cannot write.
var refusedSysctl = regexp.MustCompile(`/proc/sys/(net/[^: ]+): (no such file or directory|invalid argument)`)

// groupRange takes groups, of which a user namespace has one.
const groupRange = "net/ipv4/ping_group_range"

// excuse says why a plugin fails in a user namespace and in no pod of a cluster, "" where that is not the reason.
// There the kernel does not show all sysctls ("Don't export sysctls to unprivileged users", in net/ipv6/route.c
// and net/xfrm/xfrm_sysctl.c, in older kernels also for net.core and the neighbours).
func excuse(plugin string, err error) string {
	found := refusedSysctl.FindStringSubmatch(err.Error())
	if plugin != cni.Tuning || found == nil || !inUserNamespace() {
		return ""
	}
	file, missing := found[1], strings.HasPrefix(found[2], "no such")
	switch {
	case missing && hidden(file):
		return fmt.Sprintf("without root the kernel hides the sysctl %s, which pods of a cluster have: run as root", file)
	case !missing && file == groupRange:
		return fmt.Sprintf("without root there is one group only, and %s takes no other: run as root", file)
	}
	return ""
}

// hidden tells whether a sysctl that pods of a cluster have is not in a pod here, whatever its chain does.
func hidden(file string) bool {
	if cni.CheckSysctl(file, "") != nil {
		return false
	}
	s, err := newSpace(nil)
	if err != nil {
		return false
	}
	defer s.close()
	if err := s.Change(context.Background(), probe.Change{Kind: probe.AddLink, Link: podLink}); err != nil {
		return false
	}
	err = s.do(func() error {
		_, err := os.Stat(path.Join("/proc/sys", file))
		return err
	})
	return os.IsNotExist(err)
}
