#!/usr/bin/env bash
# Another reader of Delta tables, to read what Ingot wrote: the Python packages deltalake and pyarrow.
#
#   deltalake.sh install           once; into $INGOT_COMPONENTS (default ~/.cache/ingot/components); nothing when done
#   deltalake.sh have              the same; exits 77 when they cannot be had
#   deltalake.sh run SCRIPT ...    runs a Python script with them; exits 77 when they cannot be had
set -euo pipefail

version=1.6.6
arrow_version=26.0.1
folder=${INGOT_COMPONENTS:-$HOME/.cache/ingot/components}/deltalake-$version

install() {
    [ -d "$folder" ] && return
    local work
    mkdir -p "$(dirname "$folder")"
    work=$(mktemp -d "$(dirname "$folder")/.deltalake.XXXXXX")
    if python3 -m pip install -q --disable-pip-version-check --only-binary :all: --target "$work" \
        "deltalake==$version" "pyarrow==$arrow_version" >"$work/log" 2>&1; then
        mv -T "$work" "$folder" 2>/dev/null || rm -rf "$work" # Another one was faster.
    else
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        echo "the Python packages deltalake and pyarrow cannot be installed here" >&2
        return 1
    fi
}

case ${1:-} in
    install) install ;;
    have) install || exit 77 ;;
    run)
        shift
        install || exit 77
        PYTHONPATH=$folder exec python3 -B "$@"
        ;;
    *)
        sed -n '2,6p' "$0" >&2
        exit 2
        ;;
esac
