// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// errFilesOnly keeps a lookup from leaving the machine.
var errFilesOnly = errors.New("only files are looked at")

// lookupGo asks Go's resolver, which works in goroutines of its own, so in threads of other namespaces. That does
// not matter for what it reads in /etc/hosts; it gets no way to a DNS server, and what it sorts by, whether
// there is a way to an address, is asked anew in this thread.
func lookupGo(ctx context.Context) Lookup {
	ctx, cancel := context.WithTimeout(ctx, patience6)
	defer cancel()
	resolver := net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errFilesOnly }}
	start := time.Now()
	addresses, err := resolver.LookupNetIP(ctx, "ip", "localhost")
	found := Lookup{Took: time.Since(start)}
	if err != nil {
		found.Error = err.Error()
	}
	for _, a := range addresses {
		found.Addresses = append(found.Addresses, a.Unmap().String())
	}
	found.judge()
	slices.SortStableFunc(found.Addresses, func(a, b string) int { return found.rank(a) - found.rank(b) })
	return found
}

// getentNothing is getent's exit code where there is no answer.
const getentNothing = 2

// lookupLibc asks getaddrinfo through getent, a child of this thread and so in the same namespace.
func lookupLibc(ctx context.Context, args ...string) Lookup {
	ctx, cancel := context.WithTimeout(ctx, 5*patience6) // name servers may be asked
	defer cancel()
	start := time.Now()
	text, err := exec.CommandContext(ctx, "getent", args...).Output()
	found := Lookup{Took: time.Since(start)}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == getentNothing {
		found.Error = "nothing was found"
	} else if err != nil {
		found.Error = err.Error()
	}
	for line := range strings.Lines(string(text)) {
		address, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !slices.Contains(found.Addresses, address) { // one line for each type of socket
			found.Addresses = append(found.Addresses, address)
		}
	}
	found.judge()
	return found
}

// judge finds the addresses to which there is no way: connecting a datagram socket sends nothing.
func (l *Lookup) judge() {
	for _, text := range l.Addresses {
		address, err := netip.ParseAddr(text)
		if err != nil || connect(unix.SOCK_DGRAM, netip.AddrPortFrom(address, 9)) != nil {
			l.Unusable = append(l.Unusable, text)
		}
	}
}

func (l *Lookup) rank(address string) int {
	if slices.Contains(l.Unusable, address) {
		return 1
	}
	return 0
}
