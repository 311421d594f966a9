// Some fifty objects of ten kinds that a soak's repository has: each with one value that people change, in Git or by
// hand.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace holdfast::soak {

struct HeldKind {
  std::string api_version, kind, plural;
  std::string fields;                 // YAML below metadata; "VALUE" stands for the value
  std::vector<std::string> value_at;  // where the value is in the live object
};

struct HeldObject {
  const HeldKind* kind = nullptr;
  std::string name, value;
  bool in_git = true;

  [[nodiscard]] std::string file() const;        // its path in the repository
  [[nodiscard]] std::string manifest() const;    // as YAML
  [[nodiscard]] std::string collection() const;  // its path on an API server, without its name
  [[nodiscard]] std::string target() const { return collection() + "/" + name; }
  [[nodiscard]] std::string edit(const std::string& other_value) const;  // a merge patch
};

// So many that people come back to the same one about once a minute: more often would be a fight (correctness C13).
inline constexpr std::size_t kObjectsOfAKind = 40;
inline constexpr const char* kNamespace = "soak";

const std::vector<HeldKind>& held_kinds();
std::vector<HeldObject> held_objects();  // all of them, in Git
std::string first_manifests();           // the namespace and the custom type, which stay as they are
// Eight characters that are a name, a label, and base64, different for each number below 2^28.
std::string value_of(std::size_t number);

}  // namespace holdfast::soak
