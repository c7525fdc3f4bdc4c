#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What takes a container engine and is no run of the suite.
set -eu
. .ci/engine.sh
go test ./examples -run TestContainerFunction -v
go test ./conformance/kind -kind -timeout 20m -v
