// SPDX-License-Identifier: Apache-2.0

package lint

// Rules are all rules, in the order of their names but for the last two, which speak up only where no
// other rule has said why Terway or the runtime refuses.
func Rules() []*Rule { return rules }

var rules = []*Rule{
	&ciliumCNIListed,
	&emptyKey,
	&entryWithoutType,
	&firstPluginNotTerway,
	&invalidJSON,
	&listShape,
	&mainPluginChained,
	&notPlainYAML,
	&pluginNotInstalled,
	&pluginRepeated,
	&pluginTypeUnknown,
	&portmapCapabilityMissing,
	&waiverExpired,
	&waiverUnknown,
	&waiverUnused,
	&waiverWithoutReason,
	&runtimeRefuses,
	&terwayRefuses,
}
