#include "simulator/selector.h"

#include <spdlog/fmt/fmt.h>

namespace holdfast {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// At commas outside parentheses.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i != text.size() && (text[i] != ',' || depth != 0)) continue;
    terms.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return terms;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_of(" ()!=,<>") == std::string_view::npos;
}

std::set<std::string> split_values(std::string_view text) {
  std::set<std::string> values;
  for (const std::string_view value : split_terms(text)) values.emplace(value);
  return values;
}

std::set<std::string> strings_of(const json::value* list) {
  std::set<std::string> values;
  if (list != nullptr && list->is_array())
    for (const json::value& value : list->get_array())
      if (value.is_string()) values.emplace(std::string_view(value.get_string()));
  return values;
}

}  // namespace

bool LabelSelector::parse_one(std::string_view text, Requirement& into) {
  if (text.starts_with('!')) {
    into = {std::string(trimmed(text.substr(1))), Operator::Absent, {}};
    return is_name(into.key);
  }
  if (text.ends_with(')')) {
    const std::size_t open = text.find('(');
    if (open == std::string_view::npos) return false;
    const std::string_view head = trimmed(text.substr(0, open));
    const std::size_t space = head.rfind(' ');
    if (space == std::string_view::npos) return false;
    const std::string_view word = head.substr(space + 1);
    if (word != "in" && word != "notin") return false;
    into = {std::string(trimmed(head.substr(0, space))), word == "in" ? Operator::In : Operator::NotIn,
            split_values(text.substr(open + 1, text.size() - open - 2))};
    return is_name(into.key);
  }
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    into = {std::string(text), Operator::Exists, {}};
    return is_name(into.key);
  }
  const bool negated = equals > 0 && text[equals - 1] == '!';
  const std::string_view key = trimmed(text.substr(0, negated ? equals - 1 : equals));
  std::string_view value = text.substr(equals + 1);
  if (value.starts_with('=')) value.remove_prefix(1);
  into = {std::string(key), negated ? Operator::NotIn : Operator::In, {std::string(trimmed(value))}};
  return is_name(key) && value.find_first_of("=()!") == std::string_view::npos;
}

Reply<LabelSelector> LabelSelector::parse(const std::string& text) {
  LabelSelector selector;
  if (trimmed(text).empty()) return selector;
  for (const std::string_view term : split_terms(text)) {
    Requirement requirement;
    if (!parse_one(term, requirement))
      return std::unexpected(bad_request(
          fmt::format("unable to parse requirement: found '{}', expected: in, notin, =, ==, !=, or a name", term)));
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

LabelSelector LabelSelector::from_object(const json::object& selector) {
  LabelSelector made;
  if (const json::value* labels = find(selector, {"matchLabels"}); labels != nullptr && labels->is_object())
    for (const auto& [key, value] : labels->get_object())
      if (value.is_string())
        made.requirements_.push_back(
            {std::string(key), Operator::In, {std::string(std::string_view(value.get_string()))}});
  const json::value* expressions = find(selector, {"matchExpressions"});
  if (expressions == nullptr || !expressions->is_array()) return made;
  for (const json::value& expression : expressions->get_array()) {
    const std::string_view op = string_at(expression, {"operator"});
    const Operator kind = op == "In"       ? Operator::In
                          : op == "NotIn"  ? Operator::NotIn
                          : op == "Exists" ? Operator::Exists
                                           : Operator::Absent;
    made.requirements_.push_back(
        {std::string(string_at(expression, {"key"})), kind, strings_of(find(expression, {"values"}))});
  }
  return made;
}

bool LabelSelector::matches(const json::object& object) const {
  if (requirements_.empty()) return true;
  const json::value* labels = find(object, {"metadata", "labels"});
  return matches_labels(labels == nullptr ? nullptr : labels->if_object());
}

bool LabelSelector::matches_labels(const json::object* labels) const {
  for (const Requirement& requirement : requirements_) {
    const json::value* value = labels == nullptr ? nullptr : labels->if_contains(requirement.key);
    const bool present = value != nullptr && value->is_string();
    const bool listed = present && requirement.values.contains(std::string(std::string_view(value->get_string())));
    bool holds = false;
    switch (requirement.op) {
      case Operator::In:
        holds = listed;
        break;
      case Operator::NotIn:
        holds = !listed;
        break;
      case Operator::Exists:
        holds = present;
        break;
      case Operator::Absent:
        holds = !present;
        break;
    }
    if (!holds) return false;
  }
  return true;
}

Reply<FieldSelector> FieldSelector::parse(const std::string& text) {
  FieldSelector selector;
  if (trimmed(text).empty()) return selector;
  for (const std::string_view term : split_terms(text)) {
    const std::size_t equals = term.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return std::unexpected(bad_request(fmt::format("invalid selector: '{}'; can't understand '{}'", text, term)));
    const bool negated = term[equals - 1] == '!';
    std::string_view value = term.substr(equals + 1);
    if (value.starts_with('=')) value.remove_prefix(1);
    selector.terms_.push_back(
        {std::string(trimmed(term.substr(0, negated ? equals - 1 : equals))), std::string(trimmed(value)), !negated});
  }
  return selector;
}

bool FieldSelector::matches(const json::object& object) const {
  for (const Term& term : terms_)
    if ((text_at_path(object, term.path) == term.value) != term.equal) return false;
  return true;
}

std::vector<std::string> FieldSelector::paths() const {
  std::vector<std::string> paths;
  for (const Term& term : terms_) paths.push_back(term.path);
  return paths;
}

std::string text_at_path(const json::object& object, std::string_view dotted) {
  const json::object* at = &object;
  while (at != nullptr) {
    const std::size_t end = std::min(dotted.find('.'), dotted.size());
    const json::value* value = at->if_contains(dotted.substr(0, end));
    if (value == nullptr || value->is_null()) return {};
    if (end == dotted.size())
      return value->is_string() ? std::string(std::string_view(value->get_string())) : to_json(*value);
    at = value->if_object();
    dotted.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace holdfast
