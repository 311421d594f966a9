// The applications of a configuration file or folder, and the new ones whenever it changes.
//
// A folder stands for its *.yaml, *.yml and *.json, without hidden ones and without folders below it; links are
// followed, as a mounted ConfigMap needs it, but only changes in the folder itself are noticed. Reading and parsing run
// on a thread of its own. A configuration that cannot be read, or is wrong, changes nothing: it is told once, and the
// last good one stays. Bounds: 1,000 files, 64 MiB, and those of sources/application_reader.h.
//
// Lives on one executor, one thread; one call of load() or changed() at a time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/base/clock.h"
#include "holdfast/base/result.h"
#include "holdfast/model/application.h"
#include "sources/application_reader.h"
#include "sources/change_watch.h"

namespace holdfast {

// Is told what becomes of changes that are not handed out.
class ConfigObserver {
 public:
  virtual ~ConfigObserver() = default;
  virtual void config_refused(const Error& error) = 0;  // once for each error, not once for each look
  virtual void config_good_again() = 0;                 // after a refusal, also where it is as it was before
};

struct ConfigFollowerOptions {
  std::string path;             // a file or a folder
  ApplicationReadOptions read;  // `base` is set here: the folder; and `check_path`, where unset: FieldPattern
  // An application that is gone may be a file that is just being replaced: so long, and it is looked at again before
  // its disappearance is handed out.
  std::chrono::milliseconds removal_quiet{1000};
};

class ConfigFollower {
 public:
  ConfigFollower(boost::asio::any_io_executor executor, ConfigFollowerOptions options, ConfigObserver& observer);
  ~ConfigFollower();  // after stop(), and after the end of the calls
  ConfigFollower(const ConfigFollower&) = delete;
  ConfigFollower& operator=(const ConfigFollower&) = delete;

  // What there is now. Errors: those of reading, and NotFound or Forbidden for the path; the observer is not told.
  boost::asio::awaitable<Result<std::vector<Application>>> load();
  // The next good list that is another than the last one; of nothing but other lines also, for `origin` is part of it.
  // Cancelled after stop(), and nothing else.
  boost::asio::awaitable<Result<std::vector<Application>>> changed();
  void stop();

 private:
  Result<void> watch();
  boost::asio::awaitable<Result<void>> noticed();
  boost::asio::awaitable<Result<std::vector<Application>>> read();
  boost::asio::awaitable<void> wait(std::chrono::milliseconds duration);
  [[nodiscard]] bool loses_one(const std::vector<Application>& next) const;
  void tell_refused(const Error& error);
  void tell_good();

  boost::asio::any_io_executor executor_;
  ConfigFollowerOptions options_;
  ConfigObserver& observer_;
  bool is_folder_;
  bool stopped_ = false;
  Timer timer_;
  std::unique_ptr<ChangeWatch> watch_;
  std::vector<Application> last_;
  std::string refusal_;  // what was told last; empty: it is good
  boost::asio::thread_pool pool_{1};
};

// The files of such a path, sorted by name, each with `path` in front of its name. Blocks. Errors: NotFound, where
// there is none; Forbidden; TooLarge.
Result<std::vector<SourceFile>> read_config_files(const std::string& path, bool is_folder);

}  // namespace holdfast
