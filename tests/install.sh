#!/usr/bin/env bash
# Install Debian's packages where that can be done; elsewhere the tests that need them skip, saying so.
set -euo pipefail
if ! command -v apt-get > /dev/null || [ "$(id -u)" != 0 ]; then
    echo "not installed, for want of root or apt-get: $*"
elif ! dpkg --status "$@" > /dev/null 2>&1; then
    echo "installing $*"
    apt-get update -q > /dev/null
    apt-get install -yq --no-install-recommends "$@" > /dev/null
fi
