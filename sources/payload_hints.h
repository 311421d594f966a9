// Gathers hints from a payload within their bounds. Internal to sources/.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "holdfast/model/json.h"
#include "sources/push_hint.h"
#include "sources/push_payload.h"

namespace holdfast {

// Of one repository: its spellings, then the refs that have moved.
class PayloadHints {
 public:
  // What is empty, too long or holds a control character does not count; nor what is there already.
  void add_url(std::string_view url);
  // The texts under these names of an object.
  void add_urls(const json::value* object, std::initializer_list<std::string_view> names);
  void add_ref(std::string_view ref, std::string_view old_commit, std::string_view new_commit);

  // A hint for each ref. No ref: one hint without a ref. More refs than are allowed: the same.
  [[nodiscard]] std::vector<PushHint> take();

 private:
  std::vector<std::string> urls_;
  std::vector<PushHint> refs_;
  bool too_many_ = false;
};

// "refs/heads/NAME" or "refs/tags/NAME"; empty where the name is.
std::string full_ref(std::string_view name, bool tag);

Result<DecodedPush> decode_git_push(Forge forge, const ReceivedRequest& request, const json::value& payload);
Result<DecodedPush> decode_registry_push(Forge forge, const json::value& payload);
// "package" and "registry_package" of GitHub.
std::vector<PushHint> github_package_hints(const json::value& payload);

}  // namespace holdfast
