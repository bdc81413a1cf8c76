#!/usr/bin/env bash
# pyarrow reads the Arrow and Parquet that Ingot writes, and Ingot what programs write with pyarrow: arrow_test.sh INGOT
set -euo pipefail
ingot=${1:?the ingot binary}
root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$root/tests/components/deltalake.sh" run "$root/tests/peers/arrow_with_pyarrow.py" "$ingot"
