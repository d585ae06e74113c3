# Fetching LibTorch from the Python package index, each file by its hash: for scripts/setup, and for perdure-setup-torch of an
# installed Perdure. Sourced behind common.sh.
# shellcheck shell=bash
: "${EX_UNAVAILABLE:?}"
torch_scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P) # the folder of unpack.py
readonly PLATFORMS="manylinux_2_28 manylinux_2_27 manylinux_2_25 manylinux_2_18 manylinux_2_17 manylinux2014
    manylinux_2_12 manylinux2010 manylinux_2_5 manylinux1"

check_machine() {
    local libc
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
        die "$EX_UNAVAILABLE" "found $(uname -s) on $(uname -m); expected Linux on x86-64"
    libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || true)
    case $libc in glibc*) ;; *) die "$EX_UNAVAILABLE" "found ${libc:-no glibc}; expected glibc >= 2.28" ;; esac
    [ "$(printf '%s\nglibc 2.28\n' "$libc" | sort -V | head -n 1)" = "glibc 2.28" ] ||
        die "$EX_UNAVAILABLE" "found $libc; expected glibc >= 2.28"
}

check_space() { # check_space GB FOLDER
    local free
    free=$(df -Pk "$2" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge $(($1 * 1000)) ] || die "$EX_UNAVAILABLE" "found $free MB free in $2; expected $1 GB"
}

# The hashes that requirement files list: the stamp of an unpacked LibTorch.
hashes() { cat "$@" | grep -o 'sha256:[0-9a-f]\{64\}' | sort; }

# Whether folder $1 holds all that the files after it list.
has_torch() {
    local folder=$1
    shift
    [ -f "$folder/stamp" ] && ! hashes "$@" | grep -qvxF -f "$folder/stamp"
}

find_python() {
    local python
    for python in python3 /usr/bin/python3; do
        "$python" -m pip --version >/dev/null 2>&1 && { printf '%s\n' "$python"; return; }
    done
    die "$EX_UNAVAILABLE" "found no python3 with pip; expected one (Debian: python3 python3-pip)"
}

# download PYTHON WHEELS TEMPORARY FILE...: the files that the requirement files list, checked by their hashes. One Python tag and
# platform for all, so that every Python gets the same file. A file that is there already is not downloaded again.
download() {
    local python=$1 wheels=$2 temporary=$3 file platform arguments=()
    shift 3
    for platform in $PLATFORMS; do arguments+=(--platform "${platform}_x86_64"); done
    for file in "$@"; do arguments+=(-r "$file"); done
    [ -t 2 ] || arguments+=(--progress-bar off -q)
    mkdir -p "$wheels" "$temporary"
    TMPDIR=$temporary PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 "$python" -m pip download --no-cache-dir \
        --no-deps --require-hashes --only-binary=:all: --python-version 3.12 --implementation cp \
        --abi cp312 --abi abi3 --abi none "${arguments[@]}" -d "$wheels" >&2 ||
        die "$EX_UNAVAILABLE" "could not download LibTorch from the Python package index (see above)"
}

# fetch_torch FOLDER WORK FILE...: LibTorch appears in FOLDER whole or not at all. WORK, on the same file system, is for what
# lies there meanwhile: an interrupted run leaves its downloads, which the next one takes up, and other folders, which the
# next one removes.
fetch_torch() {
    local folder=$1 work=$2 fresh=$2/fresh stale=$1.stale wheels python missing=()
    shift 2
    [ -e "$folder" ] || [ ! -e "$stale" ] || mv "$stale" "$folder"
    rm -rf "$fresh" "$stale" "$work/tmp"
    if has_torch "$folder" "$@"; then return; fi
    python=$(find_python)
    mkdir -p "$fresh"
    if has_torch "$folder" "$1"; then # only what a GPU needs is missing: links to the files that are there
        cp -al "$folder/." "$fresh/"
        rm "$fresh/stamp"
        missing=("${@:2}")
    else
        missing=("$@")
    fi
    say "${0##*/}: downloading LibTorch to ${folder#"$root"/}"
    wheels=$work/wheels-$(hashes "${missing[@]}" | sha256sum | cut -c 1-12)
    download "$python" "$wheels" "$work/tmp" "${missing[@]}"
    "$python" "$torch_scripts/unpack.py" "$fresh" "$wheels"/*.whl
    hashes "$@" >"$fresh/stamp"
    sync -f "$fresh"
    [ ! -e "$folder" ] || mv "$folder" "$stale"
    mv "$fresh" "$folder"
    rm -rf "$stale" "$work/tmp" "$work"/wheels-*
}
