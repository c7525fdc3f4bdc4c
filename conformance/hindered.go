// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"

	"github.com/chainlint/chainlint/conformance/probe"
)

// Hinder is a place whose transport is broken on purpose, where that was asked for, else the place itself.
func (s Sabotage) Hinder(p Place) Place {
	if s.Mute || s.NoPods {
		return hindered{p, s.Mute}
	}
	return p
}

type hindered struct {
	Place
	mute bool
}

var errMute = errors.New("the transport to this place is broken")

// Probe implements Place.
func (h hindered) Probe(context.Context, ...probe.Request) ([]probe.Result, error) {
	if h.mute {
		return nil, errMute
	}
	return nil, nil
}
