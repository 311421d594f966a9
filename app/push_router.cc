#include "app/push_router.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "sources/git_url.h"
#include "sources/repository_identity.h"

namespace holdfast {

namespace asio = boost::asio;

bool may_be_ref(const std::string& ref, const std::string& moved) {
  if (ref.empty() || ref == "HEAD" || moved.empty()) return true;
  if (is_commit_id(ref)) return false;
  for (std::string_view kind : {"refs/heads/", "refs/tags/"})
    if (moved.starts_with(kind)) return ref == moved || moved.substr(kind.size()) == ref;
  return true;  // a tag of a registry, and whatever else there may be
}

PushRouter::PushRouter(asio::any_io_executor executor, Applications applications)
    : applications_(std::move(applications)), timer_(std::move(executor)) {}

void PushRouter::add(const ApplicationName& name, const std::string& repo, const std::string& ref) {
  remove(name);
  std::string identity = repository_identity(repo);
  if (identity.empty()) return;
  repositories_[identity].refs[name] = ref;
  identities_[name] = std::move(identity);
}

void PushRouter::remove(const ApplicationName& name) {
  const auto known = identities_.find(name);
  if (known == identities_.end()) return;
  const auto repository = repositories_.find(known->second);
  repository->second.refs.erase(name);
  if (repository->second.refs.empty()) {
    due_.erase({repository->second.due, known->second});
    repositories_.erase(repository);
  }
  identities_.erase(known);
}

void PushRouter::pushed(PushHint hint) {
  if (hint.urls.empty()) {
    std::vector<std::string> all;
    all.reserve(repositories_.size());
    for (const auto& [identity, repository] : repositories_) all.push_back(identity);
    for (const std::string& identity : all) note(identity, repositories_.at(identity), {});
    return;
  }
  std::set<std::string> identities;
  for (const std::string& url : hint.urls) identities.insert(repository_identity(url));
  for (const std::string& identity : identities)
    if (const auto known = repositories_.find(identity); known != repositories_.end())
      note(identity, known->second, hint);
}

void PushRouter::note(const std::string& identity, Repository& repository, const PushHint& hint) {
  const bool all_wait = repository.waiting && repository.moved.empty();
  if (hint.ref.empty() || all_wait || repository.moved.size() >= kMostRefs)
    repository.moved.clear();
  else
    repository.moved.insert(hint.ref);
  repository.commit = hint.new_commit;
  repository.looks_more = hint.new_commit.empty() ? 0 : kLooksMore;
  if (std::exchange(repository.waiting, true)) return;
  if (Clock::now() >= repository.look_next) return look(identity, repository);
  set_due(identity, repository, repository.look_next);
}

void PushRouter::set_due(const std::string& identity, Repository& repository, Clock::time_point due) {
  due_.erase({repository.due, identity});
  repository.due = due;
  if (due != kNever) due_.emplace(due, identity);
  timer_.cancel();
}

void PushRouter::look(const std::string& identity, Repository& repository) {
  const auto now = Clock::now();
  repository.look_next = now + kLookEvery;
  repository.waiting = false;
  // For another look, the refs are not told apart: it is rare.
  set_due(identity, repository, repository.looks_more > 0 ? now + kLookAgainAfter : kNever);
  const std::set<std::string> moved = std::exchange(repository.moved, {});
  std::vector<ApplicationName> names;
  for (const auto& [name, ref] : repository.refs) {
    const auto meant = [&](const std::string& one) { return may_be_ref(ref, one); };
    if (moved.empty() || std::ranges::any_of(moved, meant)) names.push_back(name);
  }
  for (const ApplicationName& name : names) applications_.look(name);
}

bool PushRouter::is_read(const Repository& repository) const {
  return std::ranges::any_of(repository.refs,
                             [&](const auto& entry) { return applications_.has_read(entry.first, repository.commit); });
}

void PushRouter::look_again(const std::string& identity, Repository& repository) {
  if (is_read(repository)) {
    repository.looks_more = 0;
    return set_due(identity, repository, kNever);
  }
  --repository.looks_more;
  look(identity, repository);
}

asio::awaitable<void> PushRouter::run() {
  while (!stopping_) {
    timer_.expires_at(due_.empty() ? kNever : due_.begin()->first);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    while (!stopping_ && !due_.empty() && due_.begin()->first <= Clock::now()) {
      const std::string identity = due_.begin()->second;
      Repository& repository = repositories_.at(identity);
      if (repository.waiting)
        look(identity, repository);
      else
        look_again(identity, repository);
    }
  }
}

void PushRouter::stop() {
  stopping_ = true;
  timer_.cancel();
}

}  // namespace holdfast
