#include "sources/field_address.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast {
namespace {

using Step = FieldAddress::Step;

constexpr std::size_t kNamesTold = 10;

bool is_plain(std::string_view name) {
  return !name.empty() && name.find_first_of(".[]\"'= ") == std::string_view::npos;
}

std::string text_of(const Step& step, bool first) {
  if (step.item) {
    const bool quoted = step.value.find_first_of("]\"") != std::string::npos;
    const std::string value = quoted ? to_json(json::value(step.value)) : step.value;
    return step.name == "name" ? fmt::format("[{}]", value) : fmt::format("[{}={}]", step.name, value);
  }
  if (!is_plain(step.name)) return fmt::format("[{}]", to_json(json::value(step.name)));
  return (first ? "" : ".") + step.name;
}

std::string scalar_text(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : to_json(value);
}

bool is_item(const json::value& item, const Step& step) {
  const json::value* found = item.is_object() ? item.get_object().if_contains(step.name) : nullptr;
  return found != nullptr && scalar_text(*found) == step.value;
}

std::string items_of(const json::array& list, std::string_view key) {
  std::string names;
  std::size_t told = 0;
  for (const json::value& item : list) {
    const json::value* found = item.is_object() ? item.get_object().if_contains(key) : nullptr;
    if (found == nullptr) continue;
    if (told++ == kNamesTold) return names + ", …";
    names += (names.empty() ? "" : ", ") + scalar_text(*found);
  }
  return names;
}

json::value in_type_of(const json::value& there, const json::value& value) {
  const bool text = there.is_string() && (value.is_number() || value.is_bool());
  return text ? json::value(to_json(value)) : value;
}

// Texts by their type, whatever stands there.
bool wants_text(const std::vector<Step>& steps) {
  const auto under = [&](std::string_view name) {
    return std::ranges::any_of(steps.begin(), steps.end() - 1,
                               [&](const Step& step) { return !step.item && step.name == name; });
  };
  const bool env = steps.size() >= 3 && steps[steps.size() - 3].name == "env" && steps[steps.size() - 2].item &&
                   steps.back().name == "value";
  const bool map = under("labels") || under("annotations") || under("matchLabels") || under("nodeSelector");
  return env || map || (steps.size() == 2 && (steps[0].name == "data" || steps[0].name == "stringData"));
}

// Fields that say which object it is, or that are the API server's own.
bool is_kept(const std::vector<Step>& steps) {
  const std::string& first = steps.front().name;
  if (first == "apiVersion" || first == "kind" || first == "status") return true;
  if (first != "metadata") return false;
  return steps.size() == 1 || (steps[1].name != "labels" && steps[1].name != "annotations") || steps.size() == 2;
}

}  // namespace

class FieldAddressReader {
 public:
  explicit FieldAddressReader(std::string_view text) : text_(text), rest_(text) {}

  Result<FieldAddress> read() {
    if (text_.size() > FieldAddress::kMaxBytes)
      return wrong(fmt::format("is longer than {} bytes", FieldAddress::kMaxBytes));
    if (rest_.starts_with('.')) rest_.remove_prefix(1);
    if (rest_.empty()) return wrong("names no field");
    bool name_is_due = true;
    while (!rest_.empty()) {
      const Result<void> read = rest_.front() == '[' ? bracket() : name(name_is_due);
      if (!read) return std::unexpected(read.error());
      if (address_.steps_.size() > FieldAddress::kMaxSteps) return wrong("is too deep");
      name_is_due = rest_.starts_with('.');
      if (!name_is_due) continue;
      rest_.remove_prefix(1);
      if (rest_.empty()) return wrong("ends with a dot");
    }
    if (address_.steps_.front().item) return wrong("begins with an item of a list");
    if (address_.steps_.back().item) return wrong("names an item, and none of its fields");
    if (is_kept(address_.steps_))
      return fail(ErrorKind::Invalid, fmt::format("{} says which object it is, or is the cluster's own", text_), {},
                  "change fields of spec or data, one label or one annotation");
    return std::move(address_);
  }

 private:
  [[nodiscard]] std::unexpected<Error> wrong(const std::string& what) const {
    return fail(ErrorKind::Invalid, fmt::format("the field '{}' {}", text_, what), {},
                "write it as in spec.template.spec.containers[web].image");
  }

  Result<void> name(bool due) {
    if (!due) return wrong("lacks a dot between two names");
    const std::size_t end = std::min(rest_.find_first_of(".["), rest_.size());
    const std::string_view read = rest_.substr(0, end);
    if (!is_plain(read)) return wrong("has an empty name, or a name that has to be written as [\"name\"]");
    address_.steps_.push_back({std::string(read), {}, false});
    rest_.remove_prefix(end);
    return {};
  }

  Result<void> bracket() {
    rest_.remove_prefix(1);
    if (rest_.starts_with('"')) {
      const Result<std::string> key = quoted();
      if (!key) return std::unexpected(key.error());
      address_.steps_.push_back({*key, {}, false});
    } else {
      const std::size_t end = rest_.find_first_of("=]");
      if (end == std::string_view::npos) return wrong("has a [ without ]");
      Step step{"name", std::string(rest_.substr(0, end)), true};
      if (rest_[end] == '=') {
        step.name = std::exchange(step.value, {});
        rest_.remove_prefix(end + 1);
        if (Result<std::string> value = item_value(); value)
          step.value = std::move(*value);
        else
          return std::unexpected(value.error());
      } else {
        rest_.remove_prefix(end);
        if (step.value.find_first_not_of("0123456789") == std::string::npos)
          return wrong("names a position or nothing in a list, where another item stands tomorrow");
      }
      if (step.name.empty() || step.value.empty()) return wrong("has an empty name of an item");
      address_.steps_.push_back(std::move(step));
    }
    if (!rest_.starts_with(']')) return wrong("has a [ without ]");
    rest_.remove_prefix(1);
    return {};
  }

  Result<std::string> item_value() {
    if (rest_.starts_with('"')) return quoted();
    const std::size_t end = rest_.find(']');
    if (end == std::string_view::npos) return wrong("has a [ without ]");
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return value;
  }

  Result<std::string> quoted() {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) return wrong("has a quote without its end");
    const Result<json::value> value = parse_json(rest_.substr(0, end + 1));
    if (!value || !value->is_string() || value->get_string().empty()) return wrong("has a quoted name that is none");
    rest_.remove_prefix(end + 1);
    return std::string(value->get_string());
  }

  std::string_view text_, rest_;
  FieldAddress address_;
};

Result<FieldAddress> FieldAddress::parse(std::string_view text) { return FieldAddressReader(text).read(); }

std::string FieldAddress::text() const {
  std::string text;
  for (const Step& step : steps_) text += text_of(step, text.empty());
  return text;
}

FieldAddress FieldAddress::field_below(std::string_view name) const {
  FieldAddress below = *this;
  below.steps_.push_back({std::string(name), {}, false});
  return below;
}

bool FieldAddress::overlaps(const FieldAddress& other) const {
  const std::size_t common = std::min(steps_.size(), other.steps_.size());
  return std::equal(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(common), other.steps_.begin());
}

const json::value* find_at(const json::value& object, const FieldAddress& address) {
  const json::value* at = &object;
  for (const Step& step : address.steps()) {
    if (step.item) {
      const json::array* list = at->if_array();
      if (list == nullptr) return nullptr;
      const auto found = std::ranges::find_if(*list, [&](const json::value& item) { return is_item(item, step); });
      if (found == list->end()) return nullptr;
      at = &*found;
    } else {
      const json::object* here = at->if_object();
      at = here == nullptr ? nullptr : here->if_contains(step.name);
      if (at == nullptr) return nullptr;
    }
  }
  return at;
}

namespace {

// The item, made where it is one of `env`.
Result<json::value*> item_of(json::value& at, const Step& step, const std::string& list_name,
                             const std::string& address) {
  const bool may_be_made = list_name == "env" && step.name == "name";
  if (at.is_null() && may_be_made) at.emplace_array();
  json::array* list = at.if_array();
  if (list == nullptr)
    return fail(ErrorKind::Invalid, fmt::format("{}: {} is no list in it", address, list_name), {},
                "write its fields with dots");
  const auto found = std::ranges::find_if(*list, [&](const json::value& item) { return is_item(item, step); });
  if (found != list->end()) return &*found;
  if (may_be_made) {
    list->push_back(json::object{{"name", step.value}});
    return &list->back();
  }
  const std::string names = items_of(*list, step.name);
  return fail(ErrorKind::Invalid,
              fmt::format("{}: {} has no item whose {} is {}", address, list_name, step.name, step.value), {},
              names.empty() ? "" : "there are: " + names);
}

}  // namespace

Result<void> set_at(json::object& object, const FieldAddress& address, const json::value& value) {
  const std::vector<Step>& steps = address.steps();
  json::value whole(std::move(object));  // put back below, whatever comes of it
  json::value* at = &whole;
  Result<void> outcome;
  for (std::size_t i = 0; i < steps.size() && outcome; ++i) {
    const Step& step = steps[i];
    if (step.item) {
      Result<json::value*> item = item_of(*at, step, steps[i - 1].name, address.text());
      if (item)
        at = *item;
      else
        outcome = std::unexpected(std::move(item.error()));
      continue;
    }
    if (at->is_null()) at->emplace_object();
    if (!at->is_object())
      outcome = fail(ErrorKind::Invalid, fmt::format("{}: what holds {} is no object in it", address.text(), step.name),
                     {}, at->is_array() ? "name an item of the list, as in containers[web]" : "check the field's name");
    else
      at = &at->get_object()[step.name];
  }
  if (outcome) {
    const bool text = wants_text(steps) && (value.is_number() || value.is_bool());
    json::value set = text ? json::value(to_json(value)) : in_type_of(*at, value);
    *at = std::move(set);
  }
  object = std::move(whole.get_object());
  return outcome;
}

}  // namespace holdfast
