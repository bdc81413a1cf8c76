#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS (10) each, from its seeds. What it finds is kept in build/fuzz/found.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset fuzz --log-level=WARNING >/dev/null
mapfile -t targets < <(sed -n 's/^ingot_fuzz(\([a-z0-9_]*\)_fuzz\.cpp .*/\1/p' tests/fuzz/CMakeLists.txt)
cmake --build --preset fuzz --target "${targets[@]/%/_fuzz}"

# Debian's libraries do not tell the sanitizer how full their containers are.
export ASAN_OPTIONS=detect_container_overflow=0
passed=0 failed=0
for target in "${targets[@]}"; do
    mkdir -p "build/fuzz/corpus/$target" build/fuzz/found
    log=build/fuzz/$target.log
    if "build/fuzz/tests/fuzz/${target}_fuzz" -max_total_time="${FUZZ_SECONDS:-10}" -rss_limit_mb=2048 -timeout=10 \
        -artifact_prefix="build/fuzz/found/$target-" "build/fuzz/corpus/$target" "tests/fuzz/seeds/$target" >"$log" 2>&1; then
        echo "$target: $(grep -oE 'Done [0-9]+ runs' "$log")"
        passed=$((passed + 1))
    else
        tail -n 40 "$log"
        echo "$target: FAILED, see $log"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
