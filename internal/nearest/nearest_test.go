// SPDX-License-Identifier: Apache-2.0

package nearest_test

import (
	"slices"
	"testing"

	"github.com/chainlint/chainlint/internal/nearest"
)

func TestTo(t *testing.T) {
	known := []string{"portmap", "tuning", "bandwidth", "net/ipv4/tcp_rmem"}
	for word, want := range map[string]string{
		"protmap": "portmap", "PORTMAP": "portmap", "bandwidt": "bandwidth", "tüning": "tuning", "firewall": "",
		"net/ipv4/tcp_rmen": "net/ipv4/tcp_rmem", "portmaps": "portmap", "": "",
	} {
		if got := nearest.To(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	if got := nearest.Like("band", known); !slices.Equal(got, []string{"bandwidth"}) {
		t.Errorf("like band: %q", got)
	}
}
