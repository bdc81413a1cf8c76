#!/usr/bin/env bash
# A real PostgreSQL for tests: superuser ingot without password, database ingot, on 127.0.0.1. As root it runs as
# another user, for it refuses root.
#
#   postgres.sh install            once, with Debian's packages, unpacked into $INGOT_COMPONENTS (default
#                                  ~/.cache/ingot/components, of root /var/cache/ingot/components) where the system has none; nothing when done
#   postgres.sh have               the same; exits 77 when it cannot be had
#   postgres.sh start DIR [PORT]   starts a server whose data is in DIR, and prints HOST PORT PID; an old one goes on.
#                                  PG_OPTIONS holds further options of the server, PG_DATABASE the name
#                                  of the database (ingot). Exits 77 when it cannot be had
#   postgres.sh stop DIR           ends it
#   postgres.sh psql DIR [ARG...]  the client, on that server
set -euo pipefail

# The server runs as another user than root, who cannot look into root's home.
home_cache=$HOME/.cache/ingot/components
[ "$(id -u)" != 0 ] || home_cache=/var/cache/ingot/components
components=${INGOT_COMPONENTS:-$home_cache}
unpacked=$components/postgresql
host=127.0.0.1

say() { echo "postgres.sh: $*" >&2; }

# The folder of the server's programs; fails when there is none.
programs() {
    local folder
    for folder in /usr/lib/postgresql/*/bin "$unpacked"/usr/lib/postgresql/*/bin; do
        if [ -x "$folder/initdb" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

install() {
    programs >/dev/null && return
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
        say "there is no PostgreSQL, and without apt-get none can be had"
        return 1
    }
    local work
    mkdir -p "$components"
    work=$(mktemp -d "$components/.postgresql.XXXXXX")
    if (cd "$work" && apt-get -qq download postgresql-15 postgresql-client-15 libpq5 libllvm14 >log 2>&1) &&
        for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/root"; done; then
        chmod -R a+rX "$work"
        mv -T "$work/root" "$unpacked" 2>/dev/null || true # Another one was faster.
    else
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        say "PostgreSQL cannot be installed here"
        return 1
    fi
    rm -rf "$work"
    programs >/dev/null
}

# As the user that owns the data: the server refuses root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        local owner=nobody
        getent passwd postgres >/dev/null && owner=postgres
        setpriv "--reuid=$owner" "--regid=$(id -g "$owner")" --clear-groups "$@"
    else
        "$@"
    fi
}

with_libraries() {
    LD_LIBRARY_PATH="$unpacked/usr/lib/$(uname -m)-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$@"
}

taken() { (exec 3<>"/dev/tcp/$host/$1") 2>/dev/null; }

# Below the range from which the kernel takes ports of clients.
free_port() {
    local port
    while true; do
        port=$((20000 + RANDOM % 12000))
        taken "$port" || break
    done
    echo "$port"
}

# Whether the process that was started is still there.
alive() {
    local pid
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null &&
        ! grep -qs '^State:[[:space:]]*[ZX]' "/proc/$pid/status" # Dead, and not yet buried.
}

start() {
    local folder=$1 bin port
    bin=$(programs) || exit 77
    mkdir -p "$folder/data"
    folder=$(cd "$folder" && pwd)
    port=${2:-$(cat "$folder/port" 2>/dev/null || free_port)}
    if alive "$folder"; then
        echo "$host $(cat "$folder/port") $(head -n 1 "$folder/data/postmaster.pid")"
        return
    fi
    if [ "$(id -u)" = 0 ]; then
        chmod a+rx "$folder"
        as_owner true
        chown -R "$(id -u "$(getent passwd postgres >/dev/null && echo postgres || echo nobody)")" "$folder/data"
        as_owner test -x "$bin/initdb" || {
            say "the user that runs the server cannot reach $bin: name another place with INGOT_COMPONENTS"
            exit 77
        }
        as_owner test -x "$folder" || {
            say "the user that runs the server cannot reach $folder"
            return 1
        }
    fi
    if [ ! -s "$folder/data/PG_VERSION" ]; then
        (cd "$folder/data" && with_libraries as_owner "$bin/initdb" -D . -A trust -U ingot -E UTF8 --locale=C --no-sync) \
            >"$folder/initdb.log" 2>&1 || {
            cat "$folder/initdb.log" >&2
            return 1
        }
    fi
    touch "$folder/log"
    (
        cd "$folder/data"
        # shellcheck disable=SC2086 # several options
        with_libraries as_owner setsid "$bin/postgres" -D . -p "$port" -c listen_addresses=$host -c unix_socket_directories= \
            -c fsync=off -c max_wal_size=4GB ${PG_OPTIONS:-} </dev/null >>"$folder/log" 2>&1 &
    )
    echo "$port" >"$folder/port"
    local tries=0
    until with_libraries "$bin/psql" -h "$host" -p "$port" -U ingot -d postgres -Atqc "select 1" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ]; then
            tail -n 20 "$folder/log" >&2
            say "the server did not start; see $folder/log"
            return 1
        fi
        sleep 0.05
    done
    local psql=("$bin/psql" -h "$host" -p "$port" -U ingot -d postgres -Atqc)
    if [ -z "$(with_libraries "${psql[@]}" "select 1 from pg_database where datname = '${PG_DATABASE:-ingot}'")" ]; then
        with_libraries "${psql[@]}" "create database ${PG_DATABASE:-ingot}"
    fi
    echo "$host $port $(head -n 1 "$folder/data/postmaster.pid")"
}

stop() {
    alive "$1" || return 0
    kill -INT "$(head -n 1 "$1/data/postmaster.pid")" # At once, and cleanly.
    local tries=0
    while alive "$1" && [ "$tries" -lt 200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    if alive "$1"; then kill -KILL "$(head -n 1 "$1/data/postmaster.pid")"; fi
}

case ${1:-} in
    install) install ;;
    have) install || exit 77 ;;
    start)
        install || exit 77
        start "${2:?a folder}" "${3:-}"
        ;;
    stop) stop "${2:?the folder given to start}" ;;
    psql)
        folder=${2:?the folder given to start}
        bin=$(programs) || exit 77
        with_libraries exec "$bin/psql" -h "$host" -p "$(cat "$folder/port")" -U ingot -d ingot "${@:3}"
        ;;
    *)
        sed -n '2,12p' "$0" >&2
        exit 2
        ;;
esac
