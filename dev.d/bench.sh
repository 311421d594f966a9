# Sourced by ./dev: ./dev bench.
# shellcheck shell=bash

bench() {
  local name=${1:-} beside=()
  [[ $name =~ ^(applications|latency|push|receiver|storm|watch)$ ]] ||
    die "bench applications|latency|push|receiver|storm [--json FILE], bench storm --real, or bench watch [--json]: there is no bench $name"
  shift
  setup >&2
  if [[ $name == push ]]; then
    build "$preset" holdfast >&2
    exec python3 bench/push.py --binary "build/$preset/holdfast" "$@"
  fi
  build "$preset" holdfast "bench_$name" >&2
  if [[ $name == latency ]]; then
    make_scratch
    beside=(--kubeconfig "$("$controlplane" start "$scratch/controlplane")" --binary "build/$preset/holdfast")
  elif [[ $name == receiver ]]; then
    make_scratch
    start_simulator "$scratch/simulator.kubeconfig" "$scratch/simulator.log"
    beside=(--kubeconfig "$scratch/simulator.kubeconfig")
  elif [[ $name == storm && ${1:-} == --real ]]; then
    shift
    make_scratch
    beside=(--kubeconfig "$("$controlplane" start "$scratch/controlplane")")
  elif [[ $name == watch ]]; then
    beside=(--clientgo "$(clientgo)")
  fi
  HOLDFAST_BINARY=$root/build/$preset/holdfast "build/$preset/bench/bench_$name" "${beside[@]}" "$@"
}

# Builds what `bench watch` compares with, and prints the folder.
clientgo() {
  local folder=$root/build/$preset/bench/clientgo go
  go=$(need_go "for this bench")
  mkdir -p "$folder"
  (cd bench/clientgo && CGO_ENABLED=0 "$go" build -trimpath -o "$folder/" ./replay ./informer) >&2
  echo "$folder"
}
