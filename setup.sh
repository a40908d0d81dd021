#!/bin/sh
# Makes the virtual environment from requirements.lock. Called by make; safe to run again and after an interruption.
set -eu
python=$1
venv=$2

fail() {
    echo "streetproof: $1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 || fail "no $python found. Install it: sudo apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old; 3.11 or newer is needed. Name another one: make PYTHON=python3.12 ..."

# Debian and Ubuntu ship venv apart from python3.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    line="apt-get install -y python$version-venv"
    if [ "$(id -u)" = 0 ]; then run=""; elif sudo -n true 2>/dev/null; then run="sudo"; else run=none; fi
    if [ "$run" = none ] || ! command -v apt-get >/dev/null 2>&1; then
        fail "$python cannot make virtual environments. Run: sudo $line"
    fi
    echo "Installing python$version-venv ..."
    { $run apt-get update -qq && $run $line -qq; } >/dev/null || fail "that failed. Run: sudo $line"
fi

echo "Setting up $venv (once, about 250 MB) ..."
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
# --no-deps: the lock is complete, and leaving resolution out keeps a second cv2 from coming in with `trackers`.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
touch "$venv/.ready"
