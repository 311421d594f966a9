// The nodes of one YAML document, as libyaml's events describe them. Internal to sources/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"

namespace holdfast {

inline constexpr std::size_t kYamlDepthLimit = 64;
inline constexpr std::size_t kYamlNodeLimit = 1'000'000;

enum class YamlNodeKind { Scalar, Sequence, Mapping, Alias };

struct YamlNode {
  YamlNodeKind kind = YamlNodeKind::Scalar;
  int line = 1;
  int last_line = 1;                    // of a scalar
  std::string tag;                      // in full; empty: none
  std::string text;                     // of a scalar
  bool plain = false;                   // a scalar that may be anything but text: unquoted, without a tag
  std::uint32_t target{};               // of an alias: the anchored node
  std::vector<std::uint32_t> children;  // mapping: key, value, key, value
};

struct YamlTree {
  std::vector<YamlNode> nodes;  // the root is the first
};

// Reads one document after another. `path` names the file in errors.
class YamlReader {
 public:
  YamlReader(std::string_view text, std::string path);
  YamlReader(const YamlReader&) = delete;
  YamlReader& operator=(const YamlReader&) = delete;
  ~YamlReader();

  // A tree without nodes at the end of the stream.
  Result<YamlTree> next();

 private:
  struct Parser;
  std::string_view text_;
  std::size_t lines_;
  std::string path_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace holdfast
