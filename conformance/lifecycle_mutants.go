// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"maps"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// breaking opens worlds that a mutant breaks.
type breaking struct {
	Opener
	how func(*Setup)
}

// Open implements Opener.
func (b breaking) Open(ctx context.Context, setup Setup) (Environment, error) {
	setup.Data = maps.Clone(setup.Data)
	b.how(&setup)
	return b.Opener.Open(ctx, setup)
}

func skipDEL(s *Setup) { s.Sabotage.SkipDEL = true }

// written replaces words of the list.
func written(s *Setup, pairs ...string) {
	s.Data[terway.ConflistName] = strings.NewReplacer(pairs...).Replace(s.Data[terway.ConflistName])
}

// lifecycleMutants break what removes host ports, and the worlds that specs bring along.
var lifecycleMutants = []Mutant{
	{ID: "NC-09", Name: "the runtime never calls DEL", Break: skipDEL, Kills: append(fails("leak", "LIF-001", "LIF-009", "LIF-010"), fails("stale", "LIF-003")...)},
	{ID: "NC-10", Name: "a rule of a pod that is gone takes all host ports", Break: func(s *Setup) { s.Sabotage.StaleRule = true }, Kills: fails("not-closed", "HP-001", "LIF-003"), Cluster: true},
	{
		ID: "NC-22", Name: "one node keeps the old list", Break: func(s *Setup) { s.Sabotage.StaleNode = true }, Everywhere: true,
		Kills: append(fails("stale-list", "ROL-002"), fails("old-chain", "ROL-004")...), Needs: []Feature{Nodes}, Cluster: true,
	},
	{
		ID: "NC-23", Name: "Terway is ready before the plugins of its list are on the node", Break: func(s *Setup) { s.Sabotage.EarlyReady = true }, Everywhere: true,
		Kills: fails("start-pod", "ROL-009"), Needs: []Feature{Nodes}, Cluster: true,
	},
	{ID: "NC-35", Name: "10-terway.conf is left on the node", Break: func(s *Setup) { s.Sabotage.LeftoverConf = true }, Everywhere: true, Kills: fails("refused", "HP-001", "HP-012", "ROL-010"), Cluster: true},
	{ID: "NC-36", Name: "the runtime names no host ports at DEL", Break: func(s *Setup) { s.Sabotage.ForgetsPorts = true }, Kills: fails("leak", "LIF-002", "LIF-010", "CON-004")},
	{ID: "NC-37", Name: "the runtime never calls DEL, in the worlds of specs", Break: skipDEL, Everywhere: true, Kills: append(fails("leak", "LIF-012", "LIF-019", "SCL-004", "ROL-007"), fails("stale", "CON-003")...)},
	{ID: "NC-38", Name: "somebody makes the mark chain after all", Break: func(s *Setup) { s.Facts.KubeProxyMode = terway.KubeProxyIptables }, Everywhere: true, Kills: fails("starts", "VAR-003", "VAR-004")},
	{
		ID: "NC-39", Name: "somebody masquerades after all", Everywhere: true, Kills: fails("answered", "VAR-005", "VAR-012"),
		Break: func(s *Setup) {
			s.Sabotage.NoMasquerade = false
			written(s, `"snat":false`, `"snat":true`)
		},
	},
	{ID: "NC-40", Name: "symmetric_routing is nowhere", Break: func(s *Setup) { written(s, `"symmetric_routing":true`, `"x":0`, `"symmetric_routing": true`, `"x":0`) }, Everywhere: true, Kills: fails("timeout", "VAR-006", "VAR-007")},
	{ID: "NC-41", Name: "all nodes have portmap v1.1.1", Break: func(s *Setup) { s.Facts.CNIPlugins.Versions = map[string]string{cni.Portmap: "v1.1.1"} }, Everywhere: true, Kills: fails("other-backend", "VAR-013"), Needs: []Feature{Releases}},
	{ID: "NC-42", Name: "tuning writes 0 where it has to write 1", Break: func(s *Setup) {
		written(s, `disable_ipv6":"1"`, `disable_ipv6":"0"`, `disable_ipv6": "1"`, `disable_ipv6":"0"`)
	}, Everywhere: true, Kills: fails("has-ipv6", "VAR-008", "VAR-009"), Needs: []Feature{IPv6}},
	{ID: "NC-43", Name: "Terway's entry lost its capability", Break: func(s *Setup) { written(s, `"bandwidth":true`, `"bandwidth":false`) }, Everywhere: true, Kills: fails("not-told", "VAR-010")},
	{ID: "NC-44", Name: "the datapath is veth and not V2", Break: func(s *Setup) { written(s, `"datapathv2"`, `"veth"`) }, Everywhere: true, Kills: fails("answered", "VAR-007"), Needs: []Feature{Redirect}},
}
