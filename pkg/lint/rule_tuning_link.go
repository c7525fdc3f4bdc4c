// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"net"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var tuningLink = Rule{
	ID:      "tuning-link",
	Title:   "a setting of the interface that tuning or the VPC refuses",
	Impact:  AllPods,
	Proof:   "differential test; that the VPC drops foreign MAC addresses is by reading",
	Sources: []string{"containernetworking/plugins:plugins/meta/tuning/tuning.go (validateArgs, changeMtu)", "linux:drivers/net/veth.c (MTU 68 to 65535)"},
	Check: func(p *Pass) {
		first := p.firstTerway()
		for _, e := range p.Plugins(cni.Tuning) {
			if mtu := e.Value("mtu"); mtu != nil {
				p.mtu(e, mtu, first)
			}
			if dir := e.Value("dataDir"); cni.BrokenDataDir(dir.String()) && cni.ChangesLink(e.Node, p.Version(cni.Tuning)) {
				p.Report(e.AtField("dataDir"), "tuning cannot keep its backup in %s, and every pod fails: leave dataDir out", short(dir.String()))
			}
			if mac := e.Value("mac"); mac.String() != "" {
				p.mac(e, mac)
			}
			if promisc := e.Value("promisc"); promisc.IsTrue() {
				p.ReportAs(Hygiene, false, e.AtField("promisc"), "an interface of the VPC never gets other pods' packets, so promisc shows nothing more: remove it")
			}
		}
	},
}

func (p *Pass) mtu(e *Entry, mtu *conflist.Node, first *Entry) {
	n, err := strconv.ParseInt(terway.WrittenNumber(mtu.Text), 10, 64)
	switch real := uint32(n); {
	case err != nil, n == 0:
	case real < 68 || real > 65535:
		p.Report(e.AtField("mtu"), "the kernel takes no MTU of %d and every pod fails: write 68 to 65535, and no more than the ENI has", n)
	case first != nil && first.Value("mtu") != nil:
		p.ReportAs(Traffic, false, e.AtField("mtu"), "Terway's own entry sets an MTU as well, on both ends of the pod's link; this one changes the pod's end only: set it in Terway's entry")
	}
}

func (p *Pass) mac(e *Entry, mac *conflist.Node) {
	address, err := net.ParseMAC(mac.String())
	switch {
	case err != nil:
		p.Report(e.AtField("mac"), "%s is no MAC address, and every pod fails", short(mac.String()))
	case address[0]&1 != 0 || strings.Trim(address.String(), "0:") == "":
		p.Report(e.AtField("mac"), "%s is no address of a single interface, and every pod fails", mac.String())
	default:
		p.ReportAs(Traffic, false, e.AtField("mac"), "every pod gets the same MAC address, and the VPC drops packets of an address that it did not give: remove it")
	}
}
