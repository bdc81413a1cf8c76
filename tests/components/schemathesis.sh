#!/usr/bin/env bash
# Made-up requests from an OpenAPI document: the Python package schemathesis.
#
#   schemathesis.sh install        once; into $INGOT_COMPONENTS (default ~/.cache/ingot/components); nothing when done
#   schemathesis.sh have           the same; exits 77 when it cannot be had
#   schemathesis.sh run ARG ...    runs `schemathesis ARG ...`; exits 77 when it cannot be had
set -euo pipefail

version=4.32.5
folder=${INGOT_COMPONENTS:-$HOME/.cache/ingot/components}/schemathesis-$version

install() {
    [ -d "$folder" ] && return
    local work
    mkdir -p "$(dirname "$folder")"
    work=$(mktemp -d "$(dirname "$folder")/.schemathesis.XXXXXX")
    if python3 -m pip install -q --disable-pip-version-check --only-binary :all: --target "$work" \
        "schemathesis==$version" >"$work/log" 2>&1; then
        mv -T "$work" "$folder" 2>/dev/null || rm -rf "$work" # Another one was faster.
    else
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        echo "the Python package schemathesis cannot be installed here" >&2
        return 1
    fi
}

case ${1:-} in
    install) install ;;
    have) install || exit 77 ;;
    run)
        shift
        install || exit 77
        PYTHONPATH=$folder exec python3 -B -m schemathesis.cli "$@"
        ;;
    *)
        sed -n '2,6p' "$0" >&2
        exit 2
        ;;
esac
