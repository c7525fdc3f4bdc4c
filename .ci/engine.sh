# SPDX-License-Identifier: Apache-2.0
#
# To be sourced: a container engine for the script that does so. One that it starts ends with the script.
if ! docker version > /dev/null 2>&1; then
  mkdir -p .cache
  go build -o .cache/engine ./internal/engine
  trap '.cache/engine stop' EXIT
  trap 'exit 1' INT TERM
  engine=$(.cache/engine start)
  eval "$engine"
fi
