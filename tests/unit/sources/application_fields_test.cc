// The table of fields, beside its documentation and beside what the reader does with each.
#include "sources/application_fields.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "sources/application_reader.h"
#include "sources/field_check.h"

namespace holdfast {
namespace {

struct Row {
  std::string path;  // spec.drift.rules[].policy
  const ApplicationField* field;
};

void add_rows(const ApplicationField& of, const std::string& prefix, std::vector<Row>& rows) {
  for (const ApplicationField& field : of.fields) {
    const std::string path = prefix + std::string(field.name);
    rows.push_back({path, &field});
    add_rows(field, path + (field.type == FieldKind::ObjectList ? "[]." : "."), rows);
  }
}

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  add_rows(application_document(), "", rows);
  return rows;
}

std::string document_table(bool supported) {
  std::string text;
  for (const auto& [path, field] : all_rows()) {
    if (field->supported != supported) continue;
    const std::string fallback = field->required           ? "required"
                                 : field->fallback.empty() ? ""
                                                           : "`" + std::string(field->fallback) + "`";
    text += "| `" + path + "` | ";
    if (supported) text += type_text(*field) + " | " + fallback + " | ";
    text += std::string(field->meaning) + " |\n";
  }
  return text;
}

std::string documentation() {
  std::ifstream in(std::string(HOLDFAST_SOURCE_DIR) + "/docs/applications.md");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The rows below a heading, up to the first line that is none.
std::string rows_below(const std::string& text, const std::string& heading) {
  std::istringstream in(text.substr(std::min(text.find(heading), text.size())));
  std::string line, rows;
  while (std::getline(in, line) && !line.starts_with("|---")) continue;
  while (std::getline(in, line) && line.starts_with("|")) rows += line + "\n";
  return rows;
}

TEST(ApplicationFields, the_documentation_has_the_same_fields_types_defaults_and_meanings) {
  EXPECT_EQ(rows_below(documentation(), "\n## Fields"), document_table(true));
  EXPECT_EQ(rows_below(documentation(), "\n## Not supported yet"), document_table(false));
}

TEST(ApplicationFields, the_example_of_the_documentation_is_read) {
  const std::string text = documentation();
  const std::size_t begin = text.find("```yaml\n") + 8;
  const std::vector<SourceFile> files{{"holdfast.yaml", text.substr(begin, text.find("```", begin) - begin)}};
  const auto read = read_applications(files);
  ASSERT_TRUE(read) << describe(read.error());
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[1].depends_on, std::set<std::string>{"databases"});
}

// A document with what is required and one more field, made along the table itself.
json::value sample(const ApplicationField& field) {
  switch (field.type) {
    case FieldKind::Text:
      return "KIND/name";
    case FieldKind::Boolean:
      return field.fallback != "true";
    case FieldKind::Integer:
      return field.most;
    case FieldKind::Duration:
      return "17s";
    case FieldKind::Choice:
      return json::value(field.choices.back() == field.fallback ? field.choices.front() : field.choices.back());
    case FieldKind::Object:
    case FieldKind::ObjectList:
      return {};
    case FieldKind::TextMap:
      return json::object{{"a", "b"}};
    case FieldKind::TextList:
      return json::array{"Kind/name"};
    case FieldKind::Lines:
      return "a: 1\nb: 2\n";
    case FieldKind::Anything:
      return json::object{{"a", 1}};
    case FieldKind::TextMapList:
      return json::array{json::object{{"a", "b"}}};
  }
  return {};
}

// What is required of the objects that are there, lists of them included.
void add_required(const ApplicationField& table, json::value& value) {
  if (!value.is_object()) return;
  for (const ApplicationField& field : table.fields) {
    json::value* const there = value.get_object().if_contains(field.name);
    if (there == nullptr && field.required && field.type != FieldKind::Object)
      value.get_object()[field.name] = field.type == FieldKind::Text ? json::value("other") : sample(field);
    if (there == nullptr) continue;
    if (field.type == FieldKind::Object) add_required(field, *there);
    if (field.type == FieldKind::ObjectList && there->is_array())
      for (json::value& item : there->get_array()) add_required(field, item);
  }
}

// Without a value: with all that the field stands in.
std::string document_with(const std::string& path, const std::optional<json::value>& value) {
  json::value document =
      parse_json(R"({"apiVersion":"holdfast.dev/v1alpha1","kind":"Application","metadata":{"name":"web"},)"
                 R"("spec":{"source":{"repoURL":"/platform"}}})")
          .value();
  json::value* at = &document;
  json::object* holder = nullptr;
  std::istringstream steps(path);
  for (std::string step; std::getline(steps, step, '.');) {
    const bool list = step.ends_with("[]");
    holder = &at->get_object();
    at = &at->get_object()[list ? step.substr(0, step.size() - 2) : step];
    if (list) {
      if (!at->is_array()) *at = json::array{json::object()};
      at = &at->get_array()[0];
    } else if (!at->is_object()) {
      *at = json::object();
    }
  }
  if (value)
    *at = *value;
  else
    holder->erase(path.substr(path.rfind('.') + 1));
  add_required(application_document(), document);
  if (path.starts_with("spec.ignore[].target"))
    document.at("spec").at("ignore").at(0).as_object()["paths"] = json::array{"/x"};
  if (path == "spec.destination.confined") document.at("spec").at("destination").as_object()["namespace"] = "other";
  json::object& source = document.at("spec").at("source").as_object();
  if (path.starts_with("spec.source.secretRef")) source["repoURL"] = "https://example.com/platform.git";
  const bool names_keys = path.ends_with("File") || path.ends_with("secretRef.name");
  if (path.starts_with("spec.source.verify") && !names_keys) source.at("verify").as_object()["keysFile"] = "keys";
  if (path.starts_with("spec.source.verify")) source["ref"] = json::object{{"tag", "v1"}};
  if (path.starts_with("spec.decryption") && !names_keys)
    document.at("spec").at("decryption").as_object()["ageKeyFile"] = "keys";
  if (path.ends_with("ref.semver") || path.ends_with("ref.digest") || path.ends_with(".chart") ||
      path.ends_with(".mediaType"))
    source["repoURL"] = "oci://registry.example/web";
  if (path.starts_with("spec.dependsOn"))
    return to_json(document) + "\n---\n" +
           document_with("metadata.name", value && value->is_string() ? value : json::value("other"));
  return to_json(document);
}

Result<std::vector<Application>> read(const std::string& content) {
  const std::vector<SourceFile> files{{"f.yaml", content}};
  return read_applications(files);
}

std::string valid_text_of(const std::string& path) {
  if (path.ends_with(".semver")) return ">=1.2.0 <2.0.0";
  if (path.ends_with(".commit")) return std::string(40, 'a');
  if (path.ends_with(".digest") && !path.contains("images")) return "sha256:" + std::string(64, 'a');
  if (path.ends_with(".chart")) return "web";
  if (path.ends_with("namespace") || path.ends_with("releaseName") || path.ends_with("metadata.name") ||
      path.ends_with("secretRef.name") || path.ends_with("serviceAccountName") || path.starts_with("spec.dependsOn"))
    return "other";
  return "some/thing";
}

TEST(ApplicationFields, each_field_of_the_table_changes_the_application) {
  const auto plain = read(document_with("spec.prune", true));
  ASSERT_TRUE(plain) << describe(plain.error());
  for (const auto& [path, field] : all_rows()) {
    const bool container = field->type == FieldKind::Object || field->type == FieldKind::ObjectList;
    if (!field->supported || container || path == "apiVersion" || path == "kind" || path == "metadata.labels" ||
        path == "metadata.annotations")
      continue;
    const json::value value = field->type == FieldKind::Text ? json::value(valid_text_of(path)) : sample(*field);
    const auto changed = read(document_with(path, value));
    ASSERT_TRUE(changed) << path << ": " << describe(changed.error());
    EXPECT_NE(changed->front(), plain->front()) << path;
  }
}

TEST(ApplicationFields, each_default_of_the_table_is_what_leaving_the_field_out_means) {
  int defaults = 0;
  for (const auto& [path, field] : all_rows()) {
    if (field->fallback.empty()) continue;
    ++defaults;
    // What a part of something else says is compared with that, which says nothing of it.
    const auto plain =
        read(path.starts_with("spec.source.verify") ? document_with("spec.source.verify.keysFile", "keys")
             : path.starts_with("spec.decryption")  ? document_with("spec.decryption.ageKeyFile", "keys")
                                                    : document_with(path, std::nullopt));
    ASSERT_TRUE(plain) << path << ": " << describe(plain.error());
    const bool quoted = field->type != FieldKind::Boolean && field->type != FieldKind::Integer;
    const std::string fallback(field->fallback);
    const auto written = read(document_with(path, quoted ? json::value(fallback) : parse_json(fallback).value()));
    ASSERT_TRUE(written) << path << ": " << describe(written.error());
    EXPECT_EQ(written->front(), plain->front()) << path;
  }
  EXPECT_GT(defaults, 10);
}

TEST(ApplicationFields, each_field_that_is_not_supported_is_refused_with_its_name_and_what_to_do) {
  for (const auto& [path, field] : all_rows()) {
    if (field->supported) continue;
    const auto refused = read(document_with(path, json::object{{"name", "x"}}));
    ASSERT_FALSE(refused) << path;
    std::string shown = path;
    if (const std::size_t item = shown.find("[]"); item != std::string::npos) shown.insert(item + 1, "0");
    EXPECT_EQ(describe(refused.error()),
              "f.yaml:1: " + shown + " is not supported yet (" + std::string(field->meaning) + ")");
  }
}

}  // namespace
}  // namespace holdfast
