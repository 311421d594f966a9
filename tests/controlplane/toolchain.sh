# shellcheck shell=bash
# Sourced by ./dev and ./controlplane: where things are cached outside the tree, and which Go is used.

cache_root="${HOLDFAST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/holdfast}"

# go_is_recent GO: whether this go command is 1.25 or later.
go_is_recent() {
  local version minor
  version=$("$1" env GOVERSION 2>/dev/null) || return 1
  [[ $version =~ ^go1\.([0-9]+) ]] || return 1
  minor=${BASH_REMATCH[1]}
  ((minor >= 25))
}

# Prints the path of a Go of 1.25 or later, or fails: the one on PATH, the usual place, or the one that setup cached.
find_go() {
  local go
  for go in "$(type -P go || true)" /usr/local/go/bin/go "$cache_root/go/go/bin/go"; do
    if [[ -n $go && -x $go ]] && go_is_recent "$go"; then
      echo "$go"
      return 0
    fi
  done
  return 1
}
