#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The main job on real input: every overlay through the real kustomize, and what Terway makes of it.
# `make demo` runs it with chainlint, chainlint-conformance and kustomize on PATH, and REPORT as the directory for
# the report of the packets.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for overlay in overlays/*/; do
  name=$(basename "$overlay")
  printf '\n== %s\n' "$name"
  kustomize build --enable-alpha-plugins --enable-exec "$overlay" > "$work/$name.yaml"
  cmp -s "$work/$name.yaml" "$overlay/rendered/eni-config.yaml" || { echo "differs from the committed rendering"; exit 1; }
  chainlint effective --facts "$overlay/facts.yaml" "$work/$name.yaml" 2>/dev/null > "$work/$name.json"
  echo "on the node, /etc/cni/net.d/10-terway.conflist:"
  sed 's/^/    /' "$work/$name.json"
  if [ "$name" != partial-gitops ]; then
    echo "what changed against the cluster without the chain:"
    chainlint diff --facts "$overlay/facts.yaml" base/eni-config.yaml "$work/$name.yaml" | sed 's/^/    /'
  fi
done

printf '\n== lint: the overlays, and the vendor page with a typo in it\n'
chainlint lint overlays
sed 's/"portMappings": true/"portMapping": true/' ../pkg/render/testdata/vendor/private.yaml > "$work/eni-config.yaml"
(cd "$work" && chainlint lint eni-config.yaml) && { echo "the typo went unnoticed"; exit 1; }

printf '\n== why, for host-ports-and-no-link-local\n'
chainlint render --explain overlays/host-ports-and-no-link-local
printf '\n== packets: host-ports-and-no-link-local in network namespaces, with the real portmap and tuning\n'
code=0
chainlint-conformance run --env netns --overlay overlays/host-ports-and-no-link-local --report "$REPORT" || code=$?
case $code in
  0) printf 'The report for people lies in %s/report.html\n' "$REPORT" ;;
  3) echo "This machine cannot run it, see above." ;;
  *) exit "$code" ;;
esac
printf '\nEvery overlay was rendered by kustomize %s and equals its committed rendering.\n' "$(kustomize version)"
