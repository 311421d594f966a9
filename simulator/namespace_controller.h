// Empties a namespace that is being deleted, and then lets it go.
#pragma once

#include <set>
#include <string>

#include "simulator/controller.h"
#include "simulator/object_writer.h"

namespace holdfast {

class NamespaceController final : public SimulatedController {
 public:
  static constexpr std::chrono::milliseconds kDelay{20};

  NamespaceController(ObjectStore& store, const TypeRegistry& types, ObjectWriter& writer)
      : store_(store), types_(types), writer_(writer) {}
  void observe(const StoreChange& change, SimulatedTime now) override;
  void step(SimulatedTime now) override;
  [[nodiscard]] SimulatedTime next_due() const override { return due_; }

 private:
  // True when nothing is left in it.
  bool empty_out(const std::string& namespace_);

  ObjectStore& store_;
  const TypeRegistry& types_;
  ObjectWriter& writer_;
  std::set<std::string> terminating_;
  SimulatedTime due_ = kNever;
};

}  // namespace holdfast
