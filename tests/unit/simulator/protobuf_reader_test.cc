#include "simulator/protobuf_reader.h"

#include <gtest/gtest.h>

#include "simulator/type_registry.h"

namespace holdfast {
namespace {

// A field of bytes, shorter than 128 of them.
std::string field(int tag, const std::string& bytes) {
  return std::string{static_cast<char>(tag * 8 + 2), static_cast<char>(bytes.size())} + bytes;
}
std::string number(int tag, char value) { return std::string{static_cast<char>(tag * 8), value}; }
std::string body(const std::string& api_version, const std::string& kind, const std::string& raw) {
  return std::string("k8s\0", 4) + field(1, field(1, api_version) + field(2, kind)) + field(2, raw);
}

TEST(ProtobufReader, reads_maps_and_names_of_the_schema) {
  const TypeRegistry types;
  const ProtobufReader reader(types.protobuf_messages(), types.definitions());
  const std::string raw = field(1, field(1, "c") + field(3, "")) + field(2, field(1, "k") + field(2, "v"));
  const auto read = reader.read(body("v1", "ConfigMap", raw));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(canonical_json(*read),
            R"({"apiVersion":"v1","data":{"k":"v"},"kind":"ConfigMap","metadata":{"name":"c"}})");
}

TEST(ProtobufReader, inlines_what_json_inlines_and_keeps_zero_replicas) {
  const TypeRegistry types;
  const ProtobufReader reader(types.protobuf_messages(), types.definitions());
  const std::string volume = field(1, "v") + field(2, field(2, ""));  // volumeSource.emptyDir
  const std::string pod = field(2, field(1, volume));
  const auto read = reader.read(body("apps/v1", "Deployment", field(2, number(1, 0) + number(5, 0) + field(3, pod))));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(canonical_json(read->at("spec")),
            R"({"replicas":0,"template":{"spec":{"volumes":[{"emptyDir":{},"name":"v"}]}}})");
}

TEST(ProtobufReader, refuses_what_is_cut_off_or_unknown) {
  const TypeRegistry types;
  const ProtobufReader reader(types.protobuf_messages(), types.definitions());
  const std::string whole = body("v1", "ConfigMap", field(1, field(1, "c")));
  for (std::size_t size = 0; size < whole.size(); ++size)  // at 21 an object without content ends
    if (size != 21) EXPECT_FALSE(reader.read(std::string_view(whole).substr(0, size))) << size;
  EXPECT_FALSE(reader.read("{}"));
  EXPECT_FALSE(reader.read(body("v1", "Nothing", "")));
}

}  // namespace
}  // namespace holdfast
