#!/usr/bin/env bash
# Runs a Python script with packages that are installed once, outside the project.
#
#   with_packages.sh NAME==VERSION[,NAME==VERSION...] SCRIPT ARGUMENT...
#
# They go to $INGOT_COMPONENTS (default ~/.cache/ingot/components). Exits 77 when they cannot be had.
set -euo pipefail

packages=${1:?packages}
shift
folder=${INGOT_COMPONENTS:-$HOME/.cache/ingot/components}/python-${packages//,/-}

if [ ! -d "$folder" ]; then
    mkdir -p "$(dirname "$folder")"
    work=$(mktemp -d "$(dirname "$folder")/.python.XXXXXX")
    # pyspark is a source package; nothing else may run code while it is installed.
    if python3 -m pip install -q --disable-pip-version-check --only-binary :all: --no-binary pyspark --target "$work" \
        ${packages//,/ } >"$work/log" 2>&1; then
        mv -T "$work" "$folder" 2>/dev/null || rm -rf "$work" # Another one was faster.
    else
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        echo "the Python packages $packages cannot be installed here" >&2
        exit 77
    fi
fi
PYTHONPATH=$folder exec python3 -B "$@"
