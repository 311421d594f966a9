// JSON values that we edit. Streams are read with simdjson instead.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

namespace json = boost::json;

// Bounded (depth 64 in objects and arrays); integers up to 2^64-1 are kept exact. Duplicate keys: the last one wins, as
// in the API server's own reader.
Result<json::value> parse_json(std::string_view text);
// Keys sorted by byte, no white space: equal values have equal text whatever the order of their keys.
std::string canonical_json(const json::value& value);
std::string to_json(const json::value& value);

// Look-ups that never throw: null or empty where the path is not there or not of that type.
const json::value* find(const json::value& root, std::initializer_list<std::string_view> path);
const json::value* find(const json::object& root, std::initializer_list<std::string_view> path);
std::string_view string_at(const json::value& root, std::initializer_list<std::string_view> path);
std::string_view string_at(const json::object& root, std::initializer_list<std::string_view> path);

}  // namespace holdfast
