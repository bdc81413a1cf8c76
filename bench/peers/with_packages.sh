#!/usr/bin/env bash
# Runs a Python script with packages that are installed once, outside the project.
#
#   with_packages.sh NAME==VERSION[,NAME==VERSION...] SCRIPT ARGUMENT...
#
# They go to $INGOT_COMPONENTS (default ~/.cache/ingot/components). Exits 77 when they cannot be had.
set -euo pipefail
# shellcheck source=../../tests/components/component.sh
. "$(dirname "$0")/../../tests/components/component.sh"

packages=${1:?packages}
shift
name=python-${packages//,/-}

# pyspark is a source package; nothing else may run code while it is installed.
# shellcheck disable=SC2086 # several packages
install_once "$name" "the Python packages $packages" \
    python3 -m pip install -q --disable-pip-version-check --only-binary :all: --no-binary pyspark ${packages//,/ } --target || exit 77
PYTHONPATH=$components/$name exec python3 -B "$@"
