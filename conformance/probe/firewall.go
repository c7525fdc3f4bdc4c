// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// firewalls are where portmap writes, and how what it wrote for one container is told from what all share.
var firewalls = []struct {
	name    string
	command []string
	rules   func(listing string) []string
}{
	{"iptables", []string{"iptables-save", "-t", "nat"}, savedRules},
	{"ip6tables", []string{"ip6tables-save", "-t", "nat"}, savedRules},
	{"nft ip", []string{"nft", "list", "table", "ip", "cni_hostport"}, listedRules},
	{"nft ip6", []string{"nft", "list", "table", "ip6", "cni_hostport"}, listedRules},
}

// HostPortRules are the rules and chains that portmap made for single containers in the network namespace of the
// calling thread, each behind its tool: "iptables -A CNI-DN-...", "nft ip hostports tcp dport ...". What is shared
// and stays by design is left out. A tool that is missing, or a table, means no rules; any other failure is an
// error, and what the other tools say is there.
func HostPortRules(ctx context.Context) ([]string, error) {
	var all []string
	var failed []error
	for _, f := range firewalls {
		listing, err := listing(ctx, f.command)
		failed = append(failed, err)
		for _, rule := range f.rules(listing) {
			all = append(all, f.name+" "+rule)
		}
	}
	return all, errors.Join(failed...)
}

// absent is how the tools say that a table, or the kernel's support for it, is not there.
var absent = []string{"No such file or directory", "does not exist", "Protocol not supported", "Address family not supported"}

// listing runs a tool. It is a child of the calling thread, so it is in the same namespaces.
func listing(ctx context.Context, command []string) (string, error) {
	tool := exec.CommandContext(ctx, command[0], command[1:]...)
	tool.Env = append(os.Environ(), "LC_ALL=C") // the words of the C library
	var out, complaint bytes.Buffer
	tool.Stdout, tool.Stderr = &out, &complaint
	err := tool.Run()
	if err == nil {
		return out.String(), nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return "", nil
	}
	for _, words := range absent {
		if strings.Contains(complaint.String(), words) {
			return "", nil
		}
	}
	return "", fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(complaint.String()))
}

// containerChain begins the names of portmap's chains, one for each container.
const containerChain = "CNI-DN-"

// savedRules takes what iptables-save writes: chains as ":NAME POLICY [COUNTERS]", rules as "-A CHAIN ...".
func savedRules(listing string) []string {
	var all []string
	for line := range strings.Lines(listing) {
		line = strings.TrimSpace(line)
		if chain, ok := strings.CutPrefix(line, ":"); ok && strings.HasPrefix(chain, containerChain) {
			name, _, _ := strings.Cut(chain, " ")
			all = append(all, "-N "+name)
		} else if strings.HasPrefix(line, "-A ") && strings.Contains(line, containerChain) {
			all = append(all, line)
		}
	}
	return all
}

// listedRules takes what nft lists. A rule for one container has the container's ID as its comment.
func listedRules(listing string) []string {
	var all []string
	chain := ""
	for line := range strings.Lines(listing) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "chain "); ok {
			chain, _, _ = strings.Cut(rest, " ")
		} else if strings.Contains(line, ` comment "`) {
			all = append(all, chain+" "+line)
		}
	}
	return all
}
