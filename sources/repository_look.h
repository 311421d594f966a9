// One look at a repository's refs, for all who follow them: what it was asked for, and what it has found. A value,
// which goes to a worker and comes back.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/inventory.h"
#include "sources/repository_reader.h"

namespace holdfast {

// An application that follows a ref of a repository.
class RepositoryFollower {
 public:
  virtual ~RepositoryFollower() = default;
  [[nodiscard]] virtual const RefWish& wish() const = 0;
  [[nodiscard]] virtual std::chrono::milliseconds interval() const = 0;
  // What it has; null: nothing yet.
  [[nodiscard]] virtual std::shared_ptr<const Rendering> last() const = 0;
  // A look has ended; `found` is what it says of wish(). `same`: the revision that it has found, where last() holds
  // there.
  virtual void looked(std::uint64_t look, const Result<ResolvedRef>& found,
                      const std::optional<BegunRevision>& same) = 0;
};

// Somebody who follows which refs there are.
class RepositoryRefsFollower {
 public:
  virtual ~RepositoryRefsFollower() = default;
  [[nodiscard]] virtual std::vector<std::string> patterns() const = 0;  // of ls-remote, as in "refs/heads/feature/*"
  [[nodiscard]] virtual std::chrono::milliseconds interval() const = 0;
  // A look that began then has ended; the refs may be more than patterns() choose.
  virtual void refs_looked(std::uint64_t look, std::chrono::steady_clock::time_point begun,
                           const Result<RemoteRefs>& refs) = 0;
};

struct RepositoryLook {
  struct Asker {
    RepositoryFollower* follower;  // to be found among the followers before it is touched
    std::size_t wish;
    std::shared_ptr<const Rendering> last;   // null: none yet
    std::optional<BegunRevision> same = {};  // the revision that was found, where `last` holds there
  };
  std::uint64_t number = 0;
  std::vector<RefWish> wishes;             // sorted, each once
  std::vector<Result<ResolvedRef>> found;  // of each wish
  std::vector<Asker> askers;
  std::vector<std::string> patterns;       // of all who follow which refs there are
  Result<RemoteRefs> refs = RemoteRefs{};  // by these
  std::chrono::steady_clock::time_point begun{};
  std::uint64_t git_processes = 0;

  void ask(RepositoryFollower* follower, const RefWish& wish, std::shared_ptr<const Rendering> last);
  // On a worker. Those whose ref has moved since `before` are looked at more closely: most commits concern few
  // applications. What fails altogether is found for every wish.
  void look(RepositoryReader& reader, const std::map<RefWish, std::string>& before, bool pushed);
  void find_for_all(const Error& error);
  // The remote has answered nothing at all; whatever else fails is an answer about a ref.
  [[nodiscard]] bool silent() const;
  // Those that it concerns first.
  void put_in_order();
  [[nodiscard]] std::size_t unchanged() const;
};

}  // namespace holdfast
