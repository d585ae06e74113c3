#!/bin/sh
# A member that came with a later minor: hidden from a plugin that targets an earlier one, there for one that targets it, and for
# one that says that it asks PDR_HAS. usage: target.sh INCLUDE COMPILER   (the headers of tests/abi/next, whose last minor
# appended `next` to all that may grow)   exit 77: the compiler is missing (1 with PERDURE_CI=1)
set -u
include=$1 compiler=$2
if ! command -v "$compiler" >/dev/null 2>&1; then
  echo "skipped: $compiler is not installed"
  [ "${PERDURE_CI:-}" = 1 ] && exit 1
  exit 77
fi
minor=$(sed -n 's/^#define PDR_ABI_MINOR \([0-9]*\)u$/\1/p' "$include/perdure/status.h")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# One use a struct. pdr_param has no struct_size: pdr_plugin.param_size says how long a row is.
structs="pdr_block pdr_model_api pdr_step_api pdr_data_api pdr_memory_api pdr_rng_api pdr_state_api pdr_tensor_api pdr_host
  pdr_task pdr_step pdr_eval pdr_hooks pdr_plugin"
{
  echo '#include <perdure/sugar.h>'
  for struct in $structs; do
    echo "int in_$struct(const $struct *t);"
    echo "int in_$struct(const $struct *t) { return PDR_HAS(t, next) && t->next ? 1 : 0; }"
  done
  echo 'int in_pdr_param(const pdr_param *t);'
  echo 'int in_pdr_param(const pdr_param *t) { return t->next ? 1 : 0; }'
} >"$work/uses.c"
echo '#include <perdure/perdure.h>' >"$work/empty.c"

compiles() { # compiles STANDARD FILE FLAGS...
  standard=$1 file=$2
  shift 2
  case $standard in c++*) language=c++ ;; *) language=c ;; esac
  "$compiler" -x $language -std="$standard" -I"$include" -Wall -Wextra -Werror "$@" -fsyntax-only "$work/$file" >"$work/words" 2>&1
}

# refused PATTERN COUNT PLACE STANDARD FILE FLAGS...: errors of this pattern in so many lines of that file, and no other error
refused() {
  pattern=$1 count=$2 place=$3
  shift 3
  if compiles "$@"; then
    echo "compiled, and should not: $*"
    bad=1
  fi
  grep 'error:' "$work/words" >"$work/errors"
  found=$(grep -E "$pattern" "$work/errors" | grep "$place" | cut -d: -f2 | sort -u | wc -l)
  if [ "$found" -ne "$count" ] || grep -qvE "$pattern|too many errors|offsetof|expected primary-expression" "$work/errors"; then
    echo "found $found lines with: $pattern; expected $count, and nothing else, of: $*"
    head -20 "$work/errors"
    bad=1
  fi
}

accepted() {
  compiles "$@" || { echo "should compile: $*" && head -20 "$work/words" && bad=1; }
}

before=$((minor - 1))
none='(has no|no) member named .next.|offset of member not found'
late='PDR_TARGET_MINOR <= PDR_VISIBLE_MINOR'
[ "$compiler" = clang ] && more=-ferror-limit=0 || more=-fmax-errors=0
for standard in c11 c17 c++17 c++20; do
  refused "$none" 15 uses.c "$standard" uses.c "$more"
  refused "$none" 15 uses.c "$standard" uses.c "$more" -DPDR_TARGET_MINOR=$before
  accepted "$standard" uses.c -DPDR_TARGET_MINOR="$minor"
  accepted "$standard" uses.c -DPDR_TARGET_MINOR=$before -DPDR_VISIBLE_MINOR="$minor"
  accepted "$standard" empty.c -DPDR_TARGET_MINOR=$before
  refused "$late" 1 status.h "$standard" empty.c -DPDR_TARGET_MINOR=$((minor + 1))
  refused "$late" 1 status.h "$standard" empty.c -DPDR_VISIBLE_MINOR=$((minor + 1))
  refused "$late" 1 status.h "$standard" empty.c -DPDR_TARGET_MINOR="$minor" -DPDR_VISIBLE_MINOR=$before
done
exit $bad
