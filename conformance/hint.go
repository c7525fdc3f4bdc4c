// SPDX-License-Identifier: Apache-2.0

package conformance

import "strings"

// startCauses are words of plugins, and what lies behind them; the first whose words are all there counts.
var startCauses = []struct {
	words []string
	hint  string
}{
	{[]string{"Only the following sysctls are allowed"}, "/etc/cni/tuning/allowlist.conf on the node does not name this key (fact node.tuningAllowlist): add a line there, or leave the key out"},
	{[]string{"/proc/sys/net/ipv6/", "no such file or directory"}, "a node that is booted with ipv6.disable=1 has no such file (fact node.ipv6: Disabled), and its pods have no IPv6 anyway: leave the keys out there"},
	{[]string{"/proc/sys/net/", "no such file or directory"}, "a pod on this kernel has no such sysctl; chainlint lint names the nearest one"},
	{[]string{"/proc/sys/net/", "permission denied"}, "this sysctl belongs to the whole node, and no pod can write it: set it on the node"},
	{[]string{"/proc/sys/net/", "invalid argument"}, "the kernel refuses the value; chainlint lint says what it takes"},
	{[]string{"unable to setup DNAT", "KUBE-MARK-MASQ"}, "only kube-proxy in mode iptables or ipvs makes this chain (fact kubeProxyMode): leave externalSetMarkChain out, portmap can masquerade by itself"},
	{[]string{"failed to find plugin"}, "nodes have this binary only if their image brings it (fact cniPlugins.installed): install it, or leave the entry out"},
}

// startHints by stage, where the words tell nothing.
var startHints = map[string]string{
	StageTerway:  "chainlint lint names the token at fault",
	StageRuntime: "chainlint lint names the token at fault; Terway looks Ready with such a list",
	StagePod:     "the message is the plugin's own; chainlint lint says which facts it rests on",
}

// Hint is the likely cause.
func (e *StartError) Hint() string {
	text := e.Error()
	for _, c := range startCauses {
		missing := false
		for _, w := range c.words {
			missing = missing || !strings.Contains(text, w)
		}
		if !missing {
			return c.hint
		}
	}
	return startHints[e.Stage]
}
