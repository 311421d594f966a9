// Makes histories from a seed: types of every kind that OpenAPI can describe to the merge, and writes that collide.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "holdfast/merge/schema.h"
#include "holdfast/model/json.h"

namespace holdfast {

class SeededChoice {
 public:
  explicit SeededChoice(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[below(items.size())];
  }

 private:
  std::mt19937_64 random_;
};

// Definitions with the types "Root" and "Changed": the same fields, some of which became one value or ceased to be.
class SchemaMaker {
 public:
  explicit SchemaMaker(SeededChoice& choice) : choice_(choice) {}
  json::object definitions();

 private:
  json::object object_with_fields(std::size_t depth);
  json::value anything(std::size_t depth);
  json::value scalar();
  json::value key();
  json::value reference(std::size_t depth);
  json::value map(std::size_t depth);
  json::value list(std::size_t depth);
  json::value keyed_list(std::size_t depth);
  json::value open_type(std::size_t depth);
  void change(json::value& schema);
  SeededChoice& choice_;
};

// Values of a type, mostly valid, from few names and scalars so that they meet.
class ValueMaker {
 public:
  explicit ValueMaker(SeededChoice& choice) : choice_(choice) {}
  json::value value(const TypeNode& type, std::size_t depth);
  // The value with a few things in it changed, added, removed, reordered.
  json::value mutated(const json::value& value, const TypeNode& type, std::size_t depth);

 private:
  json::value scalar(ScalarType type);
  json::value object(const MapType& type, std::size_t depth);
  json::value items(const ListType& type, std::size_t depth);
  json::value mutated_object(const json::object& object, const MapType& type, std::size_t depth);
  json::value mutated_items(const json::array& items, const ListType& type, std::size_t depth);
  json::value mistake();
  SeededChoice& choice_;
};

// Lines of JSON, each a history; those in a row share their types, which both sides need to read only once.
class HistoryMaker {
 public:
  explicit HistoryMaker(std::uint64_t seed) : choice_(seed) {}
  std::string line();

 private:
  void renew_types();
  json::object operation(const class HistoryState& state, std::vector<json::value>& configs);

  SeededChoice choice_;
  json::object definitions_;
  bool preserve_ = false;
  std::optional<Schema> schema_;
  std::size_t left_ = 0;  // histories with the same types
};

}  // namespace holdfast
