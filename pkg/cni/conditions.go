// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
)

// withValue are the options of iptables that take a value and need no match (iptables(8), PARAMETERS).
var withValue = map[string]func(string) bool{
	"-s": isNetwork, "--source": isNetwork, "--src": isNetwork,
	"-d": isNetwork, "--destination": isNetwork, "--dst": isNetwork,
	"-i": anyText, "--in-interface": anyText, "-o": anyText, "--out-interface": anyText,
	"-p": anyText, "--protocol": anyText, "--proto": anyText, "-m": anyText, "--match": anyText,
}

// isNetwork: an address, a network, or several with commas. Names would be resolved on the node; nobody
// wants that in a rule.
func isNetwork(text string) bool {
	for part := range strings.SplitSeq(text, ",") {
		_, addrErr := netip.ParseAddr(part)
		_, prefixErr := netip.ParsePrefix(part)
		address, mask, masked := strings.Cut(part, "/")
		_, maskErr := netip.ParseAddr(mask)
		_, err := netip.ParseAddr(address)
		if addrErr != nil && prefixErr != nil && (!masked || maskErr != nil || err != nil) {
			return false
		}
	}
	return true
}

func anyText(text string) bool { return text != "" }

// BrokenCondition says why iptables would refuse a list of match tokens (conditionsV4, conditionsV6), "" where
// no reason is known: the options of matches (-m) are not judged.
func BrokenCondition(list *conflist.Node) string {
	matches := false
	for i := 0; i < len(list.Elements); i++ {
		token := list.Elements[i].String()
		check, known := withValue[token]
		switch {
		case token == "!" && i+1 < len(list.Elements):
		case token == "!":
			return "nothing stands behind the last \"!\""
		case strings.HasPrefix(token, "-") && strings.ContainsAny(token, " \t"):
			return fmt.Sprintf("%q is one token where option and value must be two", token)
		case !strings.HasPrefix(token, "-") && !matches:
			return fmt.Sprintf("%q is no option of iptables", token)
		case known && i+1 == len(list.Elements):
			return fmt.Sprintf("%s needs a value, as a token of its own", token)
		case known:
			i++
			if value := list.Elements[i].String(); !check(value) {
				return fmt.Sprintf("%q is no value for %s", value, token)
			}
			matches = matches || token == "-m" || token == "--match" || token == "-p" || strings.HasPrefix(token, "--proto")
		case !matches:
			return fmt.Sprintf("iptables knows no option %s without a match (-m)", token)
		}
	}
	return ""
}
