// One YAML scalar, read as kubectl reads it: sigs.k8s.io/yaml on go.yaml.in/yaml/v2, which is YAML 1.1 with Go's number
// syntax. So 0644 is 420, 089 is 89, yes is true, 1e3 is 1000 and 2001-01-01 stays text. tests/yaml compares it with
// the Go library itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Null, bool, signed, unsigned (only above 2^63-1), floating (also not finite), text.
using YamlScalar = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string>;

// A plain scalar, or one with an explicit tag ("tag:yaml.org,2002:int" in full; empty: none). Invalid where the text
// does not fit the tag. An unknown tag leaves the text as it is.
Result<YamlScalar> resolve_scalar(std::string_view tag, std::string_view text);

// What Go's JSON encoder makes of it: a float without a fraction becomes an integer. Invalid for .inf and .nan.
Result<json::value> to_json_value(const YamlScalar& scalar);

// The text of a mapping key: numbers and booleans are converted. Invalid for null and for integers above 2^63-1, which
// the Go library refuses as well.
Result<std::string> to_key(const YamlScalar& scalar);

}  // namespace holdfast
