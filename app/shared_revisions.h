// What the applications of one repository have to do with one another's readings: none of them stays behind what
// another one has read, and a commit that concerns few of them is recorded once for all. One thread.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "app/config_changes.h"
#include "holdfast/base/turn_queue.h"

namespace holdfast {

class HeldApplication;

class SharedRevisions {
 public:
  explicit SharedRevisions(TurnQueue& turns) : turns_(turns) {}

  // `repository`: as its setup names it. It must be removed before it goes.
  void add(const ApplicationName& name, const std::string& repository, HeldApplication& application);
  void remove(const ApplicationName& name);

  // What one application has read, its others are to read as well: those that see the repository elsewhere may not have
  // been told yet. Once for each revision.
  void tell_of(HeldApplication& reader);
  // A commit that leaves applications as they are costs the cluster one write: into the record of the first of them.
  void record();

 private:
  struct Members {
    std::map<ApplicationName, HeldApplication*> applications;
    std::deque<std::string> told;  // revisions, the newest last
  };
  void tell(std::string repository, std::string revision, ApplicationName after);
  static void record(const Members& members);

  TurnQueue& turns_;
  std::map<std::string, Members> repositories_;
};

}  // namespace holdfast
