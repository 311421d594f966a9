// Deletes what belonged to something that is gone, and finishes foreground and orphaning deletions.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "simulator/controller.h"
#include "simulator/object_writer.h"

namespace holdfast {

class GarbageCollector final : public SimulatedController {
 public:
  static constexpr std::chrono::milliseconds kDelay{10};

  GarbageCollector(ObjectStore& store, const TypeRegistry& types, ObjectWriter& writer)
      : store_(store), types_(types), writer_(writer) {}
  void observe(const StoreChange& change, SimulatedTime now) override;
  void step(SimulatedTime now) override;
  [[nodiscard]] SimulatedTime next_due() const override { return due_; }

 private:
  using Place = std::tuple<std::string, std::string, std::string>;  // type, namespace, name
  void index(const StoreChange& change);
  void collect_orphan(const Place& place);
  void finish_deletion(const Place& place);
  void drop_reference(const Place& place, const std::string& uid);
  void drop_finalizer(const Place& place, const std::string& finalizer);
  [[nodiscard]] StoredPtr at(const Place& place) const;

  ObjectStore& store_;
  const TypeRegistry& types_;
  ObjectWriter& writer_;
  std::set<std::string> living_;                     // uids of all objects
  std::map<std::string, std::set<Place>> owned_by_;  // by the owner's uid
  std::set<Place> suspects_, deleting_;
  SimulatedTime due_ = kNever;
};

}  // namespace holdfast
