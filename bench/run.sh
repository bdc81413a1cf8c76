#!/usr/bin/env bash
# Every benchmark, one after the other: bench/run.sh [NAME...] [--repeat N] [--smoke] [--spark] [--peers]
# NAME: startup, gharchive, projects, memory, orchestrator, serve, export. Figures go to the terminal and to build/bench/results.json.
set -euo pipefail
cd "$(dirname "$0")/.."

names=()
flags=()
spark=()
peers=()
while [ $# -gt 0 ]; do
    case $1 in
        startup | gharchive | projects | memory | orchestrator | serve | export) names+=("$1") ;;
        --repeat) flags+=(--repeat "${2:?a number}"); shift ;;
        --smoke) flags+=(--smoke) ;;
        --spark) spark=(--spark) ;;
        --peers) peers=(--peers) ;;
        *) sed -n '2,3p' "$0" >&2; exit 2 ;;
    esac
    shift
done
[ ${#names[@]} -gt 0 ] || names=(startup gharchive projects memory orchestrator serve export)

PYTHONPATH=bench/lib python3 -B -c 'import measure; measure.say("Machine: " + measure.machine())'
status=0
for name in "${names[@]}"; do
    extra=()
    [ "$name" = gharchive ] && extra=("${spark[@]}")
    [ "$name" = orchestrator ] && extra=("${peers[@]}")
    python3 -B "bench/$name/run.py" --results build/bench/results.json "${flags[@]}" "${extra[@]}" || { status=1; echo "bench: $name failed" >&2; }
done
exit $status
