#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds terway-cli of one release from its Go module: .ci/terway-cli.sh VERSION OUTPUT
# `go install` refuses modules with replacements, so the build has a module of its own that repeats them.
set -eu
version=$1 output=$2
module=github.com/AliyunContainerService/terway
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dir=$(cd "$work" && go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
sed "s#^module .*#module terway-cli#" "$dir/go.mod" > "$work/go.mod"
cp "$dir/go.sum" "$work/go.sum"
chmod u+w "$work/go.mod" "$work/go.sum"
cd "$work"
go mod edit -require "$module@$version"
go build -mod=mod -trimpath -o "$work/terway-cli" "$module/cmd/terway-cli"
mkdir -p "$(dirname "$output")"
mv "$work/terway-cli" "$output"
