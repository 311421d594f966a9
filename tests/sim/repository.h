// What Git holds for one application of the simulated world, and how commits change it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "holdfast/model/manifest_set.h"
#include "sim/place.h"
#include "simulator/seeded_random.h"

namespace holdfast::sim {

class Repository {
 public:
  // "web": a namespace, ConfigMaps and a Deployment. "sea": a namespace, ConfigMaps, a CRD and its custom resources.
  // Each has a namespace of its own, named like it.
  explicit Repository(std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] ManifestSetPtr manifests() const;
  [[nodiscard]] const std::map<Place, Manifest>& objects() const { return objects_; }
  [[nodiscard]] std::set<GroupKind> types() const;
  // The version in which custom resources are written.
  [[nodiscard]] const std::string& boats() const { return boats_; }

  // One change, drawn; what it was.
  std::string commit(SeededRandom& random);
  // The CRD stores and serves another version, in which the custom resources are written from now on.
  std::string move_type();

  // A place of one of its objects, or of one that it once had or may have.
  [[nodiscard]] Place some_place(SeededRandom& random) const;
  // Every place that it ever had.
  [[nodiscard]] const std::set<Place>& known() const { return known_; }

 private:
  void set(const Place& place, const std::string& value);
  void write_type();

  std::string name_, boats_ = "v1";
  std::map<Place, Manifest> objects_;
  std::set<Place> known_;
  unsigned commits_ = 0;
};

}  // namespace holdfast::sim
