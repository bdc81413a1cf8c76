#!/usr/bin/env bash
# Another Delta library reads every table that a run of examples/gharchive wrote, and finds the same rows: lake_test.sh INGOT
set -euo pipefail
ingot=${1:?the ingot binary}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$ingot" datagen gharchive --hours 2 --start 2015-01-01T00 --seed 1 --out "$work/sample"
"$ingot" -C "$root/examples/gharchive" --lake "$work/lake" --param "source=$work/sample" run --window 2015-01-01T00..2015-01-01T02
"$root/tests/components/deltalake.sh" run "$root/tests/peers/read_with_deltalake.py" \
    --lake "$work/lake" --project "$root/examples/gharchive" --ingot "$ingot"
