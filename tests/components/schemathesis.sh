#!/usr/bin/env bash
# Made-up requests from an OpenAPI document: the Python package schemathesis.
#
#   schemathesis.sh install        once; into $INGOT_COMPONENTS (default ~/.cache/ingot/components); nothing when done
#   schemathesis.sh have           the same; exits 77 when it cannot be had
#   schemathesis.sh run ARG ...    runs `schemathesis ARG ...`; exits 77 when it cannot be had
set -euo pipefail
# shellcheck source=component.sh
. "$(dirname "$0")/component.sh"

version=4.32.5
name=schemathesis-$version

install() {
    install_once "$name" "the Python package schemathesis" \
        python3 -m pip install -q --disable-pip-version-check --only-binary :all: "schemathesis==$version" --target
}

launch() { PYTHONPATH=$components/$name exec python3 -B -m schemathesis.cli "$@"; }

component "$@"
