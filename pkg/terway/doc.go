// SPDX-License-Identifier: Apache-2.0

// Package terway holds every claim that chainlint makes about Terway, Alibaba Cloud's CNI plugin:
// which keys of the ConfigMap kube-system/eni-config it reads ([Keys]), what each release can do
// ([Features]), what it writes to a node for given data ([Effective]), which cluster facts change the
// outcome ([Facts]) and which numbers symmetric routing accepts ([SymmetricConfig]).
//
// Sources. Paths are in github.com/AliyunContainerService/terway; where nothing else is said they were
// read at v1.17.5. The merge is cmd/terway-cli/cni.go (processInput, mergeConfigList,
// storeRuntimeConfig) and cni_linux.go, the ConfigMap's files are common.go (getAllConfig), what
// happens per node afterwards is node.go (setExclusiveMode, setSymmetricRouting) and symmetric.go.
// A release that behaves differently is a [Feature] with the release that brought it.
//
// The claims are compared with a real terway-cli by `make upstream`, and with its recorded answers in
// testdata by the ordinary tests.
package terway
