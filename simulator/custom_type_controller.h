// Makes the types of CustomResourceDefinitions served, a little after the definition was written (V45), and takes them
// away with their objects when it goes.
#pragma once

#include <map>
#include <string>

#include "simulator/controller.h"
#include "simulator/type_registry.h"

namespace holdfast {

class CustomTypeController final : public SimulatedController {
 public:
  static constexpr std::chrono::milliseconds kDelay{40};

  CustomTypeController(ObjectStore& store, TypeRegistry& types) : store_(store), types_(types) {}
  void observe(const StoreChange& change, SimulatedTime now) override;
  void step(SimulatedTime now) override;
  [[nodiscard]] SimulatedTime next_due() const override;

 private:
  void establish(const StoredPtr& definition, SimulatedTime now);
  // The objects of a type that is being deleted go, then its finalizer, then the definition itself.
  void clean_up(const StoredPtr& definition);

  ObjectStore& store_;
  TypeRegistry& types_;
  std::map<std::string, SimulatedTime> due_;  // by the definition's name, which is the key in the store
};

}  // namespace holdfast
