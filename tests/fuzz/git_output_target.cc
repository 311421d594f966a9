// What the Git program prints of a repository that anybody may have made.
#include <algorithm>

#include "fuzz/target.h"
#include "sources/git_blame.h"
#include "sources/git_url.h"
#include "sources/remote_refs.h"
#include "sources/utf8.h"

namespace holdfast::fuzz {
namespace {

void hold_refs(std::string_view text, const std::string& name) {
  const auto refs = RemoteRefs::parse(text, "https://git.example/x");
  if (!refs) return;
  for (const auto& [ref, object] : refs->objects) hold(is_commit_id(object), "an id that is none: " + object);
  for (const RefWish& wish : {RefWish{name, ""}, RefWish{"", name}, RefWish{"", "*"}}) {
    const auto resolved = resolve_wish(wish, *refs, "https://git.example/x");
    if (!resolved) {
      hold(!resolved.error().message.empty(), "refused without a word");
      continue;
    }
    hold(is_commit_id(resolved->object), "a wish leads to what is no commit");
    if (resolved->remote_ref.empty()) continue;
    hold(refs->find(resolved->remote_ref) != nullptr || resolved->remote_ref == refs->head,
         "a ref that the remote has not named");
    const auto again = parse_revision(resolved->revision);
    hold(again && again->object == resolved->object, "a revision names another commit: " + resolved->revision);
  }
}

void hold_blame(std::string_view text) {
  const auto lines = parse_blame(text);
  if (!lines) return;
  for (const auto& [line, commit] : *lines) {
    hold(is_commit_id(commit.id), "an id that is none: " + commit.id);
    const std::string shown = describe(commit);
    hold(is_utf8(shown) && std::ranges::none_of(shown, [](char c) { return c >= 0 && (c < 0x20 || c == 0x7F); }),
         "not fit to be shown: " + shown);
  }
}

}  // namespace

// A ref or a range of versions, and what Git prints.
void run_git_output(std::string_view bytes) {
  const auto parts = split(bytes, 2);
  hold_refs(parts[1], std::string(parts[0]));
  hold_blame(parts[1]);
}

}  // namespace holdfast::fuzz
