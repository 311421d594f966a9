#include <gtest/gtest.h>

#include "holdfast/base/digest.h"
#include "holdfast/base/secret.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {
namespace {

TEST(ResourceVersion, A13_length_first_then_digits) {
  EXPECT_EQ(compare({"9"}, {"10"}), std::partial_ordering::less);
  EXPECT_EQ(compare({"123"}, {"122"}), std::partial_ordering::greater);
  EXPECT_EQ(compare({"7"}, {"7"}), std::partial_ordering::equivalent);
}

TEST(ResourceVersion, A13_anything_but_a_positive_decimal_is_unordered) {
  EXPECT_EQ(compare({"07"}, {"8"}), std::partial_ordering::unordered);
  EXPECT_EQ(compare({"a"}, {"8"}), std::partial_ordering::unordered);
  EXPECT_EQ(compare({""}, {"8"}), std::partial_ordering::unordered);
  EXPECT_EQ(compare({"x"}, {"x"}), std::partial_ordering::equivalent);
}

TEST(Digest, sha256_of_pieces_is_that_of_the_whole) {
  Sha256Hasher hasher;
  for (const char* piece : {"par", "", "ent"}) hasher.update(piece);
  EXPECT_EQ(hasher.finish(), sha256("parent"));
}

TEST(Digest, sha256_and_base64url_of_the_applyset_example_V52) {
  const Sha256 digest = sha256("parent.wt.ConfigMap.");
  const std::string_view raw(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size());
  EXPECT_EQ(base64url_unpadded(raw), "aSDGKbrZ5__QGWHlAwk3vdjY80raOCB3C7Dt0-pFFK4");
}

TEST(Digest, base64_is_read_back) {
  for (const char* text : {"f", "fo", "foo", "foob"}) EXPECT_EQ(base64_decode(base64_encode(text)), text);
  EXPECT_EQ(base64_decode("Zm\n9v"), "foo");
  for (const char* text : {"", "Zg", "Zg=", "Z*=="}) EXPECT_EQ(base64_decode(text), std::nullopt) << text;
}

TEST(Digest, base64_pads) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
}

TEST(Digest, keyed_digest_depends_on_key_and_bytes) {
  const DigestKey key{{1}};
  EXPECT_EQ(keyed_digest(key, "a"), keyed_digest(key, "a"));
  EXPECT_NE(keyed_digest(key, "a"), keyed_digest(key, "b"));
  EXPECT_NE(keyed_digest(key, "a"), keyed_digest(DigestKey{{2}}, "a"));
}

TEST(Json, canonical_text_ignores_the_order_of_keys) {
  EXPECT_EQ(canonical_json(*parse_json(R"({"b":[1,{"y":1,"x":2}],"a":"q"})")), R"({"a":"q","b":[1,{"x":2,"y":1}]})");
}

TEST(Json, floats_are_read_to_the_last_bit_and_never_as_what_is_no_number) {
  for (const char* const text : {"2.2222222222222222E113", "1E23", "9.5E-300", "1.7976931348623157E308", "0.1"})
    EXPECT_EQ(to_json(*parse_json(text)), to_json(json::value(std::stod(text)))) << text;
  for (const char* const nothing : {"0e400", "0.00000e30001", "1e-400", "-0.0"})
    EXPECT_EQ(parse_json(nothing)->to_number<double>(), 0) << nothing;
  for (const char* const text : {"1e400", "-1e400", "1e99999999999"}) EXPECT_FALSE(parse_json(text)) << text;
}

TEST(Json, a_text_is_one_value) {
  for (const char* const text : {"", " ", "1 2", "{}x", "[1,]", "nan", "\"a"}) EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_TRUE(parse_json(" {} \n"));
}

TEST(Json, depth_is_bounded) { EXPECT_FALSE(parse_json(std::string(1000, '[') + std::string(1000, ']')).has_value()); }

TEST(Json, integers_above_2_to_53_stay_exact_C9) {
  EXPECT_EQ(to_json(*parse_json("[9007199254740993,18446744073709551615]")), "[9007199254740993,18446744073709551615]");
}

TEST(ResourcePath, every_variable_part_is_encoded) {
  const ApiResource deployments{{"apps", "v1", "Deployment"}, "deployments", true, {"get"}};
  EXPECT_EQ(resource_path(deployments, "web", "front"), "/apis/apps/v1/namespaces/web/deployments/front");
  EXPECT_EQ(resource_path(deployments, "", ""), "/apis/apps/v1/deployments");
  const ApiResource roles{{"", "v1", "Node"}, "nodes", false, {}};
  EXPECT_EQ(resource_path(roles, "ignored", "a/../b"), "/api/v1/nodes/a%2F..%2Fb");
}

TEST(Secret, compares_by_content) {
  EXPECT_TRUE(Secret("a") == Secret("a"));
  EXPECT_FALSE(Secret("a") == Secret("ab"));
}

}  // namespace
}  // namespace holdfast
