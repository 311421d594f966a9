#include "sources/yaml_document.h"

#include <gtest/gtest.h>

#include "sources/yaml_scalar.h"

namespace holdfast {
namespace {

std::string read(std::string_view text) {
  auto documents = parse_yaml(text, "f.yaml");
  if (!documents) return describe(documents.error());
  std::string out;
  for (const auto& document : *documents) out += canonical_json(document.value) + ";";
  return out;
}

std::string value_of(const std::string& scalar) { return read("a: " + scalar + "\n"); }

// What libyaml leaves out at the end of the text begins, it says, in the line after the last.
TEST(YamlDocument, an_error_names_a_line_that_there_is) {
  const auto read = parse_yaml("? <<", "a.yaml");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().where, "a.yaml:1");
}

TEST(YamlDocument, an_error_is_one_line_whatever_was_written) {
  const auto read = parse_yaml("c: !!int 'b\n\n  c'\n", "f.yaml");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message.find('\n'), std::string::npos) << read.error().message;
}

TEST(YamlScalar, octal_binary_and_hexadecimal_are_numbers_as_in_kubectl) {
  EXPECT_EQ(value_of("0644"), "{\"a\":420};");
  EXPECT_EQ(value_of("0o17"), "{\"a\":15};");
  EXPECT_EQ(value_of("0x1F"), "{\"a\":31};");
  EXPECT_EQ(value_of("0b11"), "{\"a\":3};");
  EXPECT_EQ(value_of("-0b11"), "{\"a\":-3};");
  EXPECT_EQ(value_of("1_000"), "{\"a\":1000};");
}

TEST(YamlScalar, an_octal_number_with_an_eight_is_decimal_as_in_kubectl) { EXPECT_EQ(value_of("089"), "{\"a\":89};"); }

TEST(YamlScalar, words_of_yaml_1_1_are_booleans_unless_quoted) {
  for (const char* word : {"yes", "Yes", "YES", "on", "y", "true"}) EXPECT_EQ(value_of(word), "{\"a\":true};") << word;
  for (const char* word : {"no", "off", "N", "False"}) EXPECT_EQ(value_of(word), "{\"a\":false};") << word;
  EXPECT_EQ(value_of("yEs"), "{\"a\":\"yEs\"};");
  EXPECT_EQ(value_of("'yes'"), "{\"a\":\"yes\"};");
  EXPECT_EQ(value_of("\"0644\""), "{\"a\":\"0644\"};");
}

TEST(YamlScalar, every_form_of_null) {
  for (const char* word : {"", "~", "null", "Null", "NULL"}) EXPECT_EQ(value_of(word), "{\"a\":null};") << word;
  EXPECT_EQ(value_of("''"), "{\"a\":\"\"};");
}

TEST(YamlScalar, integers_are_exact_up_to_2_64) {
  EXPECT_EQ(value_of("18446744073709551615"), "{\"a\":18446744073709551615};");
  EXPECT_EQ(value_of("-9223372036854775808"), "{\"a\":-9223372036854775808};");
  EXPECT_EQ(value_of("9007199254740993"), "{\"a\":9007199254740993};");
}

TEST(YamlScalar, a_float_without_a_fraction_is_an_integer_in_json) {
  EXPECT_EQ(value_of("1e3"), "{\"a\":1000};");
  EXPECT_EQ(value_of("2.0"), "{\"a\":2};");
  EXPECT_EQ(value_of("1152921504606846976.0"), "{\"a\":1152921504606847000};");
}

TEST(YamlScalar, times_and_base_60_stay_text) {
  EXPECT_EQ(value_of("2001-01-01"), "{\"a\":\"2001-01-01\"};");
  EXPECT_EQ(value_of("12:30:45"), "{\"a\":\"12:30:45\"};");
}

TEST(YamlScalar, infinity_is_refused_with_its_line) {
  EXPECT_EQ(value_of(".inf"), "f.yaml:1: infinity and not-a-number have no form in JSON (quote it)");
}

TEST(YamlScalar, tags) {
  EXPECT_EQ(value_of("!!str 1"), "{\"a\":\"1\"};");
  EXPECT_EQ(value_of("!!int \"7\""), "{\"a\":7};");
  EXPECT_EQ(value_of("!!float 1"), "{\"a\":1};");
  EXPECT_EQ(value_of("!!binary aGk="), "{\"a\":\"hi\"};");
  EXPECT_NE(value_of("!!int x").find("f.yaml:1: \"x\" is not of the type"), std::string::npos);
}

TEST(YamlScalar, a_key_y_is_true_as_in_kubectl) { EXPECT_EQ(read("y: 1\n"), "{\"true\":1};"); }

TEST(YamlScalar, keys_become_text) {
  EXPECT_EQ(read("1: a\nyes: b\n1.5: c\n1000000.5: d\n"),
            "{\"1\":\"a\",\"1.0000005e+06\":\"d\",\"1.5\":\"c\",\"true\":\"b\"};");
  EXPECT_NE(read("~: a\n").find("quote the key"), std::string::npos);
}

TEST(YamlDocument, several_documents_and_their_lines) {
  const auto documents = parse_yaml("---\n# only a comment\n---\na: 1\n---\n---\n\nb: 2\n", "f.yaml");
  ASSERT_TRUE(documents) << describe(documents.error());
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].line, 4);
  EXPECT_EQ((*documents)[1].line, 8);
}

TEST(YamlDocument, a_file_without_a_document_is_no_error) {
  for (const char* text : {"", "\n", "# c\n", "---\n", "---\n---\n...\n"}) EXPECT_EQ(read(text), "") << text;
}

TEST(YamlDocument, the_lines_of_list_items) {
  const auto documents = parse_yaml("kind: List\nitems:\n- a: 1\n\n- a: 2\n  b: 3\n", "f.yaml");
  ASSERT_TRUE(documents);
  EXPECT_EQ(documents->front().item_lines, (std::vector<int>{3, 5}));
}

TEST(YamlDocument, merge_keys_in_the_order_of_the_text) {
  EXPECT_EQ(read("b: &b {x: 1, v: 2}\nc:\n  <<: *b\n  v: 3\n"), "{\"b\":{\"v\":2,\"x\":1},\"c\":{\"v\":3,\"x\":1}};");
  EXPECT_EQ(read("- &a {x: 1}\n- &b {x: 2, z: 3}\n- <<: [*a, *b]\n"),
            "[{\"x\":1},{\"x\":2,\"z\":3},{\"x\":1,\"z\":3}];");
  EXPECT_EQ(read("'<<': 1\n"), "{\"<<\":1};");
}

TEST(YamlDocument, two_merged_objects_may_share_a_third) {
  EXPECT_EQ(read("- &a {x: 1}\n- &b {<<: *a, v: 2}\n- &c {<<: *a, z: 3}\n- <<: [*b, *c]\n"),
            "[{\"x\":1},{\"v\":2,\"x\":1},{\"x\":1,\"z\":3},{\"v\":2,\"x\":1,\"z\":3}];");
}

TEST(YamlDocument, a_key_written_twice_names_both_lines) {
  EXPECT_EQ(read("a: 1\nb: 2\na: 3\n"),
            "f.yaml:3: the key \"a\" is written twice, first in line 1 (keep one of the two)");
  EXPECT_NE(read("1: a\n\"1\": b\n").find("written twice"), std::string::npos);
}

TEST(YamlDocument, an_alias_bomb_is_refused) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string from = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + from;
    for (int k = 1; k < 10; ++k) bomb += "," + from;
    bomb += "]\n";
  }
  const auto documents = parse_yaml(bomb, "f.yaml");
  ASSERT_FALSE(documents);
  EXPECT_EQ(documents.error().kind, ErrorKind::TooLarge);
}

TEST(YamlDocument, an_alias_inside_its_own_anchor_is_refused) {
  EXPECT_NE(read("a: &a [1, *a]\n").find("inside the value of its own anchor"), std::string::npos);
  EXPECT_NE(read("a: &a\n  <<: *a\n").find("inside the value of its own anchor"), std::string::npos);
}

TEST(YamlDocument, nesting_is_bounded) {
  EXPECT_EQ(read(std::string(64, '[') + std::string(64, ']')).back(), ';');
  EXPECT_NE(read(std::string(65, '[') + std::string(65, ']')).find("64 levels"), std::string::npos);
  EXPECT_NE(read(std::string(100'000, '[')).find("64 levels"), std::string::npos);
}

TEST(YamlDocument, byte_order_mark_and_crlf) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "a: |\r\n  x\r\n  y\r\n"),
            "{\"a\":\"x\\ny\\n\"};");
  EXPECT_NE(read("a: 1\n\xEF\xBB\xBF"
                 "b: 2\n")
                .find("f.yaml:2: a byte order mark"),
            std::string::npos);
}

TEST(YamlDocument, errors_name_file_line_and_what_to_do) {
  const std::string tab = read("a: 1\n\tb: 2\n");
  EXPECT_TRUE(tab.starts_with("f.yaml:2: ")) << tab;
  EXPECT_TRUE(tab.ends_with("(indent with spaces: YAML allows no tabs there)")) << tab;
  for (const char* const cut_off : {"a: 1\nb: [", "a: 1\nb: [\n", "a: 1\nb", "a: 1\r\nb\r\n"})
    EXPECT_TRUE(read(cut_off).starts_with("f.yaml:2: ")) << read(cut_off);
  EXPECT_NE(read("a: [1\nb: 2\n").find("f.yaml:2: "), std::string::npos);
  EXPECT_NE(read("a: 1\nb: \xff\n").find("f.yaml:2: "), std::string::npos);
}

TEST(YamlDocument, content_after_the_end_of_a_document_is_never_dropped) {
  EXPECT_NE(read("[a]\nb: 1\n").find("begin another document with a line ---"), std::string::npos);
}

}  // namespace
}  // namespace holdfast
