#!/usr/bin/env bash
# Make ready what a step needs, and do nothing where it is ready already.
#
#   tools/bootstrap.sh run     .venv with what the node needs on a CPU (make demo)
#   tools/bootstrap.sh dev     .venv with all that tests and checks need, PyTorch too
#   tools/bootstrap.sh peers   the programs that the tests speak with, from Debian's packages
#
# What is installed is remembered in .venv by a hash of the locks, so that a second call costs
# nothing. PYTHON chooses the Python.
set -euo pipefail
cd "$(dirname "$0")/.."

# What a machine may lack, as "command package" pairs; Orthanc's DICOMweb plug-in is a file.
peers=(
    "storescu dcmtk" "dciodvfy dicom3tools" "DicomSRValidator pixelmed-apps"
    "java default-jre-headless" "Orthanc orthanc"
    "/usr/share/orthanc/plugins/libOrthancDicomWeb.so orthanc-dicomweb"
    "redis-server redis-server" "pg_ctlcluster postgresql"
    "systemd-analyze systemd"
    "faketime faketime" "gcc gcc" "/usr/include/stdlib.h libc6-dev" "curl curl" "openssl openssl"
    "chromium chromium" "prometheus prometheus" "promtool prometheus"
)

dev_locks=(requirements/dev.lock requirements/train.lock requirements/helm.lock)

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$@"
    exit 1
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }
can_install_packages() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# Python 3.14 comes last: not every pinned package has a wheel for it yet.
pythons() {
    local name
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3 python3.14}; do
        if is_new_enough "$name"; then printf '%s\n' "$name"; fi
    done
}

find_python() {
    local name found=()
    mapfile -t found < <(pythons)
    [ ${#found[@]} -gt 0 ] ||
        die "Python 3.11 or newer is needed: sudo apt-get install python3 python3-venv"
    for name in "${found[@]}"; do
        if can_make_venvs "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    can_install_packages ||
        die "${found[0]} cannot make virtual environments: sudo apt-get install python3-venv"
    install_packages python3-venv
    can_make_venvs "${found[0]}" ||
        die "${found[0]} still cannot make virtual environments: install its venv package"
    printf '%s\n' "${found[0]}"
}

# Debian starts the services it installs; a policy that says 101 keeps them down.
install_packages() {
    local policy=/usr/sbin/policy-rc.d ours=
    say "installing Debian packages: $*"
    if [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    { apt-get install -qq -y --no-install-recommends "$@" ||
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@"; }; } \
        </dev/null >/tmp/senoscope-apt.log 2>&1 || {
        [ -z "$ours" ] || rm -f "$policy"
        die "apt-get install $* failed: see /tmp/senoscope-apt.log"
    }
    [ -z "$ours" ] || rm -f "$policy"
}

# PATH of an ordinary user may lack the sbin folders, where Debian puts servers.
is_there() { [ -e "$1" ] || PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$1" >/dev/null; }

missing_packages() {
    local pair
    for pair in "${peers[@]}"; do
        is_there "${pair% *}" || printf '%s\n' "${pair#* }"
    done
}

ready_peers() {
    local missing=()
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    can_install_packages ||
        die "The tests speak with programs that are missing here. As root: apt-get install ${missing[*]}"
    install_packages "${missing[@]}"
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -eq 0 ] || die "still missing after apt-get install: ${missing[*]}"
}

hash_of() { cat "$@" | sha256sum | cut -d' ' -f1; }
is_installed() { [ "$(cat ".venv/.senoscope-$1" 2>/dev/null)" = "$2" ]; }

install_locked() { # NAME LOCK...
    local name=$1 lock hash
    shift
    hash=$(hash_of "$@" pyproject.toml)
    if is_installed "$name" "$hash"; then return; fi
    if [ ! -x .venv/bin/python ]; then
        local python
        python=$(find_python)
        say "making .venv with $("$python" --version)"
        "$python" -m venv .venv
    fi
    for lock in "$@"; do
        say "installing $lock"
        # torch alone may bring packages that no lock names: see tools/lock.sh
        if [ "$lock" = requirements/train.lock ]; then
            pip_install -r "$lock"
        else
            pip_install --no-deps -r "$lock"
        fi
    done
    pip_install --no-deps --editable .
    printf '%s\n' "$hash" >".venv/.senoscope-$name"
}

pip_install() { .venv/bin/python -m pip install -qq --disable-pip-version-check "$@"; }

# What `dev` installs holds all that `run` needs.
case ${1-} in
run) is_installed dev "$(hash_of "${dev_locks[@]}" pyproject.toml)" ||
    install_locked run requirements/cpu.lock ;;
dev) install_locked dev "${dev_locks[@]}" ;;
peers) ready_peers ;;
*) die "usage: tools/bootstrap.sh run|dev|peers" ;;
esac
