#include "sources/yaml_writer.h"

#include <gtest/gtest.h>

#include "holdfast/model/json.h"
#include "sources/yaml_document.h"

namespace holdfast {
namespace {

TEST(YamlWriter, what_it_writes_is_read_as_the_same) {
  for (const char* text : {R"({"<<":"a"})", R"({"a":"<<"})", R"({"yes":"no","1":"2","~":"null"})", R"({"a":"b\nc"})"}) {
    const json::value value = *parse_json(text);
    const auto read = parse_yaml(write_yaml(value), {});
    ASSERT_TRUE(read) << text << describe(read.error());
    EXPECT_EQ(read->front().value, value) << to_json(read->front().value);
  }
}

}  // namespace
}  // namespace holdfast
