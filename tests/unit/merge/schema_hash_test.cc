// S: another one when what is said of a type is something else, and only then (correctness C5.4, C11).
#include "holdfast/merge/schema_hash.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

const GroupVersionKind kBoat{"ex.io", "v1", "Boat"};
const GroupVersionKind kShip{"ex.io", "v1", "Ship"};

std::map<GroupVersionKind, std::string> hashes(const std::string& boat, const std::string& sail = "") {
  const auto type = [](const char* kind, const std::string& rest) {
    return R"({"type":"object","properties":{)" + rest +
           R"(},"x-kubernetes-group-version-kind":[{"group":"ex.io","version":"v1","kind":")" + kind + R"("}]})";
  };
  const Result<json::value> document =
      parse_json(R"({"components":{"schemas":{"Boat":)" + type("Boat", boat) + R"(,"Ship":)" + type("Ship", "") +
                 R"(,"Sail":{"type":"object","properties":{)" + sail + "}}}}}");
  EXPECT_TRUE(document.has_value());
  return document ? schema_hashes(*document) : std::map<GroupVersionKind, std::string>{};
}

TEST(SchemaHash, C5_a_default_or_another_kind_of_list_is_another_schema) {
  const auto before = hashes(R"("size":{"type":"integer"},"tags":{"type":"array"})");
  EXPECT_NE(before.at(kBoat), hashes(R"("size":{"type":"integer","default":3},"tags":{"type":"array"})").at(kBoat));
  EXPECT_NE(before.at(kBoat),
            hashes(R"("size":{"type":"integer"},"tags":{"type":"array","x-kubernetes-list-type":"set"})").at(kBoat));
}

TEST(SchemaHash, C5_what_it_refers_to_is_part_of_it_and_other_types_are_not) {
  const std::string refers = R"("sail":{"allOf":[{"$ref":"#/components/schemas/Sail"}]})";
  const auto before = hashes(refers);
  const auto after = hashes(refers, R"("color":{"type":"string","default":"white"})");
  EXPECT_NE(before.at(kBoat), after.at(kBoat));
  EXPECT_EQ(before.at(kShip), after.at(kShip));
}

TEST(SchemaHash, C5_words_are_not_part_of_it_but_fields_and_values_of_that_name_are) {
  const auto plain = hashes(R"("size":{"type":"object"})").at(kBoat);
  EXPECT_EQ(plain, hashes(R"("size":{"type":"object","description":"how large"})").at(kBoat));
  EXPECT_NE(plain, hashes(R"("size":{"type":"object"},"description":{"type":"string"})").at(kBoat));
  EXPECT_NE(hashes(R"("size":{"type":"object","default":{"description":"a"}})").at(kBoat),
            hashes(R"("size":{"type":"object","default":{"description":"b"}})").at(kBoat));
}

TEST(SchemaHash, of_two_that_say_to_be_one_type_the_order_does_not_count) {
  const std::string one = R"("A":{"type":"object","x-kubernetes-group-version-kind":[{"kind":"K","version":"v1"}]})";
  const std::string other = R"("B":{"type":"string","x-kubernetes-group-version-kind":[{"kind":"K","version":"v1"}]})";
  const auto of = [](const std::string& definitions) {
    return schema_hashes(*parse_json(R"({"components":{"schemas":{)" + definitions + "}}}"));
  };
  EXPECT_EQ(of(one + "," + other), of(other + "," + one));
  EXPECT_NE(of(one + "," + other), of(one));
}

TEST(SchemaHash, a_type_that_contains_itself_has_one) {
  const std::string itself = R"("next":{"$ref":"#/components/schemas/Boat"})";
  EXPECT_EQ(hashes(itself).at(kBoat), hashes(itself).at(kBoat));
}

}  // namespace
}  // namespace holdfast
