#include "holdfast/merge/field_set.h"

#include <gtest/gtest.h>

#include "holdfast/merge/list_index.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

FieldSet set_of(std::string_view text) {
  auto set = FieldSet::parse(*parse_json(text));
  EXPECT_TRUE(set.has_value()) << text;
  return set ? *set : FieldSet{};
}

std::vector<std::string> paths(const FieldSet& set) {
  std::vector<std::string> out;
  set.for_each([&](const FieldPath& path) { out.push_back(to_string(path)); });
  return out;
}

TEST(ValueText, C4_equal_numbers_have_one_text) {
  EXPECT_EQ(value_text(*parse_json("[80.0,80,8e1,-0.0]")), "[80,80,80,0]");
  EXPECT_EQ(value_text(*parse_json("[0.5,1e300]")), "[0.5,1.0000000000000001e+300]");
}

TEST(ValueText, C9_integers_beyond_2_to_53_stay_apart) {
  EXPECT_NE(value_text(*parse_json("9007199254740993")), value_text(*parse_json("9007199254740992")));
  EXPECT_EQ(value_text(*parse_json("18446744073709551615")), "18446744073709551615");
}

TEST(ValueText, text_is_json_again_whatever_is_in_a_string) {
  const json::value value = *parse_json(R"({"b":"q\"\\\n\u0001é","a":null})");
  EXPECT_EQ(*parse_json(value_text(value)), value);
  EXPECT_NE(value_text(*parse_json(R"("1")")), value_text(*parse_json("1")));
}

TEST(FieldSet, V17_a_leaf_is_a_member_and_a_dot_makes_a_parent_one) {
  const FieldSet set = set_of(R"({"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}}},
                                  "f:metadata":{"f:labels":{"f:app.io/x":{}},"f:finalizers":{"v:\"a.b/c\"":{}}}})");
  EXPECT_EQ(paths(set), (std::vector<std::string>{".metadata.finalizers[=\"a.b/c\"]", ".metadata.labels.app.io/x",
                                                  ".spec.ports[port=80,protocol=\"TCP\"]",
                                                  ".spec.ports[port=80,protocol=\"TCP\"].port"}));
  EXPECT_FALSE(set.contains({PathElement::field("spec")}));
  EXPECT_TRUE(
      set.contains({PathElement::field("metadata"), PathElement::field("labels"), PathElement::field("app.io/x")}));
}

TEST(FieldSet, serialization_is_canonical_and_reads_back) {
  const std::string_view text =
      R"({"f:b":{"k:{\"y\":1.0,\"x\":\"q\"}":{"f:z":{},".":{}}},"f:a":{".":{}},"f:c":{"i:3":{}}})";
  const FieldSet set = set_of(text);
  EXPECT_EQ(set.serialize(), R"({"f:a":{},"f:b":{"k:{\"x\":\"q\",\"y\":1}":{".":{},"f:z":{}}},"f:c":{"i:3":{}}})");
  EXPECT_EQ(set_of(set.serialize()), set);
}

TEST(FieldSet, V14_paths_print_as_the_api_server_prints_them) {
  const FieldSet set = set_of(
      R"({"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:resources":{"f:limits":{"f:cpu":{}}}}}}}}})");
  EXPECT_EQ(paths(set), std::vector<std::string>{".spec.template.spec.containers[name=\"c\"].resources.limits.cpu"});
}

TEST(FieldSet, difference_tells_what_left) {
  const FieldSet before = set_of(R"({"f:d":{"f:a":{},"f:b":{}},"f:l":{"k:{\"n\":1}":{".":{},"f:v":{}}}})");
  const FieldSet now = set_of(R"({"f:d":{"f:a":{},"f:c":{}},"f:l":{"k:{\"n\":1}":{".":{}}}})");
  EXPECT_EQ(before.difference(now), set_of(R"({"f:d":{"f:b":{}},"f:l":{"k:{\"n\":1}":{"f:v":{}}}})"));
  EXPECT_TRUE(before.difference(before).empty());
}

TEST(FieldSet, a_leaf_covers_what_is_below_it_and_a_parent_does_not) {
  const FieldSet set = set_of(R"({"f:a":{},"f:b":{".":{},"f:c":{}}})");
  const auto path = [](std::string_view x, std::string_view y) {
    return FieldPath{PathElement::field(x), PathElement::field(y)};
  };
  EXPECT_TRUE(set.covers(path("a", "x")));
  EXPECT_FALSE(set.contains(path("a", "x")));
  EXPECT_TRUE(set.covers(path("b", "c")));
  EXPECT_FALSE(set.covers(path("b", "x")));
}

TEST(FieldSet, what_cannot_be_decoded_is_an_error_and_never_empty) {
  for (const char* text : {R"([])", R"({"x:a":{}})", R"({"f:a":1})", R"({"k:{}":{}})", R"({"k:{bad":{}})",
                           R"({"i:1x":{}})", R"({"v:":{}})", R"({"f":{}})", R"({"f:a":{"q":{}}})"})
    EXPECT_FALSE(FieldSet::parse(*parse_json(text)).has_value()) << text;
}

TEST(ListIndex, C4_items_are_found_by_all_keys_and_defaults_may_be_unwritten) {
  const json::value list = *parse_json(R"([{"p":1,"t":"TCP"},{"p":1,"t":"UDP"},{"p":2},7])");
  ListIndex index(list.get_array());
  const auto find_key = [&](const char* text) { return index.find(*PathElement::parse(text)); };
  EXPECT_EQ(find_key(R"(k:{"t":"UDP","p":1.0})"), std::vector<std::size_t>{1});
  EXPECT_EQ(find_key(R"(k:{"p":2,"t":"TCP"})"), std::vector<std::size_t>{2});
  EXPECT_EQ(find_key(R"(k:{"p":3,"t":"TCP"})"), std::vector<std::size_t>{});
  EXPECT_EQ(find_key("v:7"), std::vector<std::size_t>{3});
  EXPECT_EQ(find_key("i:2"), std::vector<std::size_t>{2});
  EXPECT_EQ(find_key("i:4"), std::vector<std::size_t>{});
}

TEST(ListIndex, C4_an_item_without_key_fields_may_be_any_by_its_defaults) {
  const PathElement tcp = PathElement::key(json::object{{"protocol", "TCP"}});
  const auto ambiguous = [&](std::string_view text) {
    const json::value list = *parse_json(text);
    return ListIndex(list.get_array()).ambiguous(tcp);
  };
  EXPECT_FALSE(ambiguous(R"([{"protocol":"TCP"},{"protocol":"UDP"}])"));
  EXPECT_FALSE(ambiguous(R"([{"port":1}])"));  // the only one that it can be
  EXPECT_TRUE(ambiguous(R"([{"port":1},{"port":2}])"));
  EXPECT_TRUE(ambiguous(R"([{"port":1,"protocol":"TCP"},{}])"));
  EXPECT_FALSE(ambiguous("[]"));
}

TEST(ListIndex, keys_are_guessed_only_where_every_item_has_one_of_its_own) {
  const auto guess = [](const char* a, const char* b) {
    return guess_key_names(parse_json(a)->get_array(), parse_json(b)->get_array());
  };
  EXPECT_EQ(guess(R"([{"name":"a"},{"name":"b"}])", R"([{"name":"c"}])"), std::vector<std::string>{"name"});
  EXPECT_EQ(guess(R"([{"name":"a"},{"name":"a"}])", "[]"), std::vector<std::string>{});
  EXPECT_EQ(guess(R"(["a"])", R"(["b"])"), std::vector<std::string>{});
}

constexpr std::string_view kBody = R"({"metadata":{"managedFields":[
  {"manager":"holdfast","operation":"Apply","subresource":"status","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:s":{}}},
  {"manager":"holdfast","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:a":{}}},
  {"manager":"holdfast","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:u":{}}}]}})";

TEST(ManagedFields, V32_our_entry_is_apply_without_subresource) {
  const auto entry = find_applied_entry(*parse_json(kBody), {"holdfast"});
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->fields, set_of(R"({"f:a":{}})"));
  EXPECT_EQ((*entry)->owner.time, "");  // V16
  const auto all = parse_managed_fields(*parse_json(kBody));
  ASSERT_TRUE(all && all->size() == 3);
  EXPECT_EQ(find_apply_entry(*all, {"holdfast"}), &(*all)[1]);
  EXPECT_EQ(find_apply_entry(*all, {"other"}), nullptr);
  EXPECT_EQ((*all)[2].owner, (FieldOwner{"holdfast", "Update", "", "2026-01-01T00:00:00Z"}));
}

TEST(FieldSet, a_dot_at_the_root_names_no_field) {
  const auto set = FieldSet::parse(*parse_json(R"({".":{}})"));
  ASSERT_TRUE(set);
  EXPECT_TRUE(set->empty());
  EXPECT_EQ(*set, FieldSet());
}

TEST(ManagedFields, V15_no_entry_is_an_answer) {
  for (const char* text :
       {R"({"metadata":{}})", R"({"metadata":{"managedFields":null}})", R"({"metadata":{"managedFields":[]}})"}) {
    const auto entry = find_applied_entry(*parse_json(text), {"holdfast"});
    ASSERT_TRUE(entry.has_value()) << text;
    EXPECT_FALSE(entry->has_value());
  }
}

TEST(ManagedFields, an_entry_that_cannot_be_read_is_an_error_and_a_foreign_one_does_not_matter) {
  const auto with = [](std::string_view manager, std::string_view rest) {
    return *parse_json(R"({"metadata":{"managedFields":[{"operation":"Apply","manager":")" + std::string(manager) +
                       "\"" + std::string(rest) + "}]}}");
  };
  for (const char* rest : {"", R"(,"fieldsType":"FieldsV1")", R"(,"fieldsType":"FieldsV2","fieldsV1":{})",
                           R"(,"fieldsType":"FieldsV1","fieldsV1":{"?":{}})"}) {
    EXPECT_FALSE(find_applied_entry(with("holdfast", rest), {"holdfast"}).has_value()) << rest;
    EXPECT_TRUE(find_applied_entry(with("other", rest), {"holdfast"}).has_value()) << rest;
    EXPECT_FALSE(parse_managed_fields(with("other", rest)).has_value()) << rest;
  }
  EXPECT_FALSE(find_applied_entry(*parse_json(R"({"metadata":{"managedFields":{}}})"), {"holdfast"}).has_value());
  EXPECT_FALSE(find_applied_entry(*parse_json("[]"), {"holdfast"}).has_value());
}

}  // namespace
}  // namespace holdfast
