// All Git repositories of a process, each once however many applications follow it. Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "holdfast/base/result.h"
#include "sources/repository_reader.h"
#include "sources/shared_repository.h"

namespace holdfast {

class RepositoryHub {
 public:
  // `workers`: on which threads Git runs and files are parsed; null: one of its own. `logs`: see
  // SharedRepositoryOptions.
  explicit RepositoryHub(boost::asio::any_io_executor executor,
                         std::shared_ptr<boost::asio::thread_pool> workers = nullptr, bool logs = false);

  // The repository of this URL, these credentials and this cache; it goes with the last who holds it. Credentials are
  // those of `mirror`, or where `wishes` name any, what these come to from time to time. `values`: see AccessKeeper.
  // Errors: those of SharedRepository::watch.
  Result<std::shared_ptr<SharedRepository>> open(const GitMirrorOptions& mirror, const std::string& local_git_dir,
                                                 const AccessWishes& wishes = {}, ClusterValues* values = nullptr);

  [[nodiscard]] const std::shared_ptr<boost::asio::thread_pool>& workers() const { return workers_; }
  [[nodiscard]] const ReadCounters& counters() const { return *counters_; }
  [[nodiscard]] std::size_t size() const;  // repositories that are followed

 private:
  boost::asio::any_io_executor executor_;
  std::shared_ptr<boost::asio::thread_pool> workers_;
  std::shared_ptr<TurnQueue> turns_;
  std::shared_ptr<ReadCounters> counters_;
  bool logs_;
  std::map<std::string, std::weak_ptr<SharedRepository>> repositories_;
};

}  // namespace holdfast
