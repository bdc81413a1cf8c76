#!/usr/bin/env bash
# A real statsd_exporter of Prometheus for tests: takes StatsD over UDP and shows it as a page that Prometheus scrapes.
#
#   statsd_exporter.sh install     once, with Go, into $INGOT_COMPONENTS (default ~/.cache/ingot/components); nothing when done
#   statsd_exporter.sh have        the same; exits 77 when it cannot be had
#   statsd_exporter.sh run ARG ... runs it in the foreground; exits 77 when it cannot be had
set -euo pipefail
# shellcheck source=component.sh
. "$(dirname "$0")/component.sh"

version=v0.31.0
name=statsd_exporter-$version

build() { GOBIN=$1 CGO_ENABLED=0 go install "github.com/prometheus/statsd_exporter@$version"; }

install() { install_once "$name" "statsd_exporter, which Go builds," build; }

launch() { exec "$components/$name/statsd_exporter" "$@"; }

component "$@"
