#!/usr/bin/env bash
# What a scenario file may be beside its text (missing, a FIFO, too large, too deep), and what it may meet: strategies,
# devices and run folders. Each input is made, `perdure check` and `perdure run` are given it, and all their words, their exit
# code and the absence of a run folder are compared. `@` in the expected words stands for the folder with the files.
# usage: run.sh PERDURE           compares
#        run.sh --table           prints what is expected as rows of a table; runs nothing
# shellcheck disable=SC2016 # backticks are Markdown's
set -u
export LC_ALL=C
# shellcheck source=tests/messages/cases.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cases.sh"
cases_begin "$@"
plugins=$(dirname "$perdure")/../tests/plugins
unset PERDURE_PLUGIN_PATH
file=s.yaml
commands='check run'

# say COMMAND [OPTION...]: all that it says of $file and its exit code, with what differs from build to build left out
say() {
  timeout 60 "$perdure" "$@" "$file" >said.out 2>said.err
  local code=$?
  sed -E 's/one of: .*/one of: .../; s/searched: .*/searched: .../; s/\([0-9a-f]{12}\)/(...)/g; s/(was|is) [0-9a-f]{12}\b/\1 .../g' said.err
  echo "(exit $code)$([ -s said.out ] && echo ', and words on standard output')"
}

# refused INPUT CODE WORDS [HINT]
refused() {
  local command
  row "$@" && return
  for command in $commands; do
    same "$1 ($command)" "perdure: error: ${3//@/$work}${4:+$'\n'hint: ${4//@/$work}}
(exit $2)" "$(say "$command")"
    same "$1 ($command)" 'no run folder' "$([ -e out ] && echo 'a run folder' || echo 'no run folder')"
  done
}

# accepted INPUT: `check` has nothing to say of $file
accepted() { in_table || same "$1" '(exit 0), and words on standard output' "$(say check)"; }

# scenario [LINE...]: s.yaml with these keys behind those that it needs
scenario() {
  in_table && return
  printf '%s\n' 'perdure: 1' 'name: bad' 'data: {set: csv, train: train.csv, test_every: 2}' \
    'stream: {split: {tasks: 2}}' 'output: {folder: "out/{name}"}' "$@" >s.yaml
}
finetune='methods: [{name: finetune}]'
in_table || printf '1,2,0\n3,4,0\n5,6,1\n7,8,1\n' >train.csv

# times WORD COUNT: the word so many times
times() { yes -- "$1" 2>/dev/null | head -n "$2" | tr -d '\n'; }

# ---- files that cannot be read ----
file=none.yaml
refused 'no file' 66 'none.yaml: found no file to read; expected one: No such file or directory'
file=folder.yaml
in_table || mkdir folder.yaml
refused 'a folder' 66 'folder.yaml: found a folder; expected a regular file'
file=pipe.yaml # to open it would wait for whoever writes into it
in_table || mkfifo pipe.yaml
refused 'a FIFO' 66 'pipe.yaml: found a device, pipe or socket; expected a regular file'
file=/dev/zero
refused 'a device' 66 '/dev/zero: found a device, pipe or socket; expected a regular file'
file=loop.yaml
in_table || ln -s loop.yaml loop.yaml
refused 'a link to itself' 66 'loop.yaml: found no file to read; expected one: Too many levels of symbolic links'
file=locked.yaml
in_table || { : >locked.yaml && chmod 000 locked.yaml; }
if in_table || [ "$(id -u)" -ne 0 ]; then
  refused 'a file without the right to read' 66 'locked.yaml: found no file to read; expected one: Permission denied'
fi

# ---- files that are too much ----
file=s.yaml
in_table || { printf 'perdure: 1\n#' && head -c 1048576 /dev/zero | tr '\0' x; } >s.yaml
refused 'more than 1 MiB' 78 's.yaml: found more than 1048576 bytes; expected at most that'
in_table || times '[' 100000 >s.yaml
refused '100,000 times `[`' 78 's.yaml:1:33: found lists and maps nested deeper than 32 levels; expected fewer'
in_table || times '- ' 100000 >s.yaml
refused '100,000 times `- `' 78 's.yaml:1:65: found lists and maps nested deeper than 32 levels; expected fewer'
in_table || { printf 'seeds: [' && times '1,' 100000 && echo ']'; } >s.yaml
refused '100,000 seeds, one by one' 78 \
  's.yaml:1:200005: found more than 100000 values, aliases counted; expected a smaller scenario'
in_table || scenario "$finetune" "seeds: [$(seq -s, 10001)]"
refused '10,001 seeds, one by one' 78 's.yaml:7:8: seeds: found 10001 seeds; expected 1 to 10000'
scenario "$finetune" 'seeds: {count: 1000000}'
refused 'seeds: {count: 1000000}' 78 's.yaml:7:16: seeds.count: found 1000000; expected a whole number from 1 to 10000'
in_table || { echo 'a:' && for i in {1..1001}; do echo "  - &a$i x"; done; } >s.yaml
refused '1,001 anchors' 78 's.yaml:1002:5: found more than 1000 anchors; expected fewer'
in_table || scenario "$finetune" "data_file: &a x" "more: [$(times '*a,' 2000)]"
refused '2,000 aliases, and unknown keys' 78 "s.yaml:7:1: data_file: found an unknown key; expected one of perdure, name, \
seeds, data, stream, network, optimizer, training, device, methods, grid, evaluation, search, output
perdure: error: s.yaml:8:1: more: found an unknown key; expected one of perdure, name, seeds, data, stream, network, \
optimizer, training, device, methods, grid, evaluation, search, output"
scenario "$finetune" "network: {type: *$(times a 300)}"
refused 'an alias of 300 letters' 78 "s.yaml:7:17: found alias *$(times a 60)...; expected its anchor &$(times a 60)... on a line before it"

# 1 MiB and 10,000 keys, all of them good
if ! in_table; then
  {
    scenario && cat s.yaml && echo 'methods:'
    for i in {1..2500}; do echo "  - {name: m$i, train_on: task, strategies: [replay: {capacity: $i}]}"; done
  } >long.yaml
  { cat long.yaml && printf '#' && head -c $((1048576 - $(stat -c %s long.yaml) - 1)) /dev/zero | tr '\0' x; } >s.yaml
  accepted '10,000 keys in 1 MiB'
fi

# ---- bytes ----
in_table || : >s.yaml
refused 'an empty file' 78 's.yaml: found an empty file; expected a scenario, at least perdure, data and methods' \
  '`perdure describe scenario` prints one with every key'
in_table || printf 'perdure: 1\nname: a\0b\n' >s.yaml
refused 'a NUL' 78 's.yaml:2:8: found byte 0x00 at offset 18; expected text in UTF-8'
in_table || printf 'perdure: 1\nname: \300\200\n' >s.yaml
refused 'a NUL in two bytes (overlong)' 78 's.yaml:2:7: found byte 0xC0 at offset 17; expected text in UTF-8'
in_table || printf 'perdure: 1\nname: \355\240\200\n' >s.yaml
refused 'half of a surrogate pair' 78 's.yaml:2:7: found byte 0xED at offset 17; expected text in UTF-8'
in_table || printf '\376\377\0p\0:\0 \0001' >s.yaml
refused 'UTF-16, the high byte first' 78 's.yaml:1:1: found UTF-16; expected UTF-8'
in_table || printf 'perdure: 1\n...\nname: a\n' >s.yaml
refused 'text behind `...`' 78 's.yaml:3:1: found a second document; expected one document only'

# ---- numbers, whatever the locale ----
for locale in $(locale -a | grep -iE '^(de_DE|fr_FR)\.utf-?8$'); do
  scenario "$finetune" 'optimizer: {lr: 0.5}'
  LC_ALL=$locale accepted "lr: 0.5 with LC_ALL=$locale"
done
scenario "$finetune" 'optimizer: {lr: "0,5"}'
refused 'lr: "0,5"' 78 's.yaml:7:17: optimizer.lr: found "0,5"; expected a number above 0, at most 1000000'
scenario "$finetune" 'optimizer: {lr: -0.0}'
refused 'lr: -0.0' 78 's.yaml:7:17: optimizer.lr: found -0.0; expected a number above 0, at most 1000000'
scenario "$finetune" 'training: {batch: 1:30}'
refused 'batch: 1:30' 78 's.yaml:7:19: training.batch: found 1:30; expected a whole number from 1 to 1000000000' \
  'numbers are plain and decimal, as 10 or -3 or 2.5e-3'

# ---- paths ----
scenario "$finetune" "device: {type: cpu}"
in_table || sed -i "s|train.csv|$(times x 5000)|" s.yaml
refused 'a path of 5,000 bytes' 78 "s.yaml:3:25: data.train: found $(times x 60)...; expected a path of at most 4095 bytes"
scenario "$finetune" 'device: {type: cpu}'
in_table || sed -i 's|train.csv|"${HOME}/train.csv"|' s.yaml
refused 'train: "${HOME}/train.csv"' 78 's.yaml:3:25: data.train: found "${HOME}/train.csv"; expected a path without variables, as these are not expanded here ("~/" is)'
commands=run
scenario "$finetune" 'device: {type: cpu}'
in_table || { mkdir beside && mv s.yaml beside/s.yaml; }
file=beside/s.yaml
refused 'train: train.csv, in another folder than the working directory' 66 \
  'beside/train.csv: found no such file, packed (.gz) or not; expected a data file'
file=s.yaml
scenario "$finetune" 'device: {type: cpu}'
in_table || sed -i 's|train.csv|~/none.csv|' s.yaml
in_table || export HOME=$work/home
refused 'train: ~/none.csv' 66 '@/home/none.csv: found no such file, packed (.gz) or not; expected a data file'
commands='check run'

# ---- strategies ----
scenario 'methods: [{name: a, strategies: [reply]}]'
refused 'a strategy that nobody has, but nearly' 69 \
  's.yaml:6:34: methods[0].strategies[0]: found no strategy reply; expected one of: ...' 'did you mean replay?'
scenario 'methods: [{name: a, strategies: [nobody_has_this]}]'
refused 'a strategy that nobody has' 69 \
  's.yaml:6:34: methods[0].strategies[0]: found no strategy nobody_has_this; expected one of: ...' 'searched: ...'
in_table || cp "$plugins/pull.so" "$plugins/leak.so" .
scenario 'methods: [{name: a, strategies: [{plugin: pull.so, with: {wieght: 1, wide: 2}}]}]'
refused 'parameters that the plugin does not have' 78 \
  's.yaml:6:58: methods[0].strategies[0].with.weight: found nothing; expected a number from 0 to 1000000000
perdure: error: s.yaml:6:59: methods[0].strategies[0].with.wieght: found a key unknown to pull 1.0; expected the key weight
hint: did you mean "weight"?
perdure: error: s.yaml:6:70: methods[0].strategies[0].with.wide: found a key unknown to pull 1.0; expected the key weight'
scenario 'methods: [{name: a, strategies: [{plugin: leak.so, with: {wide: 2}}]}]'
refused 'a parameter of a plugin that has none' 78 \
  's.yaml:6:59: methods[0].strategies[0].with.wide: found a key unknown to leak 1.0; expected no key'
scenario 'methods: [{name: a, strategies: [ewc: {lambda: -1}]}]'
refused 'ewc: {lambda: -1}' 78 's.yaml:6:48: methods[0].strategies[0].ewc.lambda: found -1; expected a number, at least 0'
for temperature in 0 1001; do
  scenario "methods: [{name: a, strategies: [lwf: {temperature: $temperature}]}]"
  refused "lwf: {temperature: $temperature}" 78 "s.yaml:6:53: methods[0].strategies[0].lwf.temperature: found \
$temperature; expected a number from 0.01 to 1000"
done
scenario 'methods: [{name: a, strategies: [lwf: {alphas: [1, -2]}]}]'
refused 'lwf: {alphas: [1, -2]}' 78 's.yaml:6:52: methods[0].strategies[0].lwf.alphas[1]: found -2; expected a number from 0 to 1000000000'
scenario 'methods: [{name: a, strategies: [si: {damping: 0, gradient: task, negative: relu}]}]'
refused 'si: {damping: 0, gradient: task, negative: relu}' 78 \
  's.yaml:6:38: methods[0].strategies[0].si.c: found nothing; expected a number, at least 0
perdure: error: s.yaml:6:48: methods[0].strategies[0].si.damping: found 0; expected a number from 1e-12 to 1000000
perdure: error: s.yaml:6:61: methods[0].strategies[0].si.gradient: found task; expected one of loss, total
perdure: error: s.yaml:6:77: methods[0].strategies[0].si.negative: found relu; expected one of clip, keep'
scenario 'methods: [{name: a, strategies: [agem: {batch: 64, fill: epoch, epsilon: -1}]}]'
refused 'agem: {batch: 64, fill: epoch, epsilon: -1}' 78 \
  's.yaml:6:40: methods[0].strategies[0].agem.capacity: found nothing; expected a whole number from 1 to 1000000000000, {per_class: 100} or {bytes: 64 MiB}
perdure: error: s.yaml:6:58: methods[0].strategies[0].agem.fill: found epoch; expected one of task, stream
perdure: error: s.yaml:6:74: methods[0].strategies[0].agem.epsilon: found -1; expected a number from 0 to 1000000'
for where in 'gpu|: found gpu; expected ram, disk, device or {disk: /a/folder}|63' \
  'dsk|: found dsk; expected ram, disk, device or {disk: /a/folder}|63|did you mean "disk"?' \
  '{device: cuda}|: found a map; expected ram, disk, device or {disk: /a/folder}|63' \
  '{disk: here}|.disk: found here; expected a folder from the root or from home, as /scratch/memories or ~/memories|70' \
  '{disk: [/tmp]}|.disk: found a list; expected a folder from the root or from home, as /scratch/memories or ~/memories|70'; do
  IFS='|' read -r value words column hint <<<"$where"
  scenario "methods: [{name: a, strategies: [replay: {capacity: 9, where: $value}]}]"
  refused "replay: {where: $value}" 78 "s.yaml:6:$column: methods[0].strategies[0].replay.where$words" "$hint"
done
for capacity in '{per_class: 0}|.per_class: found 0; expected a whole number from 1 to 1000000000000|79' \
  '{}|.per_class: found nothing; expected a whole number from 1 to 1000000000000|67' \
  '{bytes: 9}|.bytes: found 9; expected a size with its unit (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB), as 16 GiB|75' \
  '{bytes: 0 MiB}|.bytes: found 0 MiB; expected a size above 0|75' \
  '{bytes: 1 MiB, per_class: 2}|.per_class: found a key unknown to replay 1.0; expected the key bytes|82' \
  '[9]|: found a list; expected a whole number from 1 to 1000000000000, {per_class: 100} or {bytes: 64 MiB}|67' \
  '1e3|: found 1e3; expected a whole number from 1 to 1000000000000|67'; do
  IFS='|' read -r value words column <<<"$capacity"
  scenario "methods: [{name: a, strategies: [replay: {policy: fifo, capacity: $value}]}]"
  refused "replay: {capacity: $value}" 78 "s.yaml:6:$column: methods[0].strategies[0].replay.capacity$words" \
    "$([ "$value" != 1e3 ] || echo 'whole numbers have no point and no exponent')"
done
scenario 'methods: [{name: a, strategies: [ewc: {lambda: 1}, si: {c: 1}, lwf, icarl: {capacity: 9}, genreplay]}]'
in_table || sed -i 's/{split: {tasks: 2}}/{split: {tasks: 2}, scenario: task-free}/' s.yaml
refused 'strategies that need boundaries, and `scenario: task-free`' 78 \
  's.yaml:6:34: methods[0].strategies[0].ewc: found ewc, which needs task boundaries; expected another scenario than task-free, which tells of none
perdure: error: s.yaml:6:52: methods[0].strategies[1].si: found si, which needs task boundaries; expected another scenario than task-free, which tells of none
perdure: error: s.yaml:6:64: methods[0].strategies[2].lwf: found lwf, which needs task boundaries; expected another scenario than task-free, which tells of none
perdure: error: s.yaml:6:69: methods[0].strategies[3].icarl: found icarl, which needs task boundaries; expected another scenario than task-free, which tells of none
perdure: error: s.yaml:6:91: methods[0].strategies[4].genreplay: found genreplay, which needs task boundaries; expected another scenario than task-free, which tells of none'
scenario 'training: {batch: 0}' 'methods: [{name: a, strategies: [reply, replay: {capacity: 0}]}]'
refused 'faults, and a strategy that nobody has' 78 \
  's.yaml:6:19: training.batch: found 0; expected a whole number from 1 to 1000000000
perdure: error: s.yaml:7:60: methods[0].strategies[1].replay.capacity: found 0; expected a whole number from 1 to 1000000000000
perdure: error: s.yaml:7:34: methods[0].strategies[0]: found no strategy reply; expected one of: ...' 'did you mean replay?'

# ---- devices: the words of a machine without a GPU ----
for device in cuda:7 cuda; do
  scenario "$finetune" "device: {type: \"$device\"}"
  if in_table || say check | grep -q 'no CUDA driver'; then
    refused "type: $device, without a GPU" 69 \
      "s.yaml:7:16: device.type: found no CUDA driver; expected GPU number $([ $device = cuda ] && echo 0 || echo 7)"
  fi
done
scenario "$finetune" 'device: {require: {memory: 16 GiB}}'
if in_table || say check | grep -q 'no CUDA driver'; then
  refused 'require: {memory: 16 GiB}, without a GPU' 69 \
    's.yaml:7:19: device.require: found no CUDA driver; expected a GPU that meets it'
fi

# ---- run folders ----
in_table || mkdir -p data/mnist
in_table || printf '%s\n' 'perdure: 1' "$finetune" 'data: {set: mnist, root: data}' 'output: {folder: data/mnist/run}' >s.yaml
lies='found @/data/mnist/run, which lies in @/data/mnist; expected a folder outside of the data'
refused 'a run folder in that of the data' 78 "s.yaml:4:18: output.folder: $lies" 'output.folder or --out DIR names it'
in_table || { ln -s data/mnist link && sed -i 's|data/mnist/run|link/run|' s.yaml; }
refused 'the same behind a link' 78 "s.yaml:4:18: output.folder: $lies" 'output.folder or --out DIR names it'
in_table || same 'the folder of the data' '' "$(ls data/mnist)"

# kept INPUT WORDS HINT: `run` ends with 73 and changes nothing in out
kept() {
  local before
  row "$1" 73 "$2" "$3" && return
  before=$(find out -type f ! -name .lock -exec sha256sum {} + | sort)
  same "$1" "perdure: error: $2
hint: $3
(exit 73)" "$(say run)"
  same "$1" "$before" "$(find out -type f ! -name .lock -exec sha256sum {} + | sort)"
}
ways='--changed puts it aside and runs the cell again, --fresh runs it again in its place, --out DIR keeps both'
scenario "$finetune" 'device: {type: cpu}'
in_table || { mkdir -p out/bad && echo 'not to be lost' >out/bad/thesis.tex; }
kept 'a run folder with other files' \
  'out/bad: found a folder with "thesis.tex" in it, which is no run; expected a run, an empty or a new one' \
  '--out DIR names another folder'
in_table || { rm out/bad/thesis.tex && echo '{"name": "good"}' >out/bad/plan.json; }
kept 'the run folder of another scenario' 'out/bad: found the run of scenario good; expected that of bad' \
  '--out DIR names another folder; --fresh takes this one over'
if ! in_table; then
  rm -r out
  same 'a run' '(exit 0), and words on standard output' "$(say run | grep exit)"
  scenario 'methods: [{name: finetune, set: {optimizer.lr: 0.01}}]' 'device: {type: cpu, threads: 2}' \
    'training: {epochs: 2}' 'network: {hidden: [4]}' 'optimizer: {schedule: {step: {at: [1]}}}' 'seeds: [0, 1]'
fi
kept 'the run folder of the same scenario with other values' \
  'out/bad/cells/finetune/seed-0: found the result of another plan (...); expected one of this plan (...)
  device.threads: was 1, is 2
  network.hidden: was [400, 400], is [4]
  optimizer.lr: was 0.001, is 0.01
  optimizer.schedule.type: was constant, is step
  optimizer.schedule.at: was nothing, is [1]
  optimizer.schedule.factor: was nothing, is 0.1
  training.epochs: was 1, is 2' "$ways"
scenario "$finetune" 'device: {type: cpu}'
in_table || echo '9,9,1' >>train.csv
kept 'the same with other data' "out/bad/cells/finetune/seed-0: found the result of another plan (...); expected one of this \
plan (...)
  data.sha256: was ..., is ..." "$ways"

for other in fresh resume; do
  words="run: found --changed and --$other; expected one of them"
  row "run --changed --$other" 64 "$words" || same "--changed --$other" "perdure: error: $words
(exit 64)" "$(say run --changed "--$other")"
done

cases_end
