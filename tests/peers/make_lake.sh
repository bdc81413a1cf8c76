#!/usr/bin/env bash
# A lake with one of everything that Ingot writes: make_lake.sh INGOT FOLDER, which becomes the project and, in lake/, its tables.
# Twelve hours of examples/gharchive, a commit each, so that there are checkpoints; rejected records; tables by key; and a table
# that gets a column half-way.
set -euo pipefail
ingot=${1:?the ingot binary}
work=${2:?a folder}
root=$(cd "$(dirname "$0")/../.." && pwd)

cp -r "$root/examples/gharchive/." "$work"
model=$work/models/gold/kinds.sql
header="/* ---
kind: incremental
time: hour
on_schema_change: add
on_code_change: forward
--- */"
rows="FROM silver.events WHERE created_at >= \$window.start AND created_at < \$window.end GROUP BY ALL"
ingot() { "$ingot" -C "$work" --lake "$work/lake" --param "source=$work/sample" "$@"; }

ingot datagen gharchive --hours 12 --start 2015-01-01T00 --seed 1 --scale 0.05 --bad-records 2 --out "$work/sample"
echo "$header SELECT date_trunc('hour', created_at) AS hour, type, count(*) AS events $rows" >"$model"
for hour in 00 01 02 03 04 05 06 07 08 09 10 11; do
    [ $hour != 06 ] || echo "$header SELECT date_trunc('hour', created_at) AS hour, type, count(*) AS events,
        avg(length(repo_name)) AS name_length, map {'first': min(id)} AS ids, [type] AS types $rows" >"$model"
    ingot -q run --window "2015-01-01T$hour..2015-01-01T$(printf %02d $((10#$hour + 1)))"
done

# The readers would prove less if one of these were missing.
for needed in bronze/events/_delta_log/*.checkpoint.parquet gold/users quarantine/bronze_events; do
    compgen -G "$work/lake/$needed" >/dev/null || { echo "the lake has no $needed" >&2; exit 1; }
done
[ "$(ingot sql --format csv 'select count(distinct name_length is null) from gold.kinds' | tail -n 1)" = 2 ]
