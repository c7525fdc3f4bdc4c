// SPDX-License-Identifier: Apache-2.0

// Command path prints where the real kustomize is, after building it if need be.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/chainlint/chainlint/internal/kustomize"
)

func main() {
	binary, err := kustomize.Binary(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(binary)
}
