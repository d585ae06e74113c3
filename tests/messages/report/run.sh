#!/usr/bin/env bash
# Folders that are no runs, or not whole, and runs that have nothing to be compared by: each is made, `perdure report` or `perdure
# compare` is given it, and all its words and its exit code are compared.
# usage: run.sh PERDURE           compares
#        run.sh --table           prints what is expected as rows of a table; runs nothing
set -u
export LC_ALL=C
# shellcheck source=tests/messages/cases.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cases.sh"
cases_begin "$@"

# say COMMAND...: all that it says and its exit code; jansson's own words are left out
say() {
  "$perdure" "$@" >said.out 2>said.err
  local code=$?
  sed -E 's/damaged JSON \([^)]*\)/damaged JSON (...)/' said.err
  echo "(exit $code)$([ -s said.out ] && echo ', and words on standard output')"
}

# refused "COMMAND..." CODE WORDS [HINT]
refused() {
  row "\`perdure $1\`" "${@:2}" && return
  # shellcheck disable=SC2086 # the words of the command
  same "$1" "perdure: error: $3${4:+$'\n'hint: $4}
(exit $2)" "$(say $1)"
}

# run FOLDER METHOD: the folder of a run, as far as its tables need it
run() {
  in_table && return
  mkdir -p "$1"
  printf '{"schema": "perdure.summary/1", "name": "%s", "methods": [{"name": "%s", "seeds": [0], "metrics": {"acc.macro": {"values": [0.5]}}}]}' \
    "$1" "$2" >"$1/summary.json"
  printf '{"methods": [{"name": "%s"}]}' "$2" >"$1/plan.json"
}
written_anew='perdure run writes it anew; finished cells are not run again'
later='it is written when the cells have run; perdure run goes on with a run that was stopped'

run a ewc
in_table || mkdir stopped
refused 'report nowhere' 66 'nowhere: found no summary.json in it; expected the folder of a run' "$later"
refused 'report stopped' 66 'stopped: found no summary.json in it; expected the folder of a run' "$later"
refused 'report a --latex --markdown' 64 'report: found --markdown and --latex; expected one of them'
run damaged ewc
in_table || printf '{"schema"' >damaged/summary.json
refused 'report damaged --latex' 65 'damaged/summary.json:1:9: found damaged JSON (...); expected a summary' "$written_anew"
run other ewc
in_table || printf '{"schema": "perdure.bench/1"}' >other/summary.json
refused 'report other' 65 'other/summary.json: found schema perdure.bench/1; expected perdure.summary/1' "$written_anew"

refused 'compare a' 64 'compare: found 1 argument; expected RUN RUN...' 'perdure help compare'
refused 'compare a a --json --markdown' 64 'compare: found --markdown and --json; expected one of them'
refused 'compare a nowhere' 66 'nowhere: found no such folder; expected that of a run'
refused 'compare a stopped' 66 'stopped: found no summary.json in it; expected the folder of a run' "$later"
refused 'compare a damaged' 65 'damaged/summary.json:1:9: found damaged JSON (...); expected a summary' "$written_anew"
run b si
refused 'compare a b' 65 'b: found methods si; expected one of those of a: ewc' 'methods are compared by their names'
run bare ewc
in_table || rm bare/plan.json
refused 'compare a bare' 66 'bare/plan.json: found no file to read; expected one: No such file or directory'
run cut ewc
in_table || printf '{' >cut/plan.json
refused 'compare a cut' 65 'cut/plan.json:1:1: found damaged JSON (...); expected an object'
run list ewc
in_table || printf '[1]' >list/plan.json
refused 'compare a list' 65 'list/plan.json: found no JSON object; expected one'

cases_end
