// SPDX-License-Identifier: Apache-2.0

package terway

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// Feature is something that some releases of Terway do and others do not. Code asks for features;
// versions are compared in this file only.
type Feature string

// The features that matter to a CNI chain.
const (
	ConflistKey         Feature = "conflist-key"
	DatapathV2Mode      Feature = "datapathv2"
	PolicyProvider      Feature = "network-policy-provider"
	ExclusiveOverride   Feature = "exclusive-override"
	WholeConfigMap      Feature = "whole-configmap"
	ResolvedDatapath    Feature = "resolved-datapath"
	Kernel510           Feature = "kernel-5.10"
	SymmetricRouting    Feature = "symmetric-routing"
	SymmetricBackend    Feature = "symmetric-routing-backend"
	CNIChain            Feature = "cni_chain"
	capitalIPvlan       Feature = "capital-ipvlan"
	appendedChainerKeys Feature = "appended-chainer-keys"
)

// featureTable says since which release a feature exists. An empty Since means: in no release up to
// v1.17.5, only in builds that say so (ClusterFacts, terway.features).
var featureTable = []struct {
	Feature Feature
	Since   string
	Before  string // first release that no longer has it
	Meaning string
	Source  string
}{
	{ConflistKey, "v1.5.6", "", "reads the key 10-terway.conflist", "commit 34ea29e4, PR #509"},
	{capitalIPvlan, "v1.8.0", "v1.11.5", "writes a resolved ipvlan back as IPVlan", "terway-cli v1.8.0 and v1.9.17, run"},
	{DatapathV2Mode, "v1.8.0", "", "knows datapathv2 and keeps a cilium-cni that the list names", "commit f5ff854c"},
	{appendedChainerKeys, "v1.8.0", "", "the cilium-cni that it appends carries enable-debug, log-file and data-path", "commit f5ff854c"},
	{PolicyProvider, "v1.8.7", "", "network_policy_provider must be a string; ebpf chains cilium-cni on veth", "commit a227f59d"},
	{ExclusiveOverride, "v1.11.1", "", "nodeconfig decodes eni_conf and replaces the list on exclusive-ENI nodes", "commit b6733c99"},
	{WholeConfigMap, "v1.11.5", "", "10-terway.conf and eni_conf must exist; disable_network_policy counts", "commits 2fc3fa07, 93c481b7"},
	{ResolvedDatapath, "v1.13.2", "", "eniip_virtual_type and bandwidth_mode are always written; ebpf with policy means datapathv2; an unknown datapath is refused", "commit 11bac740"},
	{Kernel510, "v1.14.0", "", "refuses kernels before 5.10", "commit 69a54e9b"},
	{SymmetricRouting, "v1.15.0", "", "symmetric_routing and symmetric_routing_config", "commits 1bae4b9a (PR #855), e2be8ac7"},
	{SymmetricBackend, "v1.17.1", "", "symmetric_routing_config.backend", "commit f74b12d8"},
	{CNIChain, "", "", "the key cni_chain; exclusive-ENI nodes keep the chain behind the first plugin", "commit 1a4532b7, PR #1054"},
}

// Newest is the latest release that was read and run.
const Newest = "v1.17.5"

// Features is what one build of Terway can do.
type Features map[Feature]bool

// FeaturesOf derives the features of a build from its version and from what it has beyond it (the
// fact terway.features). Only major, minor and patch count: vendors append build numbers that are no
// pre-releases. An unreadable version is an error.
func FeaturesOf(version string, extra []string) (Features, error) {
	release, err := Release(version)
	if err != nil {
		return nil, err
	}
	has := Features{}
	for _, row := range featureTable {
		has[row.Feature] = row.Since != "" && semver.Compare(release, row.Since) >= 0 &&
			(row.Before == "" || semver.Compare(release, row.Before) < 0)
	}
	for _, name := range extra {
		has[Feature(name)] = true
	}
	return has, nil
}

// Since is the first release with the feature, "" if there is none.
func Since(f Feature) string {
	for _, row := range featureTable {
		if row.Feature == f {
			return row.Since
		}
	}
	return ""
}

// ChangingReleases are the releases that behave otherwise than the one before, from the first one on that knows
// all datapaths which a ConfigMap can name.
func ChangingReleases() []string {
	var versions []string
	for _, row := range featureTable {
		if row.Since != "" && !Older(row.Since, Since(DatapathV2Mode)) && !slices.Contains(versions, row.Since) {
			versions = append(versions, row.Since)
		}
	}
	return versions
}

var releasePattern = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)(?:[-+.].*)?$`)

// Release reduces a version to vMAJOR.MINOR.PATCH.
func Release(version string) (string, error) {
	m := releasePattern.FindStringSubmatch(strings.TrimSpace(version))
	if m == nil || !semver.IsValid("v"+m[1]) {
		return "", fmt.Errorf("%q is no release: write vMAJOR.MINOR.PATCH, for example v1.15.0", version)
	}
	return "v" + m[1], nil
}

// Older tells whether a version is before a release; an unreadable version is before none.
func Older(version, release string) bool {
	v, err := Release(version)
	return err == nil && semver.Compare(v, release) < 0
}
