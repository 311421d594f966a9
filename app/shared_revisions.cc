#include "app/shared_revisions.h"

#include <algorithm>
#include <utility>

#include "app/held_application.h"

namespace holdfast {
namespace {

constexpr std::size_t kMostOpen = 64;      // applications that are named in a record as not covered by it
constexpr std::size_t kToldRevisions = 8;  // of a repository
constexpr std::size_t kSlice = 32;         // applications that are told in one turn

}  // namespace

void SharedRevisions::add(const ApplicationName& name, const std::string& repository, HeldApplication& application) {
  if (!repository.empty()) repositories_[repository].applications[name] = &application;
}

void SharedRevisions::remove(const ApplicationName& name) {
  for (auto& [repository, members] : repositories_) members.applications.erase(name);
  std::erase_if(repositories_, [](const auto& entry) { return entry.second.applications.empty(); });
}

void SharedRevisions::tell_of(HeldApplication& reader) {
  const std::string& revision = reader.read_revision();
  if (reader.ends() || reader.repository().empty() || !reader.problem().empty() || revision.empty()) return;
  const auto found = repositories_.find(reader.repository());
  if (found == repositories_.end()) return;
  std::deque<std::string>& told = found->second.told;
  if (!told.empty() && told.back() != revision) reader.nudge(told.back());
  if (std::ranges::find(told, revision) != told.end()) return;
  told.push_back(revision);
  if (told.size() > kToldRevisions) told.pop_front();
  tell(reader.repository(), revision, {});
}

// Most of them read it by themselves before it is their turn.
void SharedRevisions::tell(std::string repository, std::string revision, ApplicationName after) {
  turns_.add([this, repository = std::move(repository), revision = std::move(revision), after = std::move(after)] {
    const auto found = repositories_.find(repository);
    if (found == repositories_.end()) return;
    auto next = found->second.applications.upper_bound(after);
    ApplicationName last;
    for (std::size_t i = 0; i < kSlice && next != found->second.applications.end(); ++i, ++next) {
      HeldApplication& one = *next->second;
      if (!one.ends() && !one.repository().empty() && one.read_revision() != revision) one.nudge(revision);
      last = next->first;
    }
    if (next != found->second.applications.end()) tell(repository, revision, std::move(last));
  });
}

void SharedRevisions::record() {
  for (const auto& [repository, members] : repositories_) record(members);
}

// While a commit is on its way to many, those that it has not reached are too many to name; it is asked again soon.
void SharedRevisions::record(const Members& members) {
  HeldApplication* first = nullptr;
  SeenRevision seen;
  bool news = false;
  for (const auto& [name, one] : members.applications) {
    if (one->ends() || one->repository_id().empty()) continue;
    if (first == nullptr) {
      first = one;
      seen.repository = one->repository_id();
      seen.revision = one->read_revision();
      if (seen.revision.empty() || one->recorded().seen.revision == seen.revision) return;
    }
    const bool covered = one->at_rest() && one->read_revision() == seen.revision;
    if (!covered) seen.open.insert(name.first + "/" + name.second);
    if (seen.open.size() > kMostOpen) return;
    news = news || (covered && one->recorded().revision != seen.revision);
  }
  if (news) first->record_seen(std::move(seen));
}

}  // namespace holdfast
