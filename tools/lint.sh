#!/usr/bin/env bash
# Checks the layout, the names and the usual mistakes of the C++ files:
#
#   tools/lint.sh               all of them
#   tools/lint.sh FILE...       these
#   CHANGED=1 tools/lint.sh     those that differ from the branch main
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
    local files
    mapfile -t files < <(select_files "$@")
    local status=0
    python3 -B tools/tidy/tidy.py || status=1
    if [ ${#files[@]} = 0 ]; then
        echo "lint: no C++ file to look at"
        return "$status"
    fi
    echo "clang-format: ${#files[@]} files"
    clang-format-19 --dry-run -Werror "${files[@]}" || status=1
    run_clang_tidy "${files[@]}" || status=1
    if [ "$status" = 0 ]; then echo "lint: all is well"; else echo "lint: see above" >&2; fi
    return "$status"
}

select_files() {
    if [ $# -gt 0 ]; then
        printf '%s\n' "$@"
    elif [ -n "${CHANGED:-}" ]; then
        { git diff --name-only --diff-filter=d "$(git merge-base main HEAD)"; git ls-files --others --exclude-standard; } | cpp_only
    else
        git ls-files | cpp_only
    fi
}

cpp_only() { grep -E '\.(cpp|hpp)$' || true; }

# Headers are checked through the files that include them.
run_clang_tidy() {
    cmake --preset tidy --log-level=WARNING >/dev/null
    local units
    mapfile -t units < <(printf '%s\n' "$@" | grep '\.cpp$' | compiled_only)
    echo "clang-tidy: ${#units[@]} files"
    printf '%s\0' "${units[@]}" | xargs -0 -r -n 1 -P "$(nproc)" clang-tidy-19 -p build/tidy --quiet 2> >(grep -vE 'warnings? generated|Suppressed|Use -header-filter' >&2)
}

# Files that this configuration does not build (fuzz targets) have no compile command.
compiled_only() {
    local file
    while read -r file; do
        if grep -qF "/$file\"" build/tidy/compile_commands.json; then echo "$file"; fi
    done
}

main "$@"
