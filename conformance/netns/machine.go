// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/chainlint/chainlint/conformance/probe"
)

// machine is a node as a place: its firewall can be read, and commands can be run there.
type machine struct{ *space }

// Look implements conformance.Place.
func (m machine) Look(ctx context.Context, sysctls ...string) (probe.Inspection, error) {
	seen, err := m.space.Look(ctx, sysctls...)
	if err != nil {
		return seen, err
	}
	err = m.do(func() error {
		var err error
		seen.Rules, err = probe.HostPortRules(ctx)
		return err
	})
	return seen, err
}

// Shell implements conformance.Operator.
func (m machine) Shell(ctx context.Context, script, stdin string) (out string, err error) {
	err = m.do(func() error {
		cmd := exec.CommandContext(ctx, "sh", "-c", script)
		cmd.Stdin = strings.NewReader(stdin)
		text, err := cmd.CombinedOutput()
		out = string(text)
		if err != nil {
			return fmt.Errorf("%w: %s", err, strings.TrimSpace(out))
		}
		return nil
	})
	return out, err
}
