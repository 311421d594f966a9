# Sourced by ./dev: what looks at the tree: rules, canaries, lint, fmt, docs.
# shellcheck shell=bash

rules() { exec tests/rules.py; }

canaries() {
  setup
  build "$preset" unit_net unit_watchers unit_engine
  exec tests/canaries/run.py "build/$preset" "$@"
}

# Tracked files and those that are about to be.
cpp_files() { git ls-files --cached --others --exclude-standard '*.cc' '*.h'; }

changed_sources() {
  { git diff --name-only --diff-filter=d HEAD && git ls-files --others --exclude-standard; } | grep '\.cc$' | sort -u
}

lint() {
  local status=0 files
  cpp_files | xargs -r clang-format-19 --dry-run -Werror || status=1
  # -x -a: with what they source, where it is sourced.
  if type -P shellcheck >/dev/null; then
    shellcheck -x -a dev .ci/run tests/controlplane/controlplane tests/demo/story tests/story/story || status=1
  fi
  if [[ ${1:-} == all ]]; then files=$(cpp_files | grep '\.cc$' || true); else files=$(changed_sources || true); fi
  if [[ -n $files ]]; then
    # The precompiled headers that the compile commands name must be there.
    build "$preset"
    xargs -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p "build/$preset" <<<"$files" || status=1
  fi
  return "$status"
}

fmt() { cpp_files | xargs -r clang-format-19 -i; }

# The pages of every field, from the definitions; a unit test holds them to the program.
docs() {
  setup
  build "$preset" holdfast
  "build/$preset/holdfast" schema --markdown docs/reference
}
