#!/usr/bin/env bash
# Another reader of Delta tables reads every table of a lake and finds the same rows: lake_test.sh INGOT deltalake|spark
set -euo pipefail
ingot=${1:?the ingot binary}
reader=${2:?deltalake or spark}
here=$(cd "$(dirname "$0")" && pwd)
"$here/../components/$reader.sh" have || exit 77

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/make_lake.sh" "$ingot" "$work"
"$here/../components/$reader.sh" run "$here/read_with_$reader.py" --lake "$work/lake" --project "$work" --ingot "$ingot"
