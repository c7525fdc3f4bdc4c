// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
)

// withValue are the options of iptables that take a value and need no match (iptables(8), PARAMETERS).
var withValue = map[string]func(text string, v6 bool) bool{
	"-s": isNetwork, "--source": isNetwork, "--src": isNetwork,
	"-d": isNetwork, "--destination": isNetwork, "--dst": isNetwork,
	"-i": anyText, "--in-interface": anyText, "-o": anyText, "--out-interface": anyText,
	"-p": anyText, "--protocol": anyText, "--proto": anyText, "-m": anyText, "--match": anyText,
}

// isNetwork: an address, a network, or several with commas. Names would be resolved on the node; nobody
// wants that in a rule.
func isNetwork(text string, v6 bool) bool {
	for part := range strings.SplitSeq(text, ",") {
		address, mask, masked := strings.Cut(part, "/")
		addr, err := netip.ParseAddr(address)
		_, prefixErr := netip.ParsePrefix(part)
		_, maskErr := netip.ParseAddr(mask)
		if err != nil || addr.Is6() != v6 || masked && prefixErr != nil && maskErr != nil {
			return false
		}
	}
	return true
}

func anyText(text string, _ bool) bool { return text != "" }

// jumps are options that portmap sets itself.
var jumps = []string{"-j", "--jump", "-g", "--goto", "-t", "--table"}

// nftWords may begin a match of nftables (nft(8), EXPRESSIONS and PAYLOAD EXPRESSIONS).
var nftWords = []string{
	"ip", "ip6", "tcp", "udp", "sctp", "th", "icmp", "icmpv6", "ether", "meta", "ct", "fib", "socket", "rt", "mark",
	"iif", "iifname", "oif", "oifname", "iifgroup", "oifgroup", "pkttype", "protocol", "nfproto", "l4proto", "numgen", "jhash", "symhash",
}

// BrokenCondition says why a firewall would refuse a list of match tokens (conditionsV4, conditionsV6), "" where
// no reason is known: the options of matches (-m), and all but the first word of nftables, are not judged.
func BrokenCondition(list *conflist.Node, firewall string, v6 bool) string {
	if firewall == Nftables {
		var words []string
		for _, e := range list.Elements {
			words = append(words, strings.Fields(e.String())...)
		}
		if len(words) > 0 && !slices.Contains(nftWords, words[0]) {
			return fmt.Sprintf("%q begins no match of nftables", words[0])
		}
		return ""
	}
	matches := false
	for i := 0; i < len(list.Elements); i++ {
		token, last := list.Elements[i].String(), i+1 == len(list.Elements)
		check, takesValue := withValue[token]
		if why := brokenToken(token, last, takesValue, matches); why != "" {
			return why
		}
		if takesValue {
			i++
			if value := list.Elements[i].String(); !check(value, v6) {
				return fmt.Sprintf("%q is no value for %s here", value, token)
			}
			matches = matches || strings.HasPrefix(token, "-m") || strings.HasPrefix(token, "--m") || strings.HasPrefix(token, "-p") || strings.HasPrefix(token, "--p")
		}
	}
	return ""
}

// brokenToken judges an option of iptables, or the value of a match.
func brokenToken(token string, last, takesValue, matches bool) string {
	switch {
	case token == "!" && !last:
		return ""
	case token == "!":
		return "nothing stands behind the last \"!\""
	case slices.Contains(jumps, token):
		return token + " is for portmap to say"
	case strings.HasPrefix(token, "-") && strings.ContainsAny(token, " \t"):
		return fmt.Sprintf("%q is one token where option and value must be two", token)
	case !strings.HasPrefix(token, "-") && !matches:
		return fmt.Sprintf("%q is no option of iptables", token)
	case takesValue && last:
		return token + " needs a value, as a token of its own"
	case !takesValue && !matches:
		return fmt.Sprintf("iptables knows no option %s without a match (-m)", token)
	}
	return ""
}
