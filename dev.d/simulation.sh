# Sourced by ./dev: what needs `holdfast simulate` or runs for long without a cluster: sim, soak, fidelity.
# shellcheck shell=bash

# start_simulator KUBECONFIG LOG
start_simulator() {
  local tenths
  "build/$preset/holdfast" simulate --without-controllers --kubeconfig "$1" >"$2" 2>&1 &
  simulator_pid=$!
  for ((tenths = 0; tenths < 300; ++tenths)); do
    if ! kill -0 "$simulator_pid" 2>/dev/null || grep -qs 'is ready' "$2"; then break; fi
    sleep 0.1
  done
  grep -qs 'is ready' "$2" || die "the simulator did not start: $(cat "$2")"
}

end_simulator() {
  [[ -n $simulator_pid ]] || return 0
  kill "$simulator_pid" 2>/dev/null || true
  wait "$simulator_pid" 2>/dev/null || true
  simulator_pid=
}

# Histories of the simulated world: SEEDS of them from FIRST on. A failing one names the seed that replays it.
sim() {
  local first=1 seeds=1000 jobs=1 kills=
  while (($#)); do
    case $1 in
      --kills) kills=${2:?sim: --kills wants a number} ;;
      --first) first=${2:?sim: --first wants a number} ;;
      --seeds) seeds=${2:?sim: --seeds wants a number} ;;
      --jobs) jobs=${2:?sim: --jobs wants a number} ;;
      *) die "sim [--seeds N | --kills N] [--first SEED] [--jobs N]: unknown option $1" ;;
    esac
    shift 2
  done
  [[ $jobs =~ ^[1-9][0-9]?$ ]] || die "sim --jobs wants a number from 1 to 99"
  setup
  build "$preset" sim_tests
  if [[ $kills ]]; then
    HOLDFAST_SIM_FIRST=$first HOLDFAST_SIM_KILLS=$kills \
      exec "build/$preset/tests/sim_tests" --gtest_filter='KillAtEveryStep.*' --gtest_brief=1
  fi
  local part=$(((seeds + jobs - 1) / jobs)) from failed=0 pids=()
  for ((from = 0; from < seeds; from += part)); do
    HOLDFAST_SIM_FIRST=$((first + from)) HOLDFAST_SIM_SEEDS=$((from + part < seeds ? part : seeds - from)) \
      "build/$preset/tests/sim_tests" --gtest_filter='History.seeds*' --gtest_brief=1 &
    pids+=($!)
  done
  for from in "${pids[@]}"; do wait "$from" || failed=1; done
  return "$failed"
}

# By how many KiB the daemon may grow. The sanitizers' own tables grow with what the program has done.
soak_bound() {
  if [[ $1 =~ ^(asan|tsan)$ ]]; then echo 32768; else echo 2048; fi
}

# 3,000 reconnects, and some seconds of random faults with a wait after each round: two tests.
test_soak() {
  soak_once reconnects --reconnects 3000
  soak_once faults --minutes 0.2
}

# soak_once NAME WORD...
soak_once() {
  local name=$1
  shift
  HOLDFAST_BINARY=$root/build/$preset/holdfast run_one "soak_$name" timeout -k 10 900 "build/$preset/tests/soak" \
    --most-growth-kib "$(soak_bound "$preset")" "$@" || return 0
  echo "soak $name: $(grep '^own memory' "$logs/soak_$name.log")"
}

soak() {
  local words=() chosen=$preset
  while (($#)); do
    case $1 in
      --preset) chosen=${2:?soak: --preset wants a name} ;;
      --minutes | --reconnects | --seed) words+=("$1" "${2:?soak: $1 wants a number}") ;;
      *) die "soak [--minutes N] [--reconnects N] [--seed S] [--preset release|dev|asan|tsan]: unknown option $1" ;;
    esac
    shift 2
  done
  setup
  build "$chosen" holdfast soak
  HOLDFAST_BINARY=$root/build/$chosen/holdfast exec "build/$chosen/tests/soak" \
    --most-growth-kib "$(soak_bound "$chosen")" "${words[@]}"
}

# Sends the script to a real control plane and to the simulator, both of them new, and ends both.
run_fidelity() {
  local config=$scratch/simulator.kubeconfig status=0
  "$controlplane" start "$scratch/controlplane" >/dev/null
  start_simulator "$config" "$scratch/simulator.log"
  timeout -k 10 600 "build/$preset/tests/fidelity" --real "$scratch/controlplane/kubeconfig" --simulated "$config" \
    "$@" || status=$?
  end_simulator
  "$controlplane" stop "$scratch/controlplane"
  rm -rf "$scratch/controlplane"
  return "$status"
}

# The whole script: one test, in which nothing differs but what docs/fidelity.md lists.
test_fidelity() { run_one_and_tell fidelity run_fidelity; }

# --only takes parts of the cases' names: all of them are sent, those are judged and shown.
fidelity() {
  if (($#)); then
    [[ $1 == --only && $# -gt 1 ]] || die "fidelity [--only CASE...]: unknown option $1, or no case"
    shift
  fi
  setup
  "$controlplane" build
  build "$preset" holdfast fidelity
  make_scratch
  run_fidelity "$@"
}
