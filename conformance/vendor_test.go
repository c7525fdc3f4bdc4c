// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"maps"
	"os"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestVendorExamples holds the copies of the vendor's examples against those that the renderer is tested with.
func TestVendorExamples(t *testing.T) {
	for file, conflist := range map[string]string{"private": vendorPrivate, "public": vendorPublic, "no-link-local": vendorNoLinkLocal} {
		text, err := os.ReadFile("../pkg/render/testdata/vendor/" + file + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var page struct{ Data map[string]string }
		if err := yaml.Unmarshal(text, &page); err != nil {
			t.Fatal(err)
		}
		var s Setup
		vendor(conflist)(&s)
		if !maps.Equal(s.Data, page.Data) {
			t.Errorf("%s: the page has %q, and the suite %q", file, page.Data, s.Data)
		}
	}
}
