#!/usr/bin/env bash
# Installs what the tests need beyond npm. Needs Debian or Ubuntu; as root, or with sudo.
#   bsdutils:  `script`, to see the progress bar on a terminal
#   coreutils: `sha256sum`, the reference for attic's groups
set -euo pipefail

missing=()
command -v script >/dev/null || missing+=(bsdutils)
command -v sha256sum >/dev/null || missing+=(coreutils)
[ "${#missing[@]}" -eq 0 ] && exit 0

run() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
run apt-get update -qq
run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
