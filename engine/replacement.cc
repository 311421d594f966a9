#include "engine/replacement.h"

namespace holdfast {
namespace {

constexpr std::size_t kLongestName = 50;  // with what follows, still a label

// Nobody else has this name, and it never comes to exist.
std::string temporary_name(const ObjectKey& key, const Uid& uid) {
  std::string name = key.name.substr(0, kLongestName);
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name + "-" + to_hex(sha256(uid.value)).substr(0, 10);
}

}  // namespace

Desired replacement_trial(Desired desired, const Uid& uid) {
  desired.key.name = temporary_name(desired.key, uid);
  desired.body["metadata"].get_object()["name"] = desired.key.name;
  seal(desired);
  return desired;
}

}  // namespace holdfast
