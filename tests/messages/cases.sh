# shellcheck shell=bash disable=SC2016,SC2034
# What the run.sh of the folders here share: a folder of their own, counting, and the table of what they expect.
#
#     cases_begin "$@"          perdure=..., work=..., and there it is
#     row INPUT CODE WORDS [HINT]   in table mode prints a row of scripts/refusals and is true; else does nothing and is false
#     same INPUT EXPECTED FOUND     counts a case
#     cases_end                 "N cases, M failed", and the exit code
failed=0 checked=0 table=

cases_begin() {
  [ "${1:-}" != --table ] || { table=1 && shift; }
  perdure=${1:-perdure}
  [ "$table" ] || [ $# -gt 0 ] || { echo 'run.sh: found no program; expected one' >&2 && exit 64; }
  work=$(mktemp -d) || exit 73
  trap 'rm -rf "$work"' EXIT
  cd "$work" || exit 73
}

in_table() { [ "$table" ]; }

# In a cell a line break is <br>; a bar would end it, and so would a backtick the code.
cell() {
  local words=${1//|/\\|}
  words=${words//\`/\'}
  printf '`%s`' "${words//$'\n'/\`<br>\`}"
}

row() {
  in_table || return 1
  printf '| %s | %s | %s |\n' "${1//|/\\|}" "$2" "$(cell "$3${4:+$'\n'hint: $4}")"
}

same() {
  checked=$((checked + 1))
  [ "$2" != "$3" ] || return 0
  failed=$((failed + 1))
  printf '%s\nfound    %s\nexpected %s\n' "$1" "$3" "$2"
}

cases_end() {
  in_table && exit 0
  echo "$checked cases, $failed failed"
  [ "$failed" -eq 0 ] && [ "$checked" -gt 0 ]
  exit
}
