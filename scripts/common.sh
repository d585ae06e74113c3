# What the scripts of this folder share. Sourced, with `root` set to the checkout.
# shellcheck shell=bash
export LC_ALL=C
: "${root:?}"
readonly EX_UNAVAILABLE=69

say() { printf '%s\n' "$*" >&2; }

die() { # die STATUS WORDS: one line on stderr, then out
    local status=$1
    shift
    printf '%s: error: %s\n' "${0##*/}" "$*" >&2
    exit "$status"
}

# Memory that this process may use, in MiB: the machine's, or less where a control group says so.
memory_mib() {
    local total limit
    total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    for limit in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        [ -r "$limit" ] || continue
        limit=$(cat "$limit")
        [ "$limit" != max ] || continue
        limit=$((limit / 1048576))
        [ "$limit" -ge "$total" ] || total=$limit
    done
    printf '%s\n' "$total"
}

# Build jobs: the smaller of cores and memory / 2 GB (a file of the engine takes well over 1 GB to compile).
build_jobs() {
    local cores jobs
    cores=$(nproc)
    jobs=$((($(memory_mib) + 512) / 2048)) # a "4 GB" machine reports a little less
    [ "$jobs" -le "$cores" ] || jobs=$cores
    [ "$jobs" -ge 1 ] || jobs=1
    printf '%s\n' "$jobs"
}

# configure FOLDER ARGUMENTS...: cmake, after dropping a build folder that was configured in another place.
configure() {
    local folder=$1 home
    shift
    if [ -f "$folder/CMakeCache.txt" ]; then
        home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$folder/CMakeCache.txt")
        [ "$home" = "$root" ] || rm -rf "$folder"
    fi
    cmake -B "$folder" "$@" >&2
}

# Version of the LibTorch in folder $1 from its headers (they moved in 2.9); empty where there is none.
torch_version() {
    local header
    for header in torch/headeronly/version.h torch/csrc/api/include/torch/version.h; do
        [ -f "$1/include/$header" ] || continue
        awk '/^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) / { v = v s $3; s = "." } END { print v }' "$1/include/$header" |
            grep -E '^[0-9]+\.[0-9]+\.[0-9]+$' && return
    done
    return 0
}

# Dies unless folder $1 holds a LibTorch >= 2.6.
torch_check() {
    local version
    version=$(torch_version "$1")
    if [ -z "$version" ] || [ ! -f "$1/lib/libtorch_cpu.so" ]; then
        die $EX_UNAVAILABLE "TORCH_ROOT=$1: found no lib/libtorch_cpu.so with include/; expected LibTorch >= 2.6"
    fi
    if [ "$(printf '%s\n2.6.0\n' "$version" | sort -V | head -n 1)" != 2.6.0 ]; then
        die $EX_UNAVAILABLE "TORCH_ROOT=$1: found LibTorch $version; expected LibTorch >= 2.6"
    fi
}
