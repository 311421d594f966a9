#include "sources/repository_look.h"

#include <algorithm>
#include <utility>

namespace holdfast {

// Mostly all wish the same.
void RepositoryLook::ask(RepositoryFollower* follower, const RefWish& wish, std::shared_ptr<const Rendering> last) {
  std::size_t place = askers.empty() ? 0 : askers.back().wish;
  if (wishes.empty() || wishes[place] != wish) {
    const auto at = std::ranges::lower_bound(wishes, wish);
    place = static_cast<std::size_t>(at - wishes.begin());
    if (at == wishes.end() || *at != wish) {
      wishes.insert(at, wish);
      for (Asker& asker : askers)
        if (asker.wish >= place) ++asker.wish;
    }
  }
  askers.push_back({follower, place, std::move(last)});
}

void RepositoryLook::look(RepositoryReader& reader, const std::map<RefWish, std::string>& before, bool pushed) {
  const std::uint64_t before_it = GitProgram::started();
  if (patterns.empty()) {
    found = reader.resolve(wishes, pushed);
  } else {
    GitMirror::Listing listing = reader.list(wishes, patterns);
    found = std::move(listing.found);
    refs = std::move(listing.refs);
  }
  std::vector<ReadTask> moved;
  std::vector<Asker*> whose;
  for (Asker& asker : askers) {
    const RefWish& wish = wishes[asker.wish];
    const auto& at = found[asker.wish];
    if (!at || asker.last == nullptr) continue;
    if (const auto known = before.find(wish); known != before.end() && known->second == at->revision) continue;
    moved.push_back({wish, *at, {}, asker.last});
    whose.push_back(&asker);
  }
  const auto told = reader.unchanged(moved);
  for (std::size_t i = 0; i < whose.size(); ++i) whose[i]->same = told[i];
  git_processes = GitProgram::started() - before_it;
}

void RepositoryLook::find_for_all(const Error& error) {
  found.assign(wishes.size(), std::unexpected(error));
  refs = std::unexpected(error);
  for (Asker& asker : askers) asker.same.reset();
}

bool RepositoryLook::silent() const {
  const auto is_silence = [](const auto& one) {
    return !one && one.error().kind != ErrorKind::NotFound && one.error().kind != ErrorKind::Invalid;
  };
  return (patterns.empty() || is_silence(refs)) && std::ranges::all_of(found, is_silence);
}

void RepositoryLook::put_in_order() {
  std::ranges::partition(askers, [](const Asker& asker) { return !asker.same; });
}

std::size_t RepositoryLook::unchanged() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(askers, [](const Asker& asker) { return asker.same.has_value(); }));
}

}  // namespace holdfast
