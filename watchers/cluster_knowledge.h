// What is known about one cluster besides its objects, shared by all connections to it: how far each type has been
// seen, what its servers can do, how they keep a silent watch alive, and which cluster it is. One thread.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "holdfast/model/gvk.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

// The newest resourceVersion of a type that anybody has shown us: no answer below it is believed, whichever server
// gives it (correctness A13).
class HighWaterMark {
 public:
  [[nodiscard]] const ResourceVersion& value() const { return value_; }  // empty: nothing seen yet
  void raise(const ResourceVersion& seen);

 private:
  friend class HighWaterMarks;
  ResourceVersion value_;
};

// By GroupKind, since all versions of a type are one resource in the database.
class HighWaterMarks {
 public:
  HighWaterMark& of(const GroupKind& type) { return marks_[type]; }  // valid for as long as this object lives
  // The database was restored from a backup: what was seen before is no measure any more (correctness A14).
  void reset();

 private:
  std::map<GroupKind, HighWaterMark> marks_;
};

// How often a type's watches are kept alive by bookmarks (correctness A12).
class BookmarkRhythm {
 public:
  static constexpr int kEnough = 2;  // bookmarks, until their absence means something
  static constexpr std::chrono::seconds kLeastSilence{180};

  void seen() { ++count_; }
  void gap(std::chrono::nanoseconds between);  // of two bookmarks in one stream
  [[nodiscard]] bool known() const { return count_ >= kEnough; }
  // After how long without a byte a stream counts as dead; to be asked once known().
  [[nodiscard]] std::chrono::nanoseconds longest_silence() const;

 private:
  int count_ = 0;
  std::chrono::nanoseconds longest_gap_{0};
};

// Which types are worth asking for as a stream instead of a list (correctness A8). The verdict holds for one version of
// the server.
class StreamingVerdicts {
 public:
  void server_version(const std::string& version);
  void refuse(const GroupKind& type) { refused_.insert(type); }
  [[nodiscard]] bool worth_asking(const GroupKind& type) const { return !refused_.contains(type); }

 private:
  std::string version_;
  std::set<GroupKind> refused_;
};

struct ClusterKnowledge {
  HighWaterMarks marks;
  std::map<GroupKind, BookmarkRhythm> bookmarks;
  StreamingVerdicts streaming;
  Uid kube_system;  // the uid of that namespace is the cluster's identity; empty: not known
};

}  // namespace holdfast
