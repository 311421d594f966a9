# Sourced by ./dev: ours beside programs in Go that judge it, on what is made from a seed.
# shellcheck shell=bash

# oracle NAME: builds the judge in Go of tests/NAME, and prints where it is.
oracle() {
  local built=$root/build/$preset/tests/$1_oracle go
  go=$(need_go "to judge the $1")
  (cd "tests/$1" && CGO_ENABLED=0 "$go" build -trimpath -o "$built" ./oracle) >&2
  echo "$built"
}

# judge LOG NAME ORACLE [WORD...]: one test, in which nothing may differ.
judge() {
  local log=$1 program=build/$preset/tests/$2_differential
  shift 2
  run_one_and_tell "$log" timeout -k 10 900 "$program" "$@"
}

# Our YAML reader beside the one that kubectl uses.
test_yaml() {
  local judging
  judging=$(oracle yaml)
  judge yaml_differential yaml "$judging"
}

# How we fill in variables beside Flux' own library.
test_substitution() {
  local judging
  judging=$(oracle substitution)
  judge substitution_differential substitution "$judging"
}

# A minute of histories from a fresh seed, which the log names.
test_merge() {
  local judging
  judging=$(oracle merge)
  judge merge_differential merge "$judging" --seconds 60
}

# A minute of histories of drift, and as many of each comparison that lacks a rule as show that it is missed: four tests.
test_drift() {
  local judging broken
  judging=$(oracle merge)
  judge drift_differential drift "$judging" --seconds 60
  for broken in order empties ownership; do
    judge "drift_differential_$broken" drift "$judging" --histories 2000 --break "$broken"
  done
}

# fuzz_differential merge|drift [WORD...]
fuzz_differential() {
  local name=$1 judging
  shift
  setup
  build "$preset" "${name}_differential" >&2
  judging=$(oracle merge)
  "build/$preset/tests/${name}_differential" "$judging" "$@"
}
