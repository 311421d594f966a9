# Sourced by ./dev: the parts of ./dev test, and how their tests are counted.
# shellcheck shell=bash

canaries_in_a_test=20  # some 2 s of a processor each

passed=0
failed=0
skipped=0

# add_counts PASSED FAILED SKIPPED
add_counts() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# count_gtest JSON: prints "passed failed skipped" of a finished GoogleTest run; fails when the run did not finish.
count_gtest() {
  python3 - "$1" <<'PYTHON'
import json, sys
tests = [t for s in json.load(open(sys.argv[1]))["testsuites"] for t in s["testsuite"] if t["status"] == "RUN"]
failed = sum(1 for t in tests if t.get("failures"))
skipped = sum(1 for t in tests if t["result"] == "SKIPPED")
print(len(tests) - failed - skipped, failed, skipped)
PYTHON
}

# run_gtest DEADLINE PROGRAM: a program that crashes, hangs or runs no test is one failed test more.
run_gtest() {
  local deadline=$1 program=$2 name status=0 counts began=$SECONDS
  name=$(basename "$program")
  local report=$logs/$name.json log=$logs/$name.log
  rm -f "$report"
  # -k: a program that cannot be told to end is ended.
  timeout -k 10 "$deadline" "$program" --gtest_color=no "--gtest_output=json:$report" >"$log" 2>&1 || status=$?
  if ! counts=$(count_gtest "$report" 2>/dev/null); then
    counts="$(grep -c '^\[       OK \]' "$log" || true) 1 0"
    echo "dev: $name ended with status $status before it had run all of its tests" >&2
  elif [[ $status != 0 && $counts == *" 0 "* || $counts == "0 0 0" ]]; then
    counts="${counts%% *} 1 0"
    echo "dev: $name ended with status $status, or ran no test" >&2
  fi
  # shellcheck disable=SC2086
  add_counts $counts
  read -r ok bad _ <<<"$counts"
  echo "$name: $ok passed, $bad failed, in $((SECONDS - began)) s"
  ((bad == 0)) && return 0
  { grep -v '^\[ RUN \|^\[       OK \]' "$log" || true; } | tail -n 200
  echo "dev: all of it is in $log"
}

# run_one NAME COMMAND...: a command that is one test; what it says is shown where it fails.
run_one() {
  local name=$1 log=$logs/$1.log
  shift
  if "$@" >"$log" 2>&1; then
    add_counts 1 0 0
    return 0
  fi
  add_counts 0 1 0
  tail -n 150 "$log" | cut -c 1-2000
  echo "dev: $name failed; all of it is in $log"
  return 1
}

# Shows the last line of the log of such a test where it passed.
run_one_and_tell() {
  if run_one "$@"; then tail -n 1 "$logs/$1.log"; fi
}

test_unit() {
  local program found=0
  for program in "build/$preset"/tests/unit_*; do
    [[ -f $program && -x $program ]] || continue
    found=1
    run_gtest 300 "$program"
  done
  ((found)) || { echo "dev: no unit test program was built" >&2 && add_counts 0 1 0; }
}

test_cluster() {
  local program=build/$preset/tests/cluster_tests
  if [[ ! -x $program ]]; then
    echo "dev: no cluster test program was built" >&2
    add_counts 0 1 0
    return 0
  fi
  "$controlplane" start "$scratch/controlplane" >/dev/null
  local bin helm kustomize sops
  bin=$("$controlplane" bin)
  helm=$("$controlplane" helm)
  kustomize=$("$controlplane" kustomize)
  sops=$("$controlplane" sops)
  export HOLDFAST_HELM=$helm HOLDFAST_KUSTOMIZE=$kustomize HOLDFAST_SOPS=$sops/sops
  export HOLDFAST_KUBECONFIG=$scratch/controlplane/kubeconfig
  export HOLDFAST_ADMIN_KUBECONFIG=$scratch/controlplane/admin.kubeconfig
  export HOLDFAST_CONTROLPLANE_DIR=$scratch/controlplane HOLDFAST_CONTROLPLANE=$controlplane
  export HOLDFAST_BINARY=$root/build/$preset/holdfast HOLDFAST_KUBECTL=$bin/kubectl
  echo "cluster_tests: running against kube-apiserver (log: $logs/cluster_tests.log)"
  run_gtest 3000 "$program"
  "$controlplane" stop "$scratch/controlplane"
}

# Real installations, fetched into the cache at first use (docs/real-manifests.md); it starts a control plane of its own.
test_manifests() {
  local bin go
  go=$(need_go "to fetch manifests")
  bin=$("$controlplane" bin)
  HOLDFAST_MANIFESTS=$(tests/manifests/fetch.py "$go" "$bin/kubectl" "$cache_root")
  export HOLDFAST_MANIFESTS
  HOLDFAST_BINARY=$root/build/$preset/holdfast HOLDFAST_KUBECTL=$bin/kubectl HOLDFAST_CONTROLPLANE=$controlplane \
    run_gtest 1200 "build/$preset/tests/manifests_tests"
  grep -E '^[0-9]+ sets|confirming calls|repairs in' "$logs/manifests_tests.log" || true
}

# Kustomizations, charts and folders of projects that users apply, fetched into the cache at first use, by the real
# programs.
test_renders() {
  local go bin
  go=$(need_go "to fetch trees")
  bin=$("$controlplane" bin)
  HOLDFAST_TREES=$(tests/renders/fetch.py "$go" "$cache_root")
  HOLDFAST_KUSTOMIZE=$("$controlplane" kustomize)
  HOLDFAST_HELM=$("$controlplane" helm)
  export HOLDFAST_TREES HOLDFAST_KUSTOMIZE HOLDFAST_HELM
  HOLDFAST_BINARY=$root/build/$preset/holdfast HOLDFAST_KUBECTL=$bin/kubectl \
    run_gtest 600 "build/$preset/tests/renders_tests"
  grep -E '^[0-9]+ kustomizations' "$logs/renders_tests.log" || true
}

# Every rule has a test, and some of the tests are tested.
test_rules() {
  run_one_and_tell rules tests/rules.py
  run_one_and_tell canaries tests/canaries/run.py "build/$preset" --slice "$canaries_in_a_test"
}

# Seeded histories in a simulated world, and real clients against `holdfast simulate`.
test_sim() {
  local bin kustomize
  bin=$("$controlplane" bin)
  kustomize=$("$controlplane" kustomize)
  export HOLDFAST_KUSTOMIZE=$kustomize
  HOLDFAST_BINARY=$root/build/$preset/holdfast HOLDFAST_KUBECTL=$bin/kubectl HOLDFAST_SIM_SECONDS=60 \
    run_gtest 900 "build/$preset/tests/sim_tests"
}

run_tests() {
  local part=${1:-all}
  [[ $part =~ ^(unit|cluster|yaml|substitution|merge|drift|sim|soak|fidelity|renders|manifests|all)$ ]] ||
    die "test [unit|cluster|yaml|substitution|merge|drift|sim|soak|fidelity|renders|manifests|all]: there is no part $part"
  setup
  [[ $part =~ ^(unit|yaml|substitution|merge|drift|soak)$ ]] || "$controlplane" build
  build "$preset"
  make_scratch
  logs=$root/build/$preset/test-logs
  mkdir -p "$logs"
  [[ $part == unit || $part == all ]] && test_unit
  [[ $part == unit || $part == all ]] && test_rules
  [[ $part == yaml || $part == all ]] && test_yaml
  [[ $part == substitution || $part == all ]] && test_substitution
  [[ $part == merge || $part == all ]] && test_merge
  [[ $part == drift || $part == all ]] && test_drift
  [[ $part == sim || $part == all ]] && test_sim
  [[ $part == soak || $part == all ]] && test_soak
  [[ $part == fidelity || $part == all ]] && test_fidelity
  [[ $part == renders || $part == all ]] && test_renders
  [[ $part == cluster || $part == all ]] && test_cluster
  [[ $part == manifests ]] && test_manifests
  clean_up
  scratch=
  echo
  if ((skipped)); then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
  ((failed == 0 && passed > 0))
}
