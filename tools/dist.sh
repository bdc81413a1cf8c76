#!/usr/bin/env bash
# Packs the binary with every library that a bare Debian 12 lacks, and the licences of all of them: tools/dist.sh [OUT [BUILD]]
# OUT (default build/dist) then has ingot-VERSION-linux-x86_64.tar.gz holding bin/, lib/, share/licenses/. It runs from any folder.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/dist}
build=${2:-build/release}

# What a Debian without anything installed has: the C library and the compiler's runtime.
present='^(linux-vdso|ld-linux-x86-64|libc|libm|libdl|libpthread|librt|libresolv|libstdc\+\+|libgcc_s)\.so'

main() {
    local version name tree
    version=$("$build/ingot" version --short 2>/dev/null || sed -n 's/^project(ingot VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
    name=ingot-$version-linux-x86_64
    tree=$out/$name
    rm -rf "$out"
    mkdir -p "$tree/share/licenses/ingot"
    tree=$(cd "$tree" && pwd)
    cmake --install "$build" --strip --prefix "$tree" >/dev/null
    cp LICENSE NOTICE "$tree/share/licenses/ingot/"
    mkdir -p "$tree/share/licenses/duckdb"
    cp "$(cached_path INGOT_DUCKDB_ROOT)/lib/LICENSE" "$tree/share/licenses/duckdb/"
    # nanoarrow is under the same licence as Ingot, and its archive has no copy of it.
    mkdir -p "$tree/share/licenses/nanoarrow" "$tree/share/licenses/flatcc"
    cp LICENSE "$tree/share/licenses/nanoarrow/"
    cp "$(cached_path INGOT_NANOARROW_ROOT)"/src/flatcc/{LICENSE,NOTICE} "$tree/share/licenses/flatcc/"
    copy_libraries "$tree"
    check_self_contained "$tree"
    tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -czf "$out/$name.tar.gz" "$name"
    echo "$out/$name.tar.gz: $(du -h "$out/$name.tar.gz" | cut -f1)"
}

cached_path() { sed -n "s/^$1:PATH=//p" "$build/CMakeCache.txt"; }

# needed PROGRAM: 'NAME PATH' of each shared library, those of libraries included.
needed() { ldd "$1" | sed -nE 's/^\t//; s/ \(0x[0-9a-f]+\)$//; t name; :name; s/ => / /p; t; s/^(.*\/)?([^/]+)$/\2 &/p'; }

copy_libraries() {
    local name path package
    while read -r name path; do
        if [[ $name =~ $present ]] || [ -e "$1/lib/$name" ]; then continue; fi
        cp -L "$path" "$1/lib/$name"
        package=$(dpkg-query --search "$(readlink -f "$path")" "$path" 2>/dev/null | head -n 1 | cut -d: -f1 || true)
        [ -n "$package" ] || { echo "dist: $path belongs to no package: where is its licence?" >&2; exit 1; }
        mkdir -p "$1/share/licenses/$package"
        cp -L "/usr/share/doc/$package/copyright" "$1/share/licenses/$package/"
    done < <(needed "$1/bin/ingot")
}

check_self_contained() {
    local name path
    while read -r name path; do
        if [[ $name =~ $present || $path == "$1"/* ]]; then continue; fi
        echo "dist: $name would come from ${path:-nowhere}" >&2
        exit 1
    done < <(needed "$1/bin/ingot")
}

main "$@"
