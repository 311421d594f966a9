// docs/reference is what the definitions say, to the byte.
#include "app/field_reference.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/own_definitions.h"

namespace holdfast {
namespace {

TEST(FieldReference, the_pages_are_current) {
  for (const auto& [file, text] : field_references()) {
    std::ifstream in(std::string(HOLDFAST_SOURCE_DIR) + "/docs/reference/" + file, std::ios::binary);
    std::ostringstream kept;
    kept << in.rdbuf();
    EXPECT_TRUE(kept.str() == text) << "docs/reference/" << file
                                    << " is not what the definitions say: ./dev docs writes it anew";
  }
}

TEST(FieldReference, every_kind_has_a_page_and_every_field_a_meaning) {
  EXPECT_EQ(field_references().size(), own_definitions().size() + 1);
  for (const auto& [file, text] : field_references()) {
    if (file == "README.md") continue;
    EXPECT_TRUE(text.contains("| `spec.")) << file;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
      EXPECT_FALSE(line.starts_with("| `") && line.ends_with("|  |"))
          << file << ": a field without a meaning: " << line;
  }
}

TEST(FieldReference, a_field_says_its_type_its_default_and_what_is_refused) {
  const json::object schema{
      {"type", "object"},
      {"description", "A thing."},
      {"properties",
       {{"spec",
         {{"type", "object"},
          {"required", json::array{"size"}},
          {"properties",
           {{"size", {{"type", "integer"}, {"minimum", 1}, {"maximum", 3}, {"description", "How large."}}},
            {"color",
             {{"type", "string"}, {"enum", json::array{"a", "b"}}, {"default", "a"}, {"description", "x | y"}}},
            {"parts",
             {{"type", "array"},
              {"description", "Its parts."},
              {"items",
               {{"type", "object"},
                {"x-kubernetes-validations", json::array{{{"message", "has no name"}}}},
                {"properties", {{"name", {{"type", "string"}, {"description", "Its name."}}}}}}}}}}}}}}}};
  const json::object definition{
      {"spec",
       {{"group", "example.com"},
        {"names", {{"kind", "Thing"}, {"singular", "thing"}}},
        {"versions", json::array{{{"name", "v1"}, {"schema", {{"openAPIV3Schema", schema}}}}}}}}};
  const std::string page = field_reference(definition);
  for (const char* row :
       {"| `spec.size` | whole number, 1 to 3 | required | How large. |",
        "| `spec.color` | one of `a`, `b` | `a` | x \\| y |", "| `spec.parts` | list of objects |  | Its parts. |",
        "| `spec.parts[]` | object |  | May be refused with: has no name. |",
        "| `spec.parts[].name` | text |  | Its name. |"})
    EXPECT_TRUE(page.contains(row)) << row << "\n" << page;
}

}  // namespace
}  // namespace holdfast
