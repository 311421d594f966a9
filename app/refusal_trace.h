// Finds out which line of Git it is that cannot be used, and who wrote it: of fields that the API server refuses, and
// of files that cannot be read. Beside all else, for history may have to be fetched; once for each object and each
// problem of a revision, one after another. Where it cannot be told, nothing is said: the refusal itself was said
// before. One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <variant>

#include "engine/refused_fields.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "sources/source.h"

namespace holdfast {

class RefusalTrace {
 public:
  static constexpr std::size_t kMostOfARevision = 20;  // objects; what is wrong with all of them is wrong with these
  static constexpr std::size_t kMostPlacesOfAnError = 3;
  static constexpr std::chrono::seconds kPatience{10};  // of those who wait for it

  // `key`: of the object; empty: of a file.
  using Say = std::function<void(const ObjectKey& key, const std::string& line)>;

  // Whether this revision is still the one that the source was read at last: lines of another one would be wrong.
  using IsCurrent = std::function<bool(const std::string& revision)>;

  // `source` outlives it, and its end has to be waited for: finish().
  RefusalTrace(
      boost::asio::any_io_executor executor, Source& source, Say say,
      IsCurrent is_current = [](const std::string&) { return true; });

  void refused(ObjectRefusal refusal);
  // What load() has failed with.
  void unreadable(const Error& error);
  [[nodiscard]] bool busy() const { return running_; }

  // When all is said, or `patience` is at its end: then the source is stopped. Nothing is said after it.
  boost::asio::awaitable<void> finish(std::chrono::seconds patience);

 private:
  void add(std::variant<ObjectRefusal, OriginPlace> question);
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<void> tell(ObjectRefusal refusal);
  boost::asio::awaitable<void> tell(OriginPlace place);

  Source& source_;
  Say say_;
  IsCurrent is_current_;
  std::deque<std::variant<ObjectRefusal, OriginPlace>> waiting_;
  std::set<std::string> asked_;
  std::string revision_;  // of which that is
  bool running_ = false, ended_ = false;
  Timer idle_;
  TaskScope tasks_;
};

}  // namespace holdfast
