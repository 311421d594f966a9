#include "simulator/protobuf_reader.h"

#include <spdlog/fmt/fmt.h>

#include <optional>

#include "holdfast/base/digest.h"
#include "simulator/simulator_clock.h"

namespace holdfast {
namespace {

constexpr std::string_view kMagic{"k8s\0", 4};
constexpr int kMaxDepth = 64;

std::unexpected<Error> malformed() { return fail(ErrorKind::Invalid, "the protobuf body is malformed"); }

// One field of the wire format: either a number or bytes.
struct WireField {
  std::uint64_t tag = 0, number = 0;
  std::string_view bytes;
};

bool take_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return true;
  }
  return false;
}

bool take_bytes(std::string_view& in, std::size_t size, std::string_view& bytes) {
  if (size > in.size()) return false;
  bytes = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

bool take_field(std::string_view& in, WireField& field) {
  std::uint64_t key = 0;
  if (!take_varint(in, key)) return false;
  field = {key >> 3, 0, {}};
  switch (key & 7U) {
    case 0:
      return take_varint(in, field.number);
    case 1:
      return take_bytes(in, 8, field.bytes);
    case 2: {
      std::uint64_t size = 0;
      return take_varint(in, size) && take_bytes(in, size, field.bytes);
    }
    case 5:
      return take_bytes(in, 4, field.bytes);
    default:
      return false;
  }
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

bool is_absent(const json::value& value, std::string_view member) {
  if (value.is_null()) return true;
  if (value.is_string()) return value.get_string().empty();
  if (value.is_bool()) return !value.get_bool();
  const bool counts = member == "replicas" || member == "parallelism" || member == "completions" ||
                      member == "backoffLimit" || member == "terminationGracePeriodSeconds";
  return value.is_int64() && value.get_int64() == 0 && !counts;
}

// The types that JSON writes otherwise than as an object of their fields; nothing for all others.
std::optional<json::value> special(std::string_view name, const json::object& fields) {
  const std::string_view type = last_part(name);
  const auto number = [&](std::string_view member) {
    const json::value* value = fields.if_contains(member);
    return value == nullptr || !value->is_int64() ? std::int64_t{0} : value->get_int64();
  };
  if (type == "Quantity") return json::value(string_at(fields, {"string"}));
  if (type == "Time" || type == "MicroTime") {
    if (number("seconds") == 0) return json::value();
    return json::value(rfc3339(SimulatedTime(std::chrono::seconds(number("seconds")))));
  }
  if (type == "IntOrString")
    return number("type") == 0 ? json::value(number("intVal")) : json::value(string_at(fields, {"strVal"}));
  return std::nullopt;
}

bool is_raw(std::string_view name) {
  const std::string_view type = last_part(name);
  return type == "FieldsV1" || type == "RawExtension" || type == "JSON";
}

}  // namespace

Result<json::object> ProtobufReader::read(std::string_view body) const {
  if (!body.starts_with(kMagic)) return malformed();
  body.remove_prefix(kMagic.size());
  std::string_view api_version, kind, raw;
  for (WireField field; !body.empty();) {
    if (!take_field(body, field)) return malformed();
    if (field.tag == 2) raw = field.bytes;
    if (field.tag != 1) continue;
    for (WireField inner; !field.bytes.empty();) {
      if (!take_field(field.bytes, inner)) return malformed();
      if (inner.tag == 1) api_version = inner.bytes;
      if (inner.tag == 2) kind = inner.bytes;
    }
  }
  const std::string name = definitions_.name_of(make_gvk(api_version, kind));
  if (!messages_.contains(name))
    return fail(ErrorKind::Invalid, fmt::format("no protobuf message is known for {} {}", api_version, kind));
  Result<json::value> object = read_message(raw, name, 0);
  if (!object) return std::unexpected(object.error());
  if (!object->is_object()) return malformed();
  object->get_object()["apiVersion"] = api_version;
  object->get_object()["kind"] = kind;
  return std::move(object->get_object());
}

Result<json::value> ProtobufReader::read_message(std::string_view bytes, std::string_view name, int depth) const {
  const json::value* fields = messages_.if_contains(name);
  if (fields == nullptr || depth > kMaxDepth) return malformed();
  json::object made;
  for (WireField field; !bytes.empty();) {
    if (!take_field(bytes, field)) return malformed();
    if (is_raw(name)) return field.bytes.empty() ? Result<json::value>(json::value()) : parse_json(field.bytes);
    const json::value* known = fields->get_object().if_contains(std::to_string(field.tag));
    if (known == nullptr) continue;
    if (auto read = read_field(made, name, known->get_array(), field.bytes, field.number, depth); !read)
      return std::unexpected(read.error());
  }
  if (auto value = special(name, made)) return std::move(*value);
  return made;
}

Result<void> ProtobufReader::read_field(json::object& into, std::string_view message, const json::array& field,
                                        std::string_view bytes, std::uint64_t number, int depth) const {
  std::string member(std::string_view(field[0].get_string()));
  std::string_view type = field[1].get_string();
  if (member[0] >= 'A' && member[0] <= 'Z' && !is_raw(message)) member[0] = static_cast<char>(member[0] - 'A' + 'a');
  if (type.front() == '%') {
    std::string_view key, value;
    for (WireField entry; !bytes.empty();) {
      if (!take_field(bytes, entry)) return malformed();
      (entry.tag == 1 ? key : value) = entry.bytes;
    }
    Result<json::value> read = read_value(type.substr(1), value, 0, depth);
    if (!read) return std::unexpected(read.error());
    json::value& map = into[member];
    if (!map.is_object()) map = json::object();
    map.get_object()[key] = std::move(*read);
    return {};
  }
  const bool repeated = type.front() == '*';
  Result<json::value> read = read_value(repeated ? type.substr(1) : type, bytes, number, depth);
  if (!read) return std::unexpected(read.error());
  if (repeated) {
    json::value& list = into[member];
    if (!list.is_array()) list = json::array();
    list.get_array().push_back(std::move(*read));
  } else if (read->is_object() && is_inlined(message, member)) {
    for (auto& [name, value] : read->get_object()) into[name] = std::move(value);
  } else if (!is_absent(*read, member) || last_part(message) == "Quantity" || last_part(message) == "IntOrString") {
    into[member] = std::move(*read);
  }
  return {};
}

Result<json::value> ProtobufReader::read_value(std::string_view type, std::string_view bytes, std::uint64_t number,
                                               int depth) const {
  if (type == "string") return json::value(bytes);
  if (type == "bytes") return json::value(base64_encode(bytes));
  if (type == "bool") return json::value(number != 0);
  if (type == "int") return json::value(static_cast<std::int64_t>(number));
  return read_message(bytes, type, depth + 1);
}

// JSON has the members of an embedded struct beside the others, so its schema does not know the struct's own name.
bool ProtobufReader::is_inlined(std::string_view message, std::string_view member) const {
  const json::object* schema = definitions_.find(message);
  const json::value* properties = schema == nullptr ? nullptr : schema->if_contains("properties");
  return properties != nullptr && properties->is_object() && !properties->get_object().contains(member);
}

}  // namespace holdfast
