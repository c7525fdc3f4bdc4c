// SPDX-License-Identifier: Apache-2.0

package terway

// DaemonSetNames are what Terway's DaemonSet is called: today, in exclusive-ENI clusters before v1.11, and in old manifests
// (charts/terway, terway.yml of v1.0).
var DaemonSetNames = []string{DaemonSetName, "terway-eni", "terway"}

// Where Terway's configuration lives, and where it ends up.
const (
	ConfigMapName      = "eni-config"
	ConfigMapNamespace = "kube-system"
	DaemonSetName      = "terway-eniip"

	// ListName and ListVersion are forced on every list (mergeConfigList).
	ListName    = "terway-chainer"
	ListVersion = "0.4.0"

	// PluginType is the type of Terway's own entry, ChainerType that of the cilium plugin it may append.
	PluginType  = "terway"
	ChainerType = "cilium-cni"

	// RestartCommand makes every node read the ConfigMap again (the vendor's page).
	RestartCommand = "kubectl rollout restart -n kube-system daemonset.apps/terway-eniip"
)

// The keys of the ConfigMap.
const (
	ConfKey      = "10-terway.conf"
	ConflistName = "10-terway.conflist"
	ENIConfKey   = "eni_conf"
	CNIChainKey  = "cni_chain"
	PolicyKey    = "disable_network_policy"
)

// Keys are all keys of eni-config that some part of Terway reads
// (common.go getAllConfig; charts/terway for felix_relay_service).
var Keys = []string{
	ConfKey, ConflistName, ENIConfKey, CNIChainKey, PolicyKey,
	"in_cluster_loadbalance", "felix_relay_service",
}

// ChainKeys are the keys that decide what a node's list looks like; eni_conf, which can hold
// credentials, is not among them and must never be hashed.
var ChainKeys = []string{ConfKey, ConflistName, CNIChainKey}

// AdditiveKeys may stand in the first plugin of a chain without standing in 10-terway.conf: the
// vendor's page adds symmetric_routing there, docs/symmetric_routing_config.md its configuration.
var AdditiveKeys = []string{SymmetricKey, SymmetricConfigKey}
