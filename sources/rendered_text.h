// The YAML that a renderer wrote, as manifests. Pure, but for what is decrypted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "holdfast/base/result.h"
#include "holdfast/model/manifest_set.h"
#include "sources/decryptor.h"

namespace holdfast {

struct RenderedDocument {
  const json::value& value;
  std::string before;  // the comments in front of it
};
// What an object is called in messages: "apps/web/deployment.yaml:3". Empty: it is left out.
using OriginOf = std::function<std::string(const RenderedDocument&)>;

// Objects that are encrypted with SOPS are decrypted in memory; without `decryptor` they are errors, and so is what
// stays encrypted. Errors: Invalid, of several lines where several objects are wrong, and those of the decryptor.
Result<ManifestSetPtr> read_rendered(std::string_view text, const std::string& revision, std::int64_t committed_s,
                                     const OriginOf& origin_of, Decryptor* decryptor);

// Where in the files that went into a rendering objects of a kind and name begin. By the lines of block style YAML
// alone: what is not found there is nowhere.
class WrittenNames {
 public:
  void scan(std::string_view text, const std::string& path);
  // Of an object whose name may have got something in front or behind. Empty: not found, or in several places.
  [[nodiscard]] std::string find(std::string_view kind, std::string_view name) const;

 private:
  struct Written {
    std::string name, origin;
  };
  std::multimap<std::string, Written, std::less<>> by_kind_;
};

}  // namespace holdfast
