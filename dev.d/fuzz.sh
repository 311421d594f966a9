# Sourced by ./dev: ./dev fuzz.
# shellcheck shell=bash

fuzz() {
  local name=${1:-}
  [[ $name ]] || die "fuzz merge|drift [--histories N] [--seconds N] [--seed S] [--from FILE], or fuzz TARGET|all ..."
  shift
  if [[ $name =~ ^(merge|drift)$ ]]; then fuzz_differential "$name" "$@"; else fuzz_targets "$name" "$@"; fi
}

fuzz_targets() {
  local seconds=60 keep="" target targets usage="fuzz TARGET|all [--seconds N] [--keep]"
  targets=$(cd tests/fuzz/corpus && echo *)
  [[ $1 == all || -d tests/fuzz/corpus/$1 ]] || die "$usage: there is no target $1, but ${targets// /, }, merge, drift"
  [[ $1 == all ]] || targets=$1
  shift
  while (($#)); do
    case $1 in
      --seconds) seconds=${2:?fuzz: --seconds wants a number} && shift ;;
      --keep) keep=1 ;;
      *) die "$usage: unknown option $1" ;;
    esac
    shift
  done
  setup
  build fuzz fuzz
  for target in $targets; do fuzz_target "$target" "$seconds"; done
  [[ $keep ]] || return 0
  for target in $targets; do keep_corpus "$target"; done
}

# Goes on from what is kept in the tree and from what this machine has found before.
fuzz_target() {
  local found=$root/build/fuzz/found/$1 log=$root/build/fuzz/found/$1.log newest
  mkdir -p "$found"
  if HOLDFAST_FUZZ_TARGET=$1 build/fuzz/tests/fuzz/fuzz -max_total_time="$2" -max_len=8192 -timeout=10 \
    -rss_limit_mb=2048 -dict=tests/fuzz/words.dict -artifact_prefix="$found-" "$found" "tests/fuzz/corpus/$1" 2>"$log"; then
    echo "$1: $(grep -a '^Done' "$log"), nothing found"
  else
    grep -a -A 30 'what():\|ERROR:\|runtime error:' "$log" | cut -c 1-400 >&2 || tail -n 30 "$log" >&2
    # shellcheck disable=SC2012  # the names are libFuzzer's: no blanks
    newest=$(ls -t "$found"-* | head -n 1)
    die "$1 found something; all of it is in $log. Again: HOLDFAST_FUZZ_TARGET=$1 build/fuzz/tests/fuzz/fuzz $newest"
  fi
}

# Replaces the corpus by as few and short inputs as reach the same code. By edges alone: counts would keep thousands.
keep_corpus() {
  local kept=$root/tests/fuzz/corpus/$1
  rm -rf "$kept.new"
  mkdir "$kept.new"
  HOLDFAST_FUZZ_TARGET=$1 build/fuzz/tests/fuzz/fuzz -merge=1 -use_counters=0 -max_len=4096 "$kept.new" "$kept" \
    "$root/build/fuzz/found/$1" 2>"$root/build/fuzz/found/$1.log" || die "see $root/build/fuzz/found/$1.log"
  rm -rf "$kept"
  mv "$kept.new" "$kept"
  echo "$1: $(find "$kept" -type f | wc -l) inputs of $(du -sb --apparent-size "$kept" | cut -f 1) bytes are kept"
}
