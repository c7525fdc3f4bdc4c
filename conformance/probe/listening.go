// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// tcpListen is the state of a socket that listens (include/net/tcp_states.h); sockets of UDP have none.
const tcpListen = "0A"

// Listening are the ports of TCP and UDP at which somebody listens in the network namespace of the calling thread.
func Listening() []uint16 { return listening("/proc/thread-self/net") }

// listening are the ports at which somebody listens, by the tables of sockets in a directory such as /proc/net: what
// cannot be read there has none.
func listening(dir string) []uint16 {
	var all []uint16
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		text, _ := os.ReadFile(filepath.Join(dir, table)) // without IPv6 there is none
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) < 4 || strings.HasPrefix(table, "tcp") && fields[3] != tcpListen {
				continue
			}
			_, port, _ := strings.Cut(fields[1], ":")
			if n, err := strconv.ParseUint(port, 16, 16); err == nil {
				all = append(all, uint16(n))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
