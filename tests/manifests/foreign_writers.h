// Everybody else in a busy cluster: annotations, labels and statuses, written from several connections at once by
// managers of their own to objects that Holdfast manages, and to fields that it does not.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace holdfast::cluster {

struct ForeignWrites {
  std::size_t succeeded = 0, annotations = 0, labels = 0, statuses = 0;
  std::vector<std::string> failures;
};
// As the user of the kubeconfig. Small objects are written some times more often than CustomResourceDefinitions.
ForeignWrites write_as_others(const std::string& kubeconfig, const std::set<std::string>& objects, std::size_t count);

}  // namespace holdfast::cluster
