#!/usr/bin/env bash
# Another reader of Delta tables, to read what Ingot wrote: the Python packages deltalake and pyarrow.
#
#   deltalake.sh install           once; into $INGOT_COMPONENTS (default ~/.cache/ingot/components); nothing when done
#   deltalake.sh have              the same; exits 77 when they cannot be had
#   deltalake.sh run SCRIPT ...    runs a Python script with them; exits 77 when they cannot be had
set -euo pipefail
# shellcheck source=component.sh
. "$(dirname "$0")/component.sh"

version=1.6.6
arrow_version=26.0.1
name=deltalake-$version

install() {
    install_once "$name" "the Python packages deltalake and pyarrow" \
        python3 -m pip install -q --disable-pip-version-check --only-binary :all: "deltalake==$version" "pyarrow==$arrow_version" --target
}

launch() { PYTHONPATH=$components/$name exec python3 -B "$@"; }

component "$@"
