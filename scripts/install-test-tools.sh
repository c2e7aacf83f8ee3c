#!/usr/bin/env bash
# Installs what the tests need beyond npm, where it is missing. Needs Debian or Ubuntu; as root, or with sudo.
set -euo pipefail

# command → the Debian package that has it
declare -A packages=(
  [dot]=graphviz         # the judge of toDot's pictures
  [script]=bsdutils      # a terminal, to see attic's progress bar on
  [setpriv]=util-linux   # gives up root's right to read everything
  [taskset]=util-linux   # the bench puts threads on one core
  [sha256sum]=coreutils  # the reference for attic's groups
  [mkfifo]=coreutils
  [find]=findutils
  [xargs]=findutils
)

missing=()
for command in "${!packages[@]}"; do
  command -v "$command" >/dev/null || missing+=("${packages[$command]}")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

run() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
run apt-get update -qq
run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
