#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# One overlay as an ordinary user, in a user namespace: with nobody's rights, where this runs as root.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp bin/chainlint-conformance "$work/"
cp -r examples "$work/"
plugins=$(ls -d "${XDG_CACHE_HOME:-$HOME/.cache}"/chainlint/cni-plugins-v1.7.1)
cp -r "$plugins" "$work/plugins"
chmod -R a+rX "$work"
set -- "$work/chainlint-conformance" run --env netns --overlay "$work/examples/overlays/host-ports-and-no-link-local" --plugin-dir "$work/plugins"
if [ "$(id -u)" = 0 ]; then
  if ! command -v setpriv > /dev/null; then
    echo "skipped: setpriv (util-linux) is not installed, so nobody else can be"
    exit 0
  fi
  set -- setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$work" "$@"
fi
cd "$work"
code=0
"$@" || code=$?
if [ "$code" = 3 ]; then
  echo "skipped: this machine gives an ordinary user no namespaces, see above"
  exit 0
fi
exit "$code"
