#!/usr/bin/env bash
# Names, folders and words that `perdure plugin` does not take: all that it says and its exit code are compared, and that it made nothing.
# usage: run.sh PERDURE           compares
#        run.sh --table           prints what is expected as rows of a table; runs nothing
set -u
export LC_ALL=C
# shellcheck source=tests/messages/cases.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cases.sh"
cases_begin "$@"

# refused INPUT CODE WORDS HINT WORD...: the words of the command line
refused() {
  row "\`perdure plugin $1\`" "$2" "$3" "$4" && return
  local before code
  before=$(find . | sort)
  "$program" plugin "${@:5}" >../said 2>&1
  code=$?
  same "perdure plugin $1" "perdure: error: ${3//@/$work}${4:+$'\n'hint: $4}
(exit $2)" "$(cat ../said)
(exit $code)"
  same "perdure plugin $1: what it made" "$before" "$(find . | sort)"
}

# plain CODE WORDS HINT WORD...: the input is the words themselves
plain() { refused "${*:4}" "$@"; }

program=$perdure
if ! in_table; then
  mkdir here && cd here || exit 73
  touch file
  mkdir folder
fi

# ---- names ----
form='expected a small letter, then small letters, digits, _ and -, at most 64 in all'
plain 64 "plugin new: found name Ewc2; $form" '' new Ewc2
plain 64 "plugin new: found name 2nd; $form" '' new 2nd
plain 64 "plugin new: found name my.own; $form" '' new my.own
plain 64 "plugin new: found name ../up; $form" '' new ../up
refused "new ''" 64 "plugin new: found name \"\"; $form" '' new ''
refused "new 'two words'" 64 "plugin new: found name two words; $form" '' new 'two words'
refused "new \$'caf\\xE9'" 64 "plugin new: found name caf\\xE9; $form" '' new $'caf\xE9'
long=$(printf 'n%.0s' {1..65})
refused 'new nnnnnn... (65 letters)' 64 "plugin new: found name ${long:0:60}...; $form" '' new "$long"
another='expected another one'
plain 64 "plugin new: found name plugin, a key of a scenario's strategies; $another" '' new plugin
plain 64 "plugin new: found name with, a key of a scenario's strategies; $another" '' new with
plain 64 "plugin new: found name yes, a truth value in YAML; $another" '' new yes
plain 64 "plugin new: found name null, nothing in YAML; $another" '' new null
plain 64 "plugin new: found name test, a target of make and CMake; $another" '' new test
plain 64 "plugin new: found name all, a target of CMake's; $another" '' new all
plain 64 "plugin new: found name finetune, the method that the scenario compares with; $another" '' new finetune
in_table || export PERDURE_PLUGIN_PATH=$work/plugins
in_table || { mkdir ../plugins && touch ../plugins/taken.so; }
plain 64 "plugin new: found name taken, which @/plugins/taken.so has; $another" '' new taken

# ---- folders ----
elsewhere='--out DIR names another one'
plain 73 'plugin new: found folder, which is there already; expected a new folder' "$elsewhere" new folder
plain 73 'plugin new: found file, which is there already; expected a new folder' "$elsewhere" new mine --out file
plain 73 'plugin new: found /, which is there already; expected a new folder' "$elsewhere" new mine --out /
plain 73 'file: found no way to create this folder: File exists' '' new mine --out file/mine
plain 66 'plugin new: --include: found no perdure/perdure.h in folder; expected the folder that has it' '' \
  new mine --include folder
if ! in_table; then
  mkdir -p "../it's/perdure" ../bin
  touch "../it's/perdure/perdure.h"
  cp "$perdure" ../bin/perdure
fi
refused 'new mine --include "it'\''s"' 64 "plugin new: found the headers in @/it's; expected a path without quotes, \$, #, ; and \\, which make and CMake would not take as they are" '' new mine --include "../it's"
program=../bin/perdure
refused 'new mine, where there are no headers' 66 \
  'plugin new: found no perdure/perdure.h beside this program; expected Perdure'\''s headers' \
  'install them (Debian: perdure-dev), or pass --include FOLDER, which has perdure/perdure.h' new mine
program=$perdure

# ---- words ----
plain 64 'plugin new: found nothing behind it; expected NAME' '' new
plain 64 'plugin show: found nothing behind it; expected FILE.so or NAME' '' show
plain 64 'found sow; expected one of: new, show, test' 'did you mean show?' sow x
plain 64 'plugin show: found option --cxx; expected one that it takes' 'perdure help plugin' show x.so --cxx
plain 64 'plugin new: found option --json; expected one that it takes' 'perdure help plugin' new mine --json

cases_end
