// Desired state as the rest of the program sees it: something that can be loaded and that says when to load it again.
//
// Lives on one executor, one thread; Git, files and parsing run on a thread of its own and come back as values. A
// failure to load changes nothing: the caller keeps the last set that it was given.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/application.h"
#include "holdfast/model/inventory.h"
#include "holdfast/model/manifest_set.h"
#include "holdfast/ports/cluster_values.h"
#include "sources/artifact_origin.h"
#include "sources/git_mirror.h"
#include "sources/object_trace.h"
#include "sources/source_access.h"

namespace holdfast {

class RepositoryHub;

class Source {
 public:
  virtual ~Source() = default;

  // Resolve, fetch, read and parse. What is wrong in several files comes as one Error of several lines. The same
  // pointer again, with the revision that it was read from first, where all that it is made from is as it was. One call
  // at a time.
  virtual boost::asio::awaitable<Result<ManifestSetPtr>> load() = 0;

  // The same once more, from the remote on and with nothing remembered of what load() did, and without an effect on it:
  // whoever is about to delete believes no single reading. May run beside load() and changed().
  virtual boost::asio::awaitable<Result<ManifestSetPtr>> read_afresh() = 0;

  // Completes when there may be something new since the last load() began: by inotify for a directory or a local
  // repository; for a remote one when a look (shared_repository.h), after the interval at the latest, has found another
  // commit than before, or could not. Cancelled after stop(). One call at a time.
  virtual boost::asio::awaitable<Result<void>> changed() = 0;

  // There may be something new: it is looked for at once, and changed() completes where there is.
  virtual void nudge() = 0;
  // The same, since another application of the repository has read this revision. Where this source knows of it anyway,
  // nothing happens.
  virtual void nudge_for(const std::string& /*revision*/) { nudge(); }

  // What is on record, whatever the repository says now: what is in force while that cannot be read, out of the cache
  // where it is away. A later revision of the same content (ManifestSet::content; empty: not known) will do as well.
  // Not beside load(). NotFound: none of this source.
  struct Recorded {
    std::string revision, content;
  };
  virtual boost::asio::awaitable<Result<ManifestSetPtr>> read_recorded(Recorded recorded);

  // The revision that load() read last: later than that of the set, where nothing since then concerned it. Empty: that
  // of the set.
  [[nodiscard]] virtual BegunRevision last_read() const { return {}; }

  // Where the fields of an object of the set that was loaded last stand in their file, and who touched these lines
  // last. For people who ask about one object: reads the file again, and of a repository its history, which is kept in
  // the cache. That no commit can be told is part of the answer. Errors: NotFound (not a source of files, nothing
  // loaded, or the file has changed since), and those of reading. May run beside load(); one call at a time of this and
  // blame().
  virtual boost::asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request);

  // Who touched one line last, of the revision that load() looked at last, whether it could be used or not. NotFound
  // where that is not known.
  virtual boost::asio::awaitable<Result<LineCommit>> blame(OriginPlace place);

  // What the last successful load() passed over (links, submodules, hidden files).
  [[nodiscard]] virtual const std::vector<std::string>& notes() const = 0;

  // Makes both calls end soon, killing a running fetch. They must have ended before the source is destroyed.
  virtual void stop() = 0;
};

struct RenderWay;  // renderer.h

struct SourceOptions {
  std::string repo = {};                      // a URL (git_url.h) or a local directory
  std::string ref = {};                       // empty: the default branch
  std::string semver = {};                    // instead of it: the highest tag in this range (semver.h)
  std::string path = {};                      // below the repository; empty: all of it
  FileChoice choice = {};                     // of the files there
  std::shared_ptr<const RenderWay> way = {};  // how they become manifests; null: plain, whatever is there
  std::chrono::milliseconds interval{60'000};
  std::string cache_folder = {};
  bool use_files = false;             // read a directory's files as they are now, although it is a repository
  AccessWishes access = {};           // credentials, signatures and keys
  PostBuildSpec post_build = {};      // variables that are filled in afterwards
  std::string values_namespace = {};  // of the ConfigMaps and Secrets that it names
  ClusterValues* values =
      nullptr;                    // where these, and those of `access`, are read; outlives the source. Null: no cluster
  ArtifactRequest artifact = {};  // of a registry or chart repository (is_artifact)
  ProxyEnvironment proxy = {};    // for these
  std::shared_ptr<boost::asio::thread_pool> workers = {};  // threads that many sources share; null: one of its own
  std::shared_ptr<RepositoryHub> hub = {};                 // repositories that they share; null: one of its own
};

// A directory that is a Git repository is read at its commits, every other one at its files. Errors: Invalid, NotFound;
// nothing is fetched yet.
Result<std::unique_ptr<Source>> make_source(boost::asio::any_io_executor executor, SourceOptions options);

}  // namespace holdfast
