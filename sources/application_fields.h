// Every field of an Application document: one table from which documents are checked, from which docs/applications.md
// is held to the truth, and from which the schema of the CustomResourceDefinition is to be made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace holdfast {

inline constexpr std::string_view kApplicationApiVersion = "holdfast.dev/v1alpha1";
inline constexpr std::string_view kApplicationKind = "Application";

enum class FieldKind {
  Text,
  Boolean,
  Integer,   // between `least` and `most`
  Duration,  // of whole seconds between `least` and `most`, in Go's spelling
  Choice,    // one of `choices`
  Object,    // of `fields`
  TextMap,   // any key, text as value
  TextList,
  Lines,        // text that may have several lines
  Anything,     // an object of any fields
  ObjectList,   // of objects of `fields`
  TextMapList,  // of TextMaps
};

struct ApplicationField {
  std::string_view name;
  FieldKind type = FieldKind::Text;
  std::string_view meaning;        // for people, without a full stop
  std::string_view fallback = {};  // what stands for it where it is left out, as YAML; empty: nothing
  bool required = false;
  bool supported = true;  // otherwise it is refused, and `meaning` says what to do instead
  std::int64_t least = 0, most = 0;
  std::span<const std::string_view> choices = {};
  std::span<const ApplicationField> fields = {};
};

// The document itself: an Object with apiVersion, kind, metadata and spec.
const ApplicationField& application_document();

// "text", "whole number, 0 to 100", "list of objects", …
std::string type_text(const ApplicationField& field);

// Bounds of every text and every list or map, for the schema to state as well.
inline constexpr std::size_t kLongestFieldTextBytes = 4096;
inline constexpr std::size_t kLongestFieldLinesBytes = 262'144;
inline constexpr std::size_t kMostFieldItems = 1000;

}  // namespace holdfast
