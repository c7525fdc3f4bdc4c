// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"math"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Limits is what an entry of the bandwidth plugin says for all pods.
type Limits struct {
	// Written: a limit stands there, be it 0; the runtime's own limits then do not count. Static: one is not 0.
	Written, Static bool
	// Broken is the key on account of which the plugin refuses its configuration, and Why.
	Broken, Why string
}

// ReadLimits reads the limits of an entry as plugins/meta/bandwidth/main.go does (getBandwidth,
// validateRateAndBurst). Values that do not decode count as absent.
func ReadLimits(entry *conflist.Node) Limits {
	var l Limits
	for _, side := range []string{"ingress", "egress"} {
		rate, rateWritten := limit(entry, side+"Rate")
		burst, burstWritten := limit(entry, side+"Burst")
		l.Written = l.Written || rateWritten || burstWritten
		l.Static = l.Static || rate != 0 || burst != 0
		switch {
		case rate != 0 && burst == 0:
			l.Broken, l.Why = side+"Rate", side+"Rate stands without "+side+"Burst"
		case rate == 0 && burst != 0:
			l.Broken, l.Why = side+"Burst", side+"Burst stands without "+side+"Rate"
		case burst/8 >= math.MaxUint32:
			l.Broken, l.Why = side+"Burst", "the burst must be less than 4 GB"
		}
	}
	return l
}

func limit(entry *conflist.Node, name string) (value uint64, written bool) {
	m := entry.Fold(name)
	if m == nil {
		return 0, false
	}
	value, _ = strconv.ParseUint(terway.WrittenNumber(m.Value.Text), 10, 64)
	return value, true
}

// builtin are names that a chain of iptables cannot have.
var builtin = []string{"INPUT", "OUTPUT", "FORWARD", "CNI-FORWARD", "ACCEPT", "DROP", "QUEUE", "RETURN", "REJECT", "LOG"}

// BrokenChainName says why iptables takes a name for no chain of an administrator's, "" if it does.
func BrokenChainName(name string) string {
	for _, taken := range builtin {
		if name == taken {
			return name + " is taken by iptables or by firewall itself"
		}
	}
	switch {
	case len(name) > 28:
		return "a chain's name has at most 28 characters"
	case strings.ContainsAny(name, " \t\n"), strings.HasPrefix(name, "-"), strings.HasPrefix(name, "!"):
		return strconv.Quote(name) + " is no name for a chain"
	}
	return ""
}
