// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

const (
	allIPv6, defaultIPv6    = "net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"
	loIPv6, eth0IPv6        = "net.ipv6.conf.lo.disable_ipv6", "net.ipv6.conf.IFNAME.disable_ipv6"
	forwarding, forwarding0 = "net.ipv4.conf.all.forwarding", "net.ipv4.conf.IFNAME.forwarding"
)

// oddSysctls read otherwise than they are written: spaces, bases, order, fewer numbers than the file holds, clock
// ticks, nothing at all; and one cannot be read.
var oddSysctls = map[string]string{
	"net.ipv4.ip_local_port_range":                           "1024 65000",
	"net/ipv4/conf/IFNAME/arp_notify":                        "0x1",
	"net.ipv4.ip_local_reserved_ports":                       "9148,8081,8080",
	"net.ipv4.tcp_rmem":                                      "8192",
	"net.ipv4.tcp_fin_timeout":                               "036",
	"net.ipv6.conf.IFNAME.mldv1_unsolicited_report_interval": "1001",
	"net.ipv4.route.flush":                                   "1",
	"net.ipv4.tcp_syn_retries":                               "",
}

// sysctls is an entry of tuning.
func sysctls(values map[string]string) string {
	text, err := json.Marshal(map[string]any{"type": "tuning", "sysctl": values})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestOrder: whichever of two outcomes an intent asks for, the other one is found, every time.
func TestOrder(t *testing.T) {
	available := labs(t)
	for _, values := range []map[string]string{
		{allIPv6: "1", eth0IPv6: "0"},
		{forwarding: "1", forwarding0: "0"},
	} {
		plan := conformance.Plan{Setup: conformance.DefaultSetup(), Intent: render.IntentSpec{Sysctls: values}, Specs: []string{"SYS-002"}}
		plan.Setup.Data = conformance.Chain(conformance.PlainTerway, sysctls(values))
		for range 3 {
			if got := available.plan(t, plan)[0]; got.Outcome != report.Fail || got.Code != "wrong-value" {
				t.Errorf("%v: %s (%s) %s", values, got.Outcome, got.Code, got.Reason)
			}
		}
	}
}

// TestPredictedIPv6: what the prediction says of a chain's pods is what is read in them.
func TestPredictedIPv6(t *testing.T) {
	available := labs(t)
	for _, c := range []struct {
		values map[string]string
		stack  string
	}{
		{nil, "ipv4"},
		{map[string]string{defaultIPv6: "1"}, "ipv4"},
		{map[string]string{eth0IPv6: "1"}, "ipv4"},
		{map[string]string{loIPv6: "1"}, "ipv4"},
		{map[string]string{allIPv6: "2"}, "ipv4"},
		{map[string]string{defaultIPv6: "0x1", loIPv6: "1"}, "ipv4"},
		{map[string]string{allIPv6: "1", eth0IPv6: "0"}, "ipv4"},
		{map[string]string{allIPv6: "0"}, "ipv4"},
		{map[string]string{"net.ipv6.conf.default.addr_gen_mode": "1"}, "ipv4"},
		{map[string]string{defaultIPv6: "1", loIPv6: "1"}, terway.IPStackDual},
		{map[string]string{allIPv6: "1"}, terway.IPStackDual},
	} {
		plan := conformance.Plan{Setup: conformance.DefaultSetup(), Intent: render.IntentSpec{IPv6LinkLocal: render.Disabled}, Predict: true}
		plan.Setup.Data, plan.Setup.Facts.IPStack = conformance.Chain(conformance.PlainTerway, sysctls(c.values)), c.stack
		plan.Specs = []string{"LL-003", "LL-006", "LL-008", "LL-026"}
		t.Run(fmt.Sprint(c.values, c.stack), func(t *testing.T) {
			t.Parallel()
			for _, got := range available.plan(t, plan) {
				if got.Outcome != report.Pass && got.Outcome != report.NotApplicable {
					t.Errorf("%s %s (%s) %s", got.ID, got.Outcome, got.Code, got.Reason)
				}
			}
		})
	}
}

// plan runs specs in a world.
func (l lab) plan(t *testing.T, plan conformance.Plan) (all []report.Spec) {
	t.Helper()
	err := Run(t.Context(), plan, l.plugins, l.rootless, func(e conformance.Event) {
		if e.Spec != nil {
			all = append(all, *e.Spec)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(plan.Specs) {
		t.Fatalf("%d of %d specs came to an end", len(all), len(plan.Specs))
	}
	return all
}
