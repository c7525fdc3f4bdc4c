// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"testing"

	"github.com/chainlint/chainlint/conformance/netns"
)

// TestMain is a child of the suite where a test runs it, as main is.
func TestMain(m *testing.M) {
	if code, child := netns.Child(context.Background()); child {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
