// What a daemon manages in a real cluster, as the API server has it: which objects, and who wrote them when.
//
// Objects are named by their path ("/apis/apps/v1/namespaces/shop/deployments/web"). Failures are exceptions.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cluster/control_plane.h"
#include "cluster/live_watch.h"

namespace holdfast::cluster {

struct WrittenState {
  std::string resource_version;
  std::string ours;    // the managedFields entries of Holdfast, their times included
  std::string others;  // those of everybody else
};
using WrittenStates = std::map<std::string, WrittenState>;

class ManagedObjects {
 public:
  explicit ManagedObjects(const ControlPlane& plane);

  // Everything that Holdfast has applied since a moment, besides its own records.
  [[nodiscard]] std::set<std::string> applied_since(std::chrono::system_clock::time_point since) const;
  // Of each of these objects. One that is gone is not among them.
  [[nodiscard]] WrittenStates states_of(const std::set<std::string>& objects);
  // The objects of the writes that Holdfast has sent since a moment, whether they changed anything or not, besides its
  // own records.
  [[nodiscard]] std::vector<std::string> written_since(std::chrono::system_clock::time_point since) const;
  // The types of lists, and of watches that begin with a list.
  [[nodiscard]] std::set<std::string> types_listed_since(std::chrono::system_clock::time_point since) const;
  // As somebody who drops the label by which Holdfast knows its objects.
  void unlabel(const std::string& object);

 private:
  const ControlPlane& plane_;
  LiveWatch client_;
};

// "/apis/apps/v1/deployments" of the path above, whatever the namespace.
std::string type_of_path(const std::string& object);

// What differs between two moments.
struct Changes {
  std::vector<std::string> by_us;      // Holdfast's own entry is another one, or the object is gone or new
  std::vector<std::string> unclaimed;  // another resourceVersion, and nobody's entry says why
  std::size_t by_others = 0;
};
Changes changes_between(const WrittenStates& before, const WrittenStates& after);

}  // namespace holdfast::cluster
