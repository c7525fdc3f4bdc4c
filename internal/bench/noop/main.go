// SPDX-License-Identifier: Apache-2.0

// Command noop is the cheapest KRM function on kyaml: what benchmarks compare with.
package main

import (
	"os"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/kio"
)

func main() {
	rw := &kio.ByteReadWriter{Reader: os.Stdin, Writer: os.Stdout, KeepReaderAnnotations: true}
	if err := framework.Execute(framework.ResourceListProcessorFunc(func(*framework.ResourceList) error { return nil }), rw); err != nil {
		os.Exit(1)
	}
}
