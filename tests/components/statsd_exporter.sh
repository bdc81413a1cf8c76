#!/usr/bin/env bash
# A real statsd_exporter of Prometheus for tests: takes StatsD over UDP and shows it as a page that Prometheus scrapes.
#
#   statsd_exporter.sh install     once, with Go, into $INGOT_COMPONENTS (default ~/.cache/ingot/components); nothing when done
#   statsd_exporter.sh have        the same; exits 77 when it cannot be had
#   statsd_exporter.sh run ARG ... runs it in the foreground; exits 77 when it cannot be had
set -euo pipefail

version=v0.31.0
folder=${INGOT_COMPONENTS:-$HOME/.cache/ingot/components}/statsd_exporter-$version

install() {
    [ -x "$folder/statsd_exporter" ] && return
    command -v go >/dev/null || {
        echo "statsd_exporter.sh: there is no Go to build statsd_exporter with" >&2
        return 1
    }
    local work
    mkdir -p "$(dirname "$folder")"
    work=$(mktemp -d "$(dirname "$folder")/.statsd_exporter.XXXXXX")
    if GOBIN=$work CGO_ENABLED=0 go install "github.com/prometheus/statsd_exporter@$version" 2>"$work/log"; then
        mv -T "$work" "$folder" 2>/dev/null || rm -rf "$work" # Another one was faster.
    else
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        echo "statsd_exporter.sh: statsd_exporter cannot be built here" >&2
        return 1
    fi
}

case ${1:-} in
    install) install ;;
    have) install || exit 77 ;;
    run)
        shift
        install || exit 77
        exec "$folder/statsd_exporter" "$@"
        ;;
    *)
        sed -n '2,6p' "$0" >&2
        exit 2
        ;;
esac
