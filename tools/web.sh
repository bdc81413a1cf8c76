#!/usr/bin/env bash
# The pages of web/, with the Node and the packages of tools/bootstrap.sh web:
#
#   tools/web.sh build      checks the types and builds into build/web/dist
#   tools/web.sh check      types and layout of the code
#   tools/web.sh test       unit tests
#   tools/web.sh dev        serves them over a made-up platform, reloading on change; more arguments: web/dev/server.mjs
#   tools/web.sh node ...   runs Node in web/
#
# Exit code 77, which CTest shows as skipped, when bootstrap has not been run.
set -euo pipefail
cd "$(dirname "$0")/../web"
node=${INGOT_DEPS:-$HOME/.cache/ingot/deps}/node/bin
if [ -x "$node/node" ]; then export PATH="$node:$PATH"; fi
if ! command -v node >/dev/null || [ ! -d node_modules ]; then
    echo "web: skipped, run tools/bootstrap.sh web first" >&2
    exit 77
fi

bin() { node "node_modules/$1" "${@:2}"; }

check_types() { bin typescript/bin/tsc --noEmit; }

case ${1:-} in
build)
    check_types
    bin vite/bin/vite.js build --logLevel warn
    ;;
check)
    check_types
    bin prettier/bin/prettier.cjs --log-level warn --check .
    ;;
test) bin vitest/vitest.mjs run ;;
dev) node dev/server.mjs "${@:2}" ;;
node) node "${@:2}" ;;
*)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' ../tools/web.sh >&2
    exit 2
    ;;
esac
