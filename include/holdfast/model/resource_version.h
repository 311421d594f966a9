// Opaque strings of the API server, each with a type of its own.
#pragma once

#include <compare>
#include <string>

namespace holdfast {

struct Uid {
  std::string value;
  auto operator<=>(const Uid&) const = default;
  [[nodiscard]] bool empty() const { return value.empty(); }
};

struct FieldManager {
  std::string value;
  auto operator<=>(const FieldManager&) const = default;
};

// Ordered only within one resource of one cluster, and only where both are positive decimals without a leading zero;
// otherwise unordered unless equal (correctness A13).
struct ResourceVersion {
  std::string value;
  bool operator==(const ResourceVersion&) const = default;
  [[nodiscard]] bool empty() const { return value.empty(); }
  [[nodiscard]] bool numeric() const;
};
std::partial_ordering compare(const ResourceVersion& a, const ResourceVersion& b);

}  // namespace holdfast
