// SPDX-License-Identifier: Apache-2.0

// Package kindconfigs has the clusters of the conformance suite, as kind's configurations. Each is named by
// kube-proxy's mode and the IP stack.
package kindconfigs

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names of all configurations.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // it is in the program
	}
	var all []string
	for _, e := range entries {
		all = append(all, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return all
}

// For is the configuration of a cluster with that mode of kube-proxy and that IP stack, and its name.
func For(kubeProxyMode, ipStack string) (name string, text []byte, err error) {
	name = kubeProxyMode + "-" + ipStack
	if !slices.Contains(Names(), name) {
		return name, nil, fmt.Errorf("no kind cluster has kubeProxyMode %s and ipStack %s: there are %s", kubeProxyMode, ipStack, strings.Join(Names(), ", "))
	}
	text, err = files.ReadFile(name + ".yaml")
	return name, text, err
}
