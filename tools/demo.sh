#!/usr/bin/env bash
# From nothing to checked tables: 24 hours of generated events, loaded and modelled by examples/gharchive.
# A second run finds everything done and changes nothing. INGOT_DEMO names another folder than build/demo.
set -euo pipefail
cd "$(dirname "$0")/.."

demo=${INGOT_DEMO:-build/demo}
start=2015-01-01T00
end=2015-01-02T00

ingot() { build/release/ingot "$@"; }

# The commands are shown as a person would type them.
show() {
    printf '\n$ build/release/ingot'
    printf ' %q' "$@"
    printf '\n'
    ingot "$@"
}

title() { printf '\n== %s\n' "$1"; }

mkdir -p "$demo"
demo=$(cd "$demo" && pwd)
project=(-C examples/gharchive --lake "$demo/lake" --param "source=$demo/sample")

title "24 hours of sample events"
if [ ! -d "$demo/sample" ]; then
    rm -rf "$demo/sample.partial"
    show datagen gharchive --hours 24 --start "$start" --seed 1 --out "$demo/sample.partial"
    mv "$demo/sample.partial" "$demo/sample"
fi
echo "$(find "$demo/sample" -type f | wc -l) files, $(du -sh "$demo/sample" | cut -f1) in $demo/sample"

title "Load, model, check, publish"
show "${project[@]}" run --window "$start..$end"

title "The tables"
show "${project[@]}" sql "
SELECT type, sum(events) AS events FROM gold.hourly_activity GROUP BY ALL ORDER BY events DESC LIMIT 5"
show "${project[@]}" sql "SELECT * FROM gold.top_repositories LIMIT 5"

title "The quality report"
show "${project[@]}" check

title "What is where"
du -sh "$demo"/lake/*/* | sed "s|$demo/||"
cat <<END

The lake is $demo/lake: Delta tables, readable by any engine.
Try:  build/release/ingot -C examples/gharchive --lake $demo/lake sql "select count(*) from gold.events"
      build/release/ingot -C examples/gharchive --lake $demo/lake lineage gold.users
Again: make demo (finds everything done). From scratch: rm -r $demo
END
