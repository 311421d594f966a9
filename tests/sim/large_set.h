// What Git holds for one application of 200 objects of many kinds: a Namespace, a CRD and its custom resources,
// workloads in a later wave, and a hook before and after each revision. Another one before goes when it has succeeded.
#pragma once

#include <map>
#include <set>
#include <string>

#include "holdfast/model/manifest_set.h"
#include "holdfast/model/object_key.h"

namespace holdfast::sim {

class LargeSet {
 public:
  static constexpr const char* kNamespace = "big";
  static constexpr const char* kHookNamespace = "default";  // which is there before the first hook

  LargeSet() { write(); }

  // Every second commit removes 47 of them, adds 10 and changes a third of the others, and the next one brings them
  // back, removes the 10 and changes a third again; each brings new hooks.
  void commit();
  // A commit that changes nothing of it.
  void touch() { revision_ += "'"; }

  [[nodiscard]] ManifestSetPtr manifests() const;
  [[nodiscard]] const std::string& revision() const { return revision_; }
  // Without hooks, whose names are made from the revision.
  [[nodiscard]] const std::map<ObjectKey, Manifest>& objects() const { return objects_; }
  // One of the ten.
  [[nodiscard]] static bool comes_and_goes(const ObjectKey& key) { return key.name.starts_with("added"); }
  [[nodiscard]] bool small() const { return commits_ % 2 == 1; }

  static constexpr std::size_t kObjects = 198, kHooks = 2;  // of these, those that stay
  static constexpr const char* kPassing = "passing-hook";   // the one that goes
  static constexpr std::size_t kRemoved = 47;               // more than the guard lets go

 private:
  void write();
  void add(const GroupVersionKind& gvk, const std::string& name, json::object body);
  void write_some(const GroupVersionKind& gvk, const std::string& prefix, int count, json::object (*body)(int, int));
  [[nodiscard]] Manifest hook(const std::string& name, const char* phase, const char* policy) const;

  unsigned commits_ = 0;
  std::string revision_;
  std::map<ObjectKey, Manifest> objects_;
};

// "configmaps", "boats.ex.io": how a store names the types of these objects.
std::string stored_type(const GroupKind& kind);
// All of them.
std::set<GroupKind> types_of_large_set();

}  // namespace holdfast::sim
