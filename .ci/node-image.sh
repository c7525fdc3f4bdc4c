#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the node image chainlint/node:VERSION: .ci/node-image.sh VERSION
set -eu
. .ci/engine.sh
if ! command -v debootstrap > /dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    apt-get update -q && apt-get install -qy debootstrap
  else
    echo "a node image is made with debootstrap, as root: apt-get install debootstrap"
    exit 1
  fi
fi
sh kind-configs/node-image/build.sh "$1" "chainlint/node:$1"
