#!/bin/sh
# Create .venv (once) and install a lock file and this project into it: setup.sh LOCK_FILE
# Plain POSIX shell, because it runs before any suitable Python is known.
set -eu
cd "$(dirname "$0")/.."

lock=$1
venv=.venv
here=$(pwd -P)

say() { printf '%s\n' "$*" >&2; }

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    say "Curation needs Python 3.11 or newer; ${PYTHON:-python3} is: $("${PYTHON:-python3}" --version 2>&1 || true)"
    say "Install one (Debian 12, Ubuntu 24.04 and later: apt install python3 python3-venv;"
    say "macOS: brew install python), or name it: make setup PYTHON=/path/to/python3.12"
    exit 1
}

# An environment is ours while its Python runs and its programs point at this folder
# (they do not after the folder was moved or copied).
is_usable() {
    is_new_enough "$venv/bin/python" && grep -qsF "$here/$venv/" "$venv/bin/pip"
}

create() {
    python=$(find_python)
    say "Creating $venv with $("$python" --version)"
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv --clear "$venv"
        return
    fi
    # Debian and Ubuntu ship Python without pip unless python3-venv is installed.
    "$python" -m venv --clear --without-pip "$venv"
    if ! "$venv/bin/python" scripts/bootstrap_pip.py "$lock"; then
        rm -rf "$venv"
        say "This Python comes without pip, and pip could not be fetched."
        say "Install it (Debian, Ubuntu: apt install python3-venv) and try again."
        exit 1
    fi
}

# Only wheels: no compiler is needed, and nothing runs that the lock does not name.
install() {
    pip="$venv/bin/python -m pip -qq --disable-pip-version-check --no-input"
    say "Installing $(grep -c '^[a-z].*==' "$lock") packages of $lock (downloads what pip has not cached)"
    if ! $pip install --require-hashes --only-binary :all: -r "$lock"; then
        say ""
        say "The packages of $lock could not be installed; pip's own words are above."
        say "- 'No matching distribution': there are no wheels for this Python or machine."
        say "  Python 3.11 to 3.13 on Linux (glibc) or macOS are known to work."
        say "- A network error: pip reaches its index by PIP_INDEX_URL, PIP_CERT and HTTPS_PROXY."
        exit 1
    fi
}

# The kernels of evaluation/ are compiled here, each where there is a compiler for it.
install_project() {
    say "Installing this project (compiles its kernels, if this machine has a C compiler)"
    # setuptools warns at length that an editable install is one.
    PYTHONWARNINGS=ignore $pip install --no-deps --no-build-isolation --editable .
}

is_usable || create
install
# The other lock only adds packages: make installs requirements.lock before it.
if [ "$lock" = requirements.lock ]; then
    install_project
fi
