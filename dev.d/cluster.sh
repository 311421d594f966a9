# Sourced by ./dev: what is to be looked at on a control plane, or beside one: demo, story, cluster, schemas.
# shellcheck shell=bash

# On the simulator: no control plane, no root, no network. --cluster: on the real one.
demo() {
  local words=()
  for word in "$@"; do
    case $word in
      --exit) words+=("$word") ;;
      --cluster) cluster_demo=1 ;;
      *) die "demo [--exit] [--cluster]: unknown option $word" ;;
    esac
  done
  setup
  build "$preset" holdfast
  [[ ${cluster_demo:-} ]] || exec "build/$preset/holdfast" demo "${words[@]}"
  "$controlplane" build
  HOLDFAST_BINARY=$root/build/$preset/holdfast HOLDFAST_CONTROLPLANE=$controlplane exec tests/demo/story "${words[@]}"
}

# A developer's day on a real control plane (docs/story.md).
story() {
  setup
  "$controlplane" build
  build "$preset" holdfast
  HOLDFAST_BINARY=$root/build/$preset/holdfast HOLDFAST_CONTROLPLANE=$controlplane exec tests/story/story
}

cluster() {
  local dir=$root/.cache/cluster
  case ${1:-} in
    up)
      setup
      [[ -z ${2:-} || $2 == --nodes ]] || die "cluster up [--nodes]: unknown option $2"
      "$controlplane" start "$dir" >/dev/null
      [[ -z ${2:-} ]] || "$controlplane" nodes "$dir"
      cluster env
      ;;
    down)
      "$controlplane" stop "$dir"
      rm -rf "$dir"
      ;;
    env)
      [[ -f $dir/apiserver.pid ]] || die "no cluster; start one with: ./dev cluster up"
      echo "export KUBECONFIG=$dir/admin.kubeconfig"
      echo "export HOLDFAST_KUBECONFIG=$dir/kubeconfig"
      echo "export PATH=$("$controlplane" bin):\$PATH"
      ;;
    *) die "cluster up [--nodes] | down | env" ;;
  esac
}

schemas() {
  setup
  "$controlplane" build
  make_scratch
  "$controlplane" start "$scratch/controlplane" >/dev/null
  (cd tests/controlplane && "$(find_go)" list -m -f '{{.Dir}}' k8s.io/api k8s.io/apimachinery \
    k8s.io/apiextensions-apiserver k8s.io/kube-aggregator) |
    xargs python3 simulator/schemas/generate.py "$("$controlplane" bin)/kubectl" \
      "$scratch/controlplane/admin.kubeconfig" simulator/schemas
}
