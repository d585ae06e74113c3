#!/usr/bin/env bash
# Bad plugins as a user meets them: each file is made, `perdure check` and `perdure run` open it, and all their words, their
# exit code and the absence of a run folder are compared. `@` in the expected words stands for the folder with the files.
# Most files are copies of tests/plugins/shape.so, which does what its own name says.
# usage: run.sh PERDURE           compares
#        run.sh --table           prints what is expected as rows of a table; runs nothing
set -u
export LC_ALL=C
# shellcheck source=tests/messages/cases.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cases.sh"
cases_begin "$@"
plugins=$(dirname "$perdure")/../tests/plugins
at='s.yaml:8:34: methods[0].strategies[0]: ' # of the strategy, in every message

# scenario STRATEGY...: s.yaml with a method for each
scenario() {
  local strategy number=0
  printf 'perdure: 1\nname: bad\ndata: {set: csv, train: train.csv, test_every: 2}\nstream: {split: {tasks: 2}}\n'
  printf 'training: {batch: 1, epochs: 1}\ndevice: {type: cpu}\nmethods:\n'
  for strategy; do
    number=$((number + 1))
    printf '  - {name: method%s, strategies: [%s]}\n' "$number" "$strategy"
  done
  printf 'output: {folder: "out/{name}"}\n'
}
train='1,2,0\n3,4,0\n5,6,1\n7,8,1\n'

# ask FOLDER COMMAND...: what check or run say of s.yaml there
ask() {
  local command
  for command in "${@:2}"; do
    (cd "$1" && timeout 60 "$perdure" "$command" s.yaml >"$command.out" 2>"$command.err")
    echo $? >"$1/$command.code"
  done
}

# judge FOLDER CODE LINES: both said these lines, ended with CODE, and left nothing
judge() {
  local command lines=${3//@/$work}
  for command in check run; do
    same "$input ($command)" "$lines (exit $2)" "$(cat "$1/$command.err") (exit $(cat "$1/$command.code"))"
  done
  same "$input" 'no run folder' "$([ -e "$1/out" ] && echo 'a run folder' || echo 'no run folder')"
}

# lines WORDS [HINT]: as they are printed
lines() { printf 'perdure: error: %s%s%s' "$at" "$1" "${2:+$'\n'hint: $2}"; }

# refused WORDS [HINT]: the file that `input` tells of and s.yaml names
refused() {
  row "$input" 69 "$@" && return
  ask . check run
  judge . 69 "$(lines "$@")"
}

# file INPUT FILE WORDS [HINT]: FILE was made already
file() {
  input=$1
  in_table || scenario "{plugin: $2}" >s.yaml
  refused "@/$2: $3" "${@:4}"
}

# shape NAME WORDS [HINT]: a copy of shape.so
shape() {
  in_table || cp "$plugins/shape.so" "$1.so"
  file "$1.so (\`shape.c\`)" "$1.so" "${@:2}"
}

# accepted INPUT FILE: `check` has nothing to say
accepted() {
  in_table && return
  scenario "{plugin: $2}" >s.yaml
  same "$1" ' (exit 0)' "$("$perdure" check s.yaml 2>&1 >/dev/null) (exit $?)"
}

so='expected a shared object'
in_table || printf '%b' "$train" >train.csv

# ---- those that never end are asked at once and judged last ----
hanging=('load_hang' 'did not finish loading within 10 s; expected a shared object that loads'
  'entry_hang' 'did not finish perdure_plugin() within 10 s; expected a function that returns the descriptor and does nothing else')
in_table || for i in 0 2; do
  name=${hanging[i]}
  mkdir "$name"
  cp "$plugins/shape.so" "$name.so"
  cp train.csv "$name"
  scenario "{plugin: ../$name.so}" >"$name/s.yaml"
  ask "$name" check &
  ask "$name" run &
done

# ---- no file, or not one of ours ----
file 'no file' none.so "found nothing that can be read (No such file or directory); $so"
in_table || ln -s loop.so loop.so
file 'a link to itself' loop.so "found nothing that can be read (Too many levels of symbolic links); $so"
in_table || mkdir folder.so
file 'a folder' folder.so "found a folder; $so"
in_table || mkfifo pipe.so
file 'a FIFO' pipe.so "found a device, pipe or socket; $so"
in_table || : >empty.so
file 'an empty file' empty.so "found an empty file; $so"
in_table || printf '#!/bin/sh\necho hello\n' >text.so
file 'text' text.so "found a file that begins with \"#!/bin/s\"; $so (ELF)"
in_table || printf '\033[2J\033[31m' >terminal.so
file 'bytes that a terminal obeys' terminal.so "found a file that begins with \"\\x1B[2J\\x1B[31\"; $so (ELF)"
in_table || head -c 20 "$plugins/shape.so" >start.so
file 'the first 20 bytes of an object' start.so "found 20 bytes; $so (ELF), whose header has 64"

# number VALUE BYTES [VALUE BYTES ...], the low byte first
numbers() {
  local value count
  while [ $# -gt 0 ]; do
    value=$1
    for ((count = $2; count > 0; count--)); do
      printf '%b' "\\x$(printf '%02x' $((value & 255)))"
      value=$((value >> 8))
    done
    shift 2
  done
}

# header MACHINE CLASS TYPE: an ELF header and one segment that declares 4096 bytes, 120 bytes in all
header() {
  printf '\177ELF'
  numbers "$2" 1 1 1 1 1 0 9 "$3" 2 "$1" 2 1 4 0 8 64 8 0 8 0 4 64 2 56 2 1 2 0 6
  numbers 1 4 5 4 0 8 0 8 0 8 4096 8 4096 8 4096 8
}
in_table || header 183 2 3 >other.so
file 'an object for another machine' other.so \
  'found an object for AArch64 (64 bits); expected one for x86-64 (64 bits), as this program is'
in_table || header 3 1 3 >small.so
file 'an object of 32 bits' small.so \
  'found an object for i386 (32 bits); expected one for x86-64 (64 bits), as this program is'
in_table || header 62 2 1 >object.so
file 'a .o file' object.so "found an object that is not linked; $so" 'cc -shared links it'
in_table || header 62 2 2 >program.so
file 'a program' program.so "found a program; $so"
in_table || header 62 2 3 >cut.so
file 'an object that is cut off' cut.so 'found 120 bytes; expected at least 4096, as its header declares' \
  'it was cut off: copy or build it again'
in_table || { cp "$plugins/shape.so" locked.so && chmod 000 locked.so; }
if in_table || [ "$(id -u)" -ne 0 ]; then
  file 'a file without the right to read' locked.so "found nothing that can be read (Permission denied); $so"
fi

# ---- who else may write to it ----
rights='expected one that only its owner and group may change, as its code runs with your rights (CWE-732)'
if ! in_table; then
  mkdir open sticky group
  cp "$plugins/shape.so" everyone.so
  for folder in open sticky group; do cp "$plugins/shape.so" $folder/shape.so; done
  chmod 666 everyone.so
  chmod 777 open
  chmod 1777 sticky
  chmod 775 group
  chmod 664 group/shape.so
fi
file 'a file of mode 666' everyone.so "found a file that every user may write to; $rights" "chmod o-w @/everyone.so"
file 'a file in a folder of mode 777' open/shape.so "found a folder around it that every user may write to; $rights" \
  'chmod o-w @/open'
accepted 'mode 1777, as /tmp' sticky/shape.so
accepted 'mode 664 in 775, as a umask of 002 makes' group/shape.so

# ---- objects that the loader refuses, and entry points that are none ----
loads='expected a shared object that loads'
in_table || cp "$plugins"/{undefined,no_entry,entry_data}.so .
file 'undefined.so (an undefined symbol)' undefined.so "found undefined symbol: perdure_test_nobody_has_this; $loads" \
  "link the library that has it; Perdure's own functions come by the host tables"
file 'no_entry.so (no perdure_plugin)' no_entry.so \
  'found no function perdure_plugin; expected a strategy built from <perdure/plugin.h>'
file 'entry_data.so (a variable perdure_plugin)' entry_data.so \
  'found perdure_plugin as data; expected a function, as <perdure/plugin.h> declares it'

# ---- code that crashes, ends or prints ----
damaged="$loads (the file may be damaged)"
entry='expected a function that returns the descriptor and does nothing else'
shape load_bus "killed by SIGBUS while it was loaded; $damaged"
shape load_segv "killed by SIGSEGV while it was loaded; $damaged"
shape load_abort "killed by SIGABRT while it was loaded; $damaged" 'it said: shape: no licence\x1B[2J second line'
shape load_orphan "killed by SIGABRT while it was loaded; $damaged"
shape load_exit_0 "ended the process (exit 0) while it was loaded; $loads"
shape load_exit_3 "ended the process (exit 3) while it was loaded; $loads"
shape entry_segv "killed by SIGSEGV in perdure_plugin(); $entry"
shape entry_exit_0 "ended the process (exit 0) in perdure_plugin(); $entry"
shape unload_segv "killed by SIGSEGV while it was unloaded; expected a shared object that unloads (the file may be damaged)"
shape unload_exit_0 'ended the process (exit 0) while it was unloaded; expected a shared object that unloads'
shape entry_null 'found NULL from perdure_plugin(); expected a descriptor'
shape entry_garbage 'killed by SIGSEGV while its descriptor was read; expected one whose pointers are NULL or valid'
in_table || { cp "$plugins/throws.so" . && cp throws.so throws_later.so; }
said="it said: terminate called after throwing an instance of 'int'"
file 'throws.so (a C++ exception out of a constructor)' throws.so "killed by SIGABRT while it was loaded; $damaged" "$said"
file 'a C++ exception out of perdure_plugin()' throws_later.so "killed by SIGABRT in perdure_plugin(); $entry" "$said"

# ---- descriptors ----
again="build it again from this Perdure's headers (major 1)"
shape abi_two 'found plugin ABI 2.0; expected 1.0 or an older 1.x' "$again"
shape abi_zero 'found plugin ABI 0.9; expected 1.0 or an older 1.x' "$again"
shape abi_garbage 'found plugin ABI 57005.48879; expected 1.0 or an older 1.x' "$again"
shape abi_newer 'found plugin ABI 1.1; expected 1.0 or an older 1.x' \
  'use a newer Perdure, or build it with -DPDR_TARGET_MINOR=0'
sizes='expected a multiple of 8 from 104 to 4096 (set it to sizeof)'
shape size_small "found descriptor.struct_size 64; $sizes"
shape size_large "found descriptor.struct_size 8192; $sizes"
shape size_odd "found descriptor.struct_size 108; $sizes"
sizes=${sizes/104/8}
shape hooks_small "found hooks.struct_size 4; $sizes"
shape hooks_large "found hooks.struct_size 8000; $sizes"
shape hooks_odd "found hooks.struct_size 20; $sizes"
shape hooks_none 'shape: found no hook; expected at least one'
shape save_alone 'shape: found save() and no load(); expected both: no run could go on with what is saved'
for member in hooks create destroy version summary; do
  shape ${member}_null "shape: found NULL as $member; expected it to be set"
done
line='expected one line of printable UTF-8, at most 1000 bytes'
shape summary_wild "shape: found summary \"clears \\x1B[2J the screen\"; $line"
shape paper_wild "shape: found paper \"caf\\xE9 2019\"; $line"
name="expected 1 to 64 letters, digits, '.', '_' or '-'"
shape name_null "found name NULL; $name"
shape name_empty "found name \"\"; $name"
shape name_long "found name \"$(printf 'n%.0s' {1..60})...\"; $name"
shape name_latin "found name \"caf\\xE9\"; $name"
shape name_control "found name \"\\x1B[31mred\\x0A\"; $name"
shape name_wild 'killed by SIGSEGV while its descriptor was read; expected one whose pointers are NULL or valid'

# ---- parameters ----
rows='plugin shape: parameter "rows":'
shape param_size 'plugin shape: parameters: found param_size 8; expected sizeof(pdr_param), here 56'
shape param_type "$rows found type 99; expected a pdr_param_type that this build knows"
shape param_offset "$rows found offset 0 + 8 bytes (INT); expected at most config_size, which is 4"
shape param_unaligned "$rows found offset 4; expected one that is aligned for its type"
shape param_default "$rows its default: found 99; expected a whole number from 1 to 10"
shape param_words "$rows its default: found many; expected a whole number from 1 to 10"
shape param_range "$rows found min above max, or a NaN; expected min <= max"
shape param_twice "$rows found a key that row 0 (\"rows\") has too; expected every key once"
shape param_overlap 'plugin shape: parameter "more": found the same bytes as those of "rows"; expected an offset of its own'
shape param_key 'plugin shape: parameter "Rows\x1B": found such a key; expected small letters, digits, _ and -, at most 64'
shape param_help "$rows found no help of one line; expected one, as describe prints it"
shape param_help_wild "$rows found no help of one line; expected one, as describe prints it"
shape param_choices "$rows found no choices; expected a NULL-ended list of words"
shape param_choices_wild 'plugin shape: parameter "kind": found choice "\x1B[2J"; expected printable words'
shape config_huge 'shape: found config_size 18446744073709551615; expected at most 1048576 (set it to sizeof)'
if ! in_table; then
  for name in size_newer hooks_older param_none load_chatter; do cp "$plugins/shape.so" $name.so; done
fi
accepted 'a longer descriptor and longer hooks' size_newer.so
accepted 'hooks that end early' hooks_older.so
accepted 'a table of no rows' param_none.so

# ---- by name ----
if ! in_table; then
  mkdir first second
  cp "$plugins/shape.so" first/drip.so
  cp "$plugins/shape.so" second/shape.so
  export PERDURE_PLUGIN_PATH=$work/first:$work/second
  scenario drip >s.yaml
fi
input='drip.so with a strategy of another name'
refused '@/first/drip.so: found strategy shape in it; expected drip, as the file is named'
input='the first of two files of one name'
in_table || { printf 'text' >first/shape.so && scenario shape >s.yaml; }
refused "@/first/shape.so: found a file that begins with \"text\"; $so (ELF)"
in_table || unset PERDURE_PLUGIN_PATH

# ---- paths: a bare name is relative to the scenario, and no library path is searched ----
in_table || { mkdir lib && cp "$plugins/shape.so" lib/ewc.so && export LD_LIBRARY_PATH=$work/lib; }
file 'plugin: ewc.so, with one in LD_LIBRARY_PATH' ewc.so "found nothing that can be read (No such file or directory); $so"
if ! in_table; then
  unset LD_LIBRARY_PATH
  mkdir beside
  scenario '{plugin: ewc.so}' >beside/s.yaml
  cp lib/ewc.so beside
  printf '%b' "$train" >beside/train.csv
  same 'a bare name beside the scenario' ' (exit 0)' "$("$perdure" check beside/s.yaml 2>&1 >/dev/null) (exit $?)"
fi

# ---- more than one at once: the first is told last, as the error that it all ends with ----
if ! in_table; then
  scenario '{plugin: abi_two.so}' '{plugin: load_segv.so}' '{plugin: abi_two.so}' >s.yaml
  input='three methods'
  ask . check run
  judge . 69 "$(at='' lines "s.yaml:9:34: methods[1].strategies[0]: @/load_segv.so: killed by SIGSEGV while it was loaded; $damaged")
$(at='' lines "s.yaml:10:34: methods[2].strategies[0]: @/abi_two.so: found plugin ABI 2.0; expected 1.0 or an older 1.x" "$again")
$(lines '@/abi_two.so: found plugin ABI 2.0; expected 1.0 or an older 1.x' "$again")"
fi

# ---- whatever bytes of the headers and tables are damaged, or wherever it ends: 0 or 69, and never a signal ----
if ! in_table; then
  scenario '{plugin: damaged.so}' >s.yaml
  RANDOM=1 worst=
  for i in {1..40}; do
    cp "$plugins/shape.so" damaged.so
    [ "$i" -gt 20 ] || truncate -s $((RANDOM % $(stat -c %s damaged.so))) damaged.so
    [ "$i" -le 20 ] || printf '\377\377\377\177' | dd of=damaged.so bs=1 seek=$((RANDOM % 4096)) conv=notrunc status=none
    "$perdure" check s.yaml >damaged.out 2>&1
    case $? in 0 | 69) ;; *) worst="exit $? with damage $i: $(cat damaged.out)" ;; esac
  done
  same '40 damaged objects' '' "$worst"
fi

# ---- standard output is for results ----
if ! in_table; then
  "$perdure" describe --json ./load_chatter.so >chatter.out 2>chatter.err
  same 'describe --json of one that prints' '0 { words where results belong' "$? $(head -c 1 chatter.out) $(cat chatter.err)"
fi

# ---- create() fails: a cell that failed, not a plugin that is refused ----
# created NAME WORDS: the plugin's own words
created() {
  local code words="method1/seed-0: strategy shape, hook create: $2"
  row "$1.so (\`shape.c\`)" 1 "$words" && return
  cp "$plugins/shape.so" "$1.so"
  scenario "{plugin: $1.so}" >s.yaml
  timeout 60 "$perdure" run s.yaml >run.out 2>run.err
  code=$?
  same "$1" "perdure: error: $words (exit 1)" "$(grep '^perdure: error: ' run.err) (exit $code)"
  same "$1: its result.json" 'none' "$(find out -name result.json | grep . || echo none)"
  rm -rf out
}
created create_fails 'no licence for 3 rows'
created create_says_nothing 'out of memory'
in_table || created create_shouts "\\x1B[31mred line caf\\xE9$(printf 'x%.0s' {1..999})" # 1023 bytes

# ---- parameters of a shipped strategy that do not go together ----
# apart STRATEGY PARAMETERS WORDS
apart() {
  local code words="method1/seed-0: strategy $1, hook create: $3"
  row "$1: {$2}" 1 "$words" && return
  scenario "$1: {$2}" >s.yaml
  timeout 60 "$perdure" run s.yaml >run.out 2>run.err
  code=$?
  same "$1: {$2}" "perdure: error: $words (exit 1)" "$(grep '^perdure: error: ' run.err) (exit $code)"
  rm -rf out
}
apart replay 'capacity: 9, policy: none' \
  'found policy: none, which keeps nothing that is offered; expected another policy'
apart replay 'capacity: 9, policy: value' \
  'found policy: value and rows without a value; expected select: loss, herding or closest'
apart replay 'capacity: 9, select: loss' \
  'found select: loss with a policy that does not look at it; expected policy: value'
apart replay 'capacity: 9, select: herding' \
  'found select: herding or closest, which choose among a whole task; expected fill: task'
apart replay 'capacity: 9, fill: task, every_epoch: true' \
  'found every_epoch with fill: task, which offers a row once; expected fill: stream'
apart replay 'capacity: 9, beta: 1' \
  'found beta without alpha; expected both, or blend: add and weight for labels alone'
apart replay 'capacity: 9, alpha: 1, blend: add' \
  'found blend or weight with alpha; expected alpha and beta alone, which weigh the two parts'
apart replay 'capacity: 9, policy: value, select: loss, alpha: 1' \
  'found select: loss with alpha, whose rows are rehearsed without labels; expected one of them'
apart replay 'capacity: 9, fill: task, online: true' \
  'found online with fill: task, whose memory is empty in the first task; expected fill: stream'
apart replay 'capacity: 9, weight: 2' \
  'found weight with blend: join or per-task, which have weights of their own; expected share or add'
apart agem 'capacity: 9, policy: value' \
  'found policy: none or value, which keep nothing that comes without a value; expected another policy'
apart lwf 'alpha: 2, alphas: [1, 2]' 'found alpha beside alphas; expected one of them'
apart icarl 'capacity: 9, distill: false, temperature: 2' 'found temperature without distill; expected one of them'
apart genreplay 'critic_steps: 2' \
  'found gan_optimizer or critic_steps with generator: vae; expected gan or wgan-gp, or optimizer'
apart genreplay 'generator: gan, optimizer: {lr: 0.1}' \
  'found optimizer with the generator of a GAN; expected gan_optimizer, which each of its halves has'
apart genreplay 'generator: gan, penalty: 1' \
  'found penalty with another generator than wgan-gp, which alone has one; expected wgan-gp'
apart genreplay 'scale: mean' 'found temperature or scale without soft labels; expected distill: true'

wait
for i in 0 2; do
  name=${hanging[i]} input="${hanging[i]}.so (\`shape.c\`)"
  row "$input" 69 "@/$name.so: ${hanging[i + 1]}" ||
    judge "$name" 69 "$(lines "@/$name.so: ${hanging[i + 1]}")"
done
cases_end
