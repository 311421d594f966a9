#include "sources/trial.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "sources/field_address.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kObjectsTold = 10;

using Identity = std::tuple<std::string, std::string, std::string, std::string>;

Identity identity_of(const Manifest& manifest) {
  return {manifest.gvk.group, manifest.gvk.kind, manifest.namespace_, manifest.name};
}

bool matches(const Manifest& manifest, const OverrideTarget& target) {
  const auto is = [](const std::string& wanted, const std::string& there) { return wanted.empty() || wanted == there; };
  // A namespace that the author left out is told later; the name of it says nothing here.
  const bool namespace_ = manifest.namespace_.empty() || is(target.namespace_, manifest.namespace_);
  return is(target.group, manifest.gvk.group) && is(target.kind, manifest.gvk.kind) && is(target.name, manifest.name) &&
         namespace_;
}

std::string shown(const Manifest& manifest) {
  return fmt::format("{}/{}{}", manifest.gvk.kind, manifest.namespace_.empty() ? "" : manifest.namespace_ + "/",
                     manifest.name);
}

std::string shown_of_kind(const ManifestSet& set, const std::string& kind) {
  std::string names;
  std::size_t told = 0;
  for (const Manifest& manifest : set.manifests) {
    if (!kind.empty() && manifest.gvk.kind != kind) continue;
    if (told++ == kObjectsTold) return names + ", …";
    names += (names.empty() ? "" : ", ") + shown(manifest);
  }
  return names;
}

Result<void> patch_one(ManifestSet& set, const OverridePatch& patch) {
  const auto at = find_target(set, patch.target);
  if (!at) return std::unexpected(at.error());
  const auto address = FieldAddress::parse(patch.path);
  if (!address) return std::unexpected(address.error());
  Manifest& manifest = set.manifests[*at];
  auto done = set_at(manifest.body, *address, patch.value);
  if (!done) done.error().where = shown(manifest);
  return done;
}

}  // namespace

void TrialBook::set(Trial trial) {
  if (trial_ != nullptr && *trial_ == trial) return;
  trial_ = std::make_shared<const Trial>(std::move(trial));
  signal_.cancel();
}

void TrialBook::tell(TrialOutcome outcome) {
  outcome_ = std::move(outcome);
  if (on_outcome) on_outcome();
}

asio::awaitable<void> TrialBook::changed(TrialPtr than) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  while (!closed_ && trial_ == than && cancellation.cancelled() == asio::cancellation_type::none) {
    signal_.expires_at(Clock::time_point::max());
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void TrialBook::close() {
  closed_ = true;
  signal_.cancel();
}

std::string bare_revision(const std::string& revision) {
  const std::size_t at = revision.rfind('@');
  return at == std::string::npos ? without_trial(revision) : revision.substr(0, revision.find('+', at));
}

ManifestSetPtr with_ref(const ManifestSetPtr& base, const ManifestSetPtr& tried) {
  std::set<Identity> there;
  for (const Manifest& manifest : tried->manifests) there.insert(identity_of(manifest));
  auto made = std::make_shared<ManifestSet>(*tried);
  made->revision = base->revision;
  made->committed_s = base->committed_s;
  for (const Manifest& manifest : base->manifests)
    if (!there.contains(identity_of(manifest))) made->manifests.push_back(manifest);
  made->content = content_of(*made);
  return made;
}

PatchedSet with_patches(const ManifestSetPtr& set, const std::vector<TriedPatches>& patches) {
  PatchedSet patched{set, {}};
  std::shared_ptr<ManifestSet> made;
  for (const TriedPatches& one : patches) {
    TrialOutcome::Part& part = patched.parts[one.by];
    if (made == nullptr) made = std::make_shared<ManifestSet>(*set);
    std::map<std::size_t, json::object> before;
    for (const OverridePatch& patch : one.patches) {
      if (const auto at = find_target(*made, patch.target)) before.try_emplace(*at, made->manifests[*at].body);
      if (const Result<void> done = patch_one(*made, patch); !done) {
        part.error = done.error();
        break;
      }
    }
    for (auto& [at, body] : before) {
      if (part.error)
        made->manifests[at].body = std::move(body);
      else
        part.differs = part.differs || made->manifests[at].body != body;
    }
  }
  const bool changed = std::ranges::any_of(patched.parts, [](const auto& part) { return part.second.differs; });
  if (!changed) return patched;
  made->content = content_of(*made);
  patched.set = std::move(made);
  return patched;
}

Result<std::size_t> find_target(const ManifestSet& set, const OverrideTarget& target) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < set.manifests.size(); ++i)
    if (matches(set.manifests[i], target)) found.push_back(i);
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    std::string names = shown_of_kind(set, target.kind);
    if (names.empty()) names = shown_of_kind(set, {});
    return fail(ErrorKind::NotFound, fmt::format("the application has no {}", to_string(target)), {},
                names.empty() ? "it has no objects" : "it has " + names);
  }
  std::string names;
  for (const std::size_t at : found)
    if (names.size() < 500) names += (names.empty() ? "" : ", ") + shown(set.manifests[at]);
  return fail(ErrorKind::Invalid, fmt::format("{} is more than one object", to_string(target)), {},
              "name one of them: " + names);
}

}  // namespace holdfast
