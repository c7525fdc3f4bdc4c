// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// ChangesLink tells whether an entry of tuning changes attributes of the interface, which it backs up first
// (plugins/meta/tuning/tuning.go, cmdAdd): by its own members, by args.cni or by runtimeConfig.
func ChangesLink(entry *conflist.Node, version string) bool {
	asked := changesLink(entry, version)
	if args := entry.Fold("args"); args != nil {
		if cni := args.Value.Fold("cni"); cni != nil {
			asked = asked || changesLink(cni.Value, version)
		}
	}
	if config := entry.Fold("runtimeConfig"); config != nil {
		mac := config.Value.Fold("mac")
		asked = asked || mac != nil && mac.Value.String() != ""
	}
	return asked
}

func changesLink(members *conflist.Node, version string) bool {
	value := func(name string) *conflist.Node {
		m := members.Fold(name)
		if m == nil || m.Value.Kind == conflist.Null {
			return nil
		}
		return m.Value
	}
	mtu := value("mtu")
	return value("mac").String() != "" || value("promisc").IsTrue() || value("allmulti") != nil ||
		mtu != nil && terway.WrittenNumber(mtu.Text) != "0" ||
		value("txQLen") != nil && (version == "" || !terway.Older(version, "v1.4.0"))
}

// BrokenDataDir tells whether tuning cannot make files in a directory of that name: those of the kernel
// hold none (run).
func BrokenDataDir(dir string) bool {
	for _, prefix := range []string{"/proc", "/sys", "/dev/null"} {
		if dir == prefix || strings.HasPrefix(dir, prefix+"/") {
			return true
		}
	}
	return false
}
