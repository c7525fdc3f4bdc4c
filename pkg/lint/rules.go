// SPDX-License-Identifier: Apache-2.0

package lint

// Rules are all rules, in the order of their names but for the last two, which speak up only where no
// other rule has said why Terway or the runtime refuses.
func Rules() []*Rule { return rules }

var rules = []*Rule{
	&ciliumCNIListed,
	&confIsList,
	&configMapKeyUnknown,
	&dataNotText,
	&duplicateKey,
	&emptyKey,
	&eniConfBroken,
	&entryKeyDropped,
	&entryWithoutType,
	&firstPluginDiffers,
	&firstPluginNotTerway,
	&fragileText,
	&generatorHashSuffix,
	&invalidJSON,
	&listKeyDropped,
	&listShape,
	&mainPluginChained,
	&nameDrift,
	&notPlainYAML,
	&numberLosesPrecision,
	&pluginNotInstalled,
	&pluginRepeated,
	&pluginTypeUnknown,
	&portmapCapabilityMissing,
	&projectionLacksList,
	&reservedKey,
	&switchText,
	&twinKey,
	&waiverExpired,
	&waiverUnknown,
	&waiverUnused,
	&waiverWithoutReason,
	&yamlKeyTwice,
	&runtimeRefuses,
	&terwayRefuses,
}
