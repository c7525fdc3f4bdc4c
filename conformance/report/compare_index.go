// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// indexed is what a run says about the specs with one ID, in no order.
type indexed struct {
	name, level, reason, hint string
	judged, accepted          bool
	result                    Outcome
	seen                      map[string]seen
}

// seen are the outcomes of like probes or readings.
type seen struct{ got, class []string }

// ran tells whether it came to a result.
func (x *indexed) ran() bool {
	return x != nil && (x.result == Pass || x.result == Fail || x.result == Inconclusive)
}

// severity orders outcomes; of several specs with one ID the worst counts.
func severity(o Outcome) int {
	return slices.Index([]Outcome{NotApplicable, Pass, Skipped, Inconclusive, Fail}, o)
}

func index(r *Report) map[string]*indexed {
	all := map[string]*indexed{}
	for i := range r.Specs {
		s := &r.Specs[i]
		x := &indexed{s.Name, s.Level, s.because(), s.Hint, s.Judged, s.waived(), s.Result(), map[string]seen{}}
		if other := all[s.ID]; other != nil {
			x = both(x, other)
		}
		x.observe(s.Observations)
		all[s.ID] = x
	}
	return all
}

// both in one: the worse of the two, with what was seen so far. Equally bad ones are told apart by their texts, so
// that their order does not matter.
func both(next, before *indexed) *indexed {
	one := *before
	if cmp.Or(severity(next.result)-severity(before.result), cmp.Compare(before.reason, next.reason), cmp.Compare(before.name, next.name), cmp.Compare(before.hint, next.hint)) > 0 {
		one = *next
	}
	one.seen, one.judged, one.accepted = before.seen, next.judged || before.judged, next.accepted && before.accepted
	if next.level == Core || before.level == Core {
		one.level = Core
	}
	return &one
}

func (x *indexed) observe(all []Observation) {
	for _, o := range all {
		where := o.kind()
		at := x.seen[where]
		at.got, at.class = append(at.got, kinds(o.Got)), append(at.class, o.Class)
		x.seen[where] = at
	}
}

// kind of an observation: what the same one has in another run.
func (o Observation) kind() string {
	if o.Protocol == "" {
		return fmt.Sprintf("%s, %s read in %s", o.Phase, kinds(o.Target), vantageName(o.Vantage))
	}
	return fmt.Sprintf("%s, %s to %s, %s%d", o.Phase, vantageName(o.Vantage), kinds(o.Target), strings.ToUpper(o.Protocol), o.Family)
}

// kinds is a text with kinds in the place of what differs in every run: addresses, ports, durations and IDs.
func kinds(text string) string {
	text = number.ReplaceAllString(text, "$1 N")
	text = duration.ReplaceAllString(text, "${1}duration")
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
	for i, word := range words {
		words[i] = kind(strings.Trim(word, `"'()`))
	}
	return strings.Join(words, " ")
}

var (
	duration = regexp.MustCompile(`(^|[ ,;(=])(?:[0-9.]+ ?(?:ns|us|µs|ms|s|m|h))+\b`)
	number   = regexp.MustCompile(`\b([Pp]orts?) [0-9]+`)
	// identity is what nobody chose: an ID of a container, the end of an interface's name.
	identity = regexp.MustCompile(`[0-9a-f]{8,}`)
)

func kind(word string) string {
	if addr, err := netip.ParseAddr(word); err == nil {
		return addressKind(addr)
	}
	if addr, err := netip.ParseAddrPort(word); err == nil {
		return addressKind(addr.Addr())
	}
	if prefix, err := netip.ParsePrefix(word); err == nil {
		return addressKind(prefix.Addr())
	}
	if name, value, ok := strings.Cut(word, "="); ok {
		return name + "=" + kind(value)
	}
	if host, port, err := net.SplitHostPort(word); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil {
			return host + ":port"
		}
	}
	return identity.ReplaceAllString(word, "ID")
}

func addressKind(addr netip.Addr) string {
	switch addr = addr.Unmap(); {
	case addr.IsLoopback():
		return "loopback"
	case addr.IsLinkLocalUnicast():
		return "link-local"
	case addr.IsUnspecified():
		return "unspecified"
	case addr.IsMulticast():
		return "multicast"
	}
	return "address"
}

// hash of the list that lands on a node, "" where Terway refuses it.
func (t Target) hash() string {
	if t.Hash != "" || t.Conflist == "" {
		return t.Hash
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(t.Conflist)))
}
