#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The suite on kind clusters, one after the other: .ci/e2e.sh VERSION CONFIG...
# VERSION of Kubernetes is that of the node image which is made where kind's own cannot be had; reports are in .cache/e2e.
set -eu
version=$1 && shift
mkdir -p .cache
. .ci/engine.sh

# The overlay whose facts are those of a configuration.
overlay() {
  case $1 in
    iptables-ipv4) echo host-ports-and-no-link-local ;;
    nftables-ipv4) echo kube-proxy-nftables ;;
    iptables-dual) echo public-host-ports-dual-stack ;;
    none-ipv4) echo no-kube-proxy ;;
    ipvs-ipv4) echo private-host-ports ;;
    *) echo "there is no configuration $1: see kind-configs" >&2 && return 1 ;;
  esac
}

image=$(bin/chainlint-conformance plan --env kind --overlay examples/overlays/private-host-ports | sed -n 's/^Nodes will be made of \(.*\)\.$/\1/p')
case $image in
  chainlint/node:*) image=chainlint/node:$version && sh .ci/node-image.sh "$version" ;;
  *) docker image inspect "$image" > /dev/null 2>&1 || docker pull -q "$image" || { image=chainlint/node:$version && sh .ci/node-image.sh "$version"; } ;;
esac

failed=
for config in "$@"; do
  set -- --overlay "examples/overlays/$(overlay "$config")"
  if [ "$config" = ipvs-ipv4 ]; then
    if [ ! -e /proc/net/ip_vs ] && ! modprobe ip_vs 2> /dev/null && ! sudo -n modprobe ip_vs 2> /dev/null; then
      echo "skipped: $config, because this kernel has no IPVS"
      continue
    fi
    sed 's/kubeProxyMode: iptables/kubeProxyMode: ipvs/' examples/overlays/private-host-ports/facts.yaml > .cache/ipvs-facts.yaml
    set -- "$@" --facts .cache/ipvs-facts.yaml
  fi
  began=$(date +%s)
  bin/chainlint-conformance run --env kind --mutants --node-image "$image" "$@" --report ".cache/e2e/$config" || failed="$failed $config"
  echo "$config: $(($(date +%s) - began)) s"
done
if [ -n "$failed" ]; then
  echo "not GO:$failed"
  exit 1
fi
