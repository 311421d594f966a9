// Reads the bodies that clients write in Kubernetes' protobuf into the JSON they stand for. kubectl writes some
// creations so, whatever the server would like better.
//
// Protobuf does not tell a zero that was written from one that was not: an empty string, a false, and a 0 other than of
// replicas are taken for absent.
#pragma once

#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "simulator/schema_definitions.h"

namespace holdfast {

class ProtobufReader {
 public:
  // Both are borrowed. `messages`: simulator/schemas/messages.json.
  ProtobufReader(const json::object& messages, const SchemaDefinitions& definitions)
      : messages_(messages), definitions_(definitions) {}

  // A whole body, with its magic bytes; the result has apiVersion and kind. Errors: Invalid.
  [[nodiscard]] Result<json::object> read(std::string_view body) const;

 private:
  [[nodiscard]] Result<json::value> read_message(std::string_view bytes, std::string_view name, int depth) const;
  [[nodiscard]] Result<void> read_field(json::object& into, std::string_view message, const json::array& field,
                                        std::string_view bytes, std::uint64_t number, int depth) const;
  [[nodiscard]] Result<json::value> read_value(std::string_view type, std::string_view bytes, std::uint64_t number,
                                               int depth) const;
  [[nodiscard]] bool is_inlined(std::string_view message, std::string_view member) const;

  const json::object& messages_;
  const SchemaDefinitions& definitions_;
};

}  // namespace holdfast
