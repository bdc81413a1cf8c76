# Sourced by the scripts beside it, and by bench/peers: programs of others, installed once, outside the project.
components=${INGOT_COMPONENTS:-$HOME/.cache/ingot/components}

# install_once NAME WHAT COMMAND...: `COMMAND... FOLDER` fills $components/NAME; nothing when that is there already. Fails when WHAT cannot be had, and says so.
install_once() {
    local folder=$components/$1 what=$2 work
    shift 2
    [ -d "$folder" ] && return
    mkdir -p "$components"
    work=$(mktemp -d "$components/.new.XXXXXX")
    if "$@" "$work" >"$work/log" 2>&1; then
        mv -T "$work" "$folder" 2>/dev/null || rm -rf "$work" # Another one was faster.
    else
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        echo "$what cannot be installed here" >&2
        return 1
    fi
}

# component ARG...: what a script is asked for; it has functions `install` and `launch ARG...`, and says in its lines 2 to 6 what it is.
component() {
    case ${1:-} in
        install) install ;;
        have) install || exit 77 ;;
        run)
            shift
            install || exit 77
            launch "$@"
            ;;
        *)
            sed -n '2,6p' "$0" >&2
            exit 2
            ;;
    esac
}
