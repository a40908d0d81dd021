#!/bin/sh
# Makes the virtual environment from requirements.lock. Called by make; safe to run again and after an interruption.
set -eu

fail() {
    echo "streetproof: $1" >&2
    exit 1
}

# Runs the rest of the line as root where that needs no password; fails where it would.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@" 2>/dev/null; fi
}

# One at a time: apt-get waits for nobody. What an installation starts must not hold the lock on.
apt_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    echo "Installing $* ..."
    (
        flock 9 && as_root apt-get update -qq 9<&- &&
            DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq "$@" 9<&-
    ) 9<"$0" >/dev/null 2>&1
}

# setup.sh --packages CHECK PACKAGE...: what only reports or some tests need; CHECK succeeds where it is there. Without it
# those tests are skipped, and say so, and no report can be made.
if [ "$1" = --packages ]; then
    check=$2
    shift 2
    sh -c "$check" >/dev/null 2>&1 || apt_install "$@" ||
        echo "Not installed; what needs it is skipped, or says so: sudo apt-get install -y $*"
    exit 0
fi

python=$1
venv=$2

command -v "$python" >/dev/null 2>&1 || fail "no $python found. Install it: sudo apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old; 3.11 or newer is needed. Name another one: make PYTHON=python3.12 ..."

# Debian and Ubuntu ship venv apart from python3.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt_install "python$version-venv" ||
        fail "$python cannot make virtual environments. Run: sudo apt-get install -y python$version-venv"
fi

echo "Setting up $venv (once: 1.3 GB of disk, some minutes) ..."
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
# --no-deps: the lock is complete, and leaving resolution out keeps a second cv2 from coming in with `trackers`.
echo "  fetching and installing $(grep -c '^[a-z].*==' requirements.lock) packages, each pinned by its hash ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
echo "  done"
touch "$venv/.ready"
