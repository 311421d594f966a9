#include "holdfast/merge/field_pattern.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

bool has_text(const std::vector<std::string>& texts, const json::value& value) {
  return std::ranges::find(texts, value_text(value)) != texts.end();
}

}  // namespace

// Reads one pattern from its first character to its last.
class FieldPatternReader {
 public:
  explicit FieldPatternReader(std::string_view text) : text_(text) {}

  Result<FieldPattern> read() {
    pattern_.text_ = text_;
    if (text_.size() > FieldPattern::kMaxBytes)
      return fail(ErrorKind::Invalid,
                  fmt::format("a field path of {} bytes; at most {}", text_.size(), FieldPattern::kMaxBytes));
    if (text_.empty() || text_ == "/" || text_ == ".")
      return refuse("it names no field",
                    "write for example /spec/replicas; a rule without paths is about whole objects");
    const Result<void> segments = text_[0] == '/' ? pointer() : path();
    if (!segments) return std::unexpected(segments.error());
    return std::move(pattern_);
  }

 private:
  using Segment = FieldPattern::Segment;
  using Kind = Segment::Kind;

  std::unexpected<Error> refuse(const std::string& what, std::string hint) const {
    return fail(ErrorKind::Invalid, fmt::format("field path {:?}, at character {}: {}", text_, at_ + 1, what), {},
                std::move(hint));
  }

  Result<void> add(Segment segment) {
    if (pattern_.segments_.size() == FieldPattern::kMaxSegments)
      return refuse(fmt::format("more than {} segments", FieldPattern::kMaxSegments), "name a field that is less deep");
    pattern_.segments_.push_back(std::move(segment));
    return {};
  }

  Result<void> add_name(std::string name, Kind kind) {
    if (name.empty()) return refuse("a segment without a name", "remove the separator, or name the field");
    if (name == "*") return add({Kind::Any, {}, {}});
    if (name.contains('*')) return refuse("\"*\" stands for a whole segment", "write the name, or * alone");
    return add({kind, std::move(name), {}});
  }

  // ---- /spec/replicas
  // ------------------------------------------------------------------------------------------------

  Result<void> pointer() {
    while (at_ < text_.size()) {
      const std::size_t begin = at_ + 1;
      const std::size_t end = std::min(text_.find('/', begin), text_.size());
      auto name = unescape(text_.substr(begin, end - begin));
      if (!name) return std::unexpected(name.error());
      if (!name->empty() && std::ranges::all_of(*name, [](char c) { return c >= '0' && c <= '9'; }))
        return refuse(
            "the position in a list names another item tomorrow",
            fmt::format("name the item by its key, as in .spec.containers[name=web].image, or write * for all; "
                        "if {} is a name, write [\"{}\"] in that form",
                        *name, *name));
      if (auto added = add_name(std::move(*name), Kind::Exact); !added) return added;
      at_ = end;
    }
    return {};
  }

  Result<std::string> unescape(std::string_view segment) const {
    std::string name;
    for (std::size_t i = 0; i < segment.size(); ++i) {
      if (segment[i] != '~') {
        name.push_back(segment[i]);
        continue;
      }
      const char next = i + 1 < segment.size() ? segment[++i] : '\0';
      if (next != '0' && next != '1') return refuse("\"~\" without 0 or 1 after it", "write ~0 for ~ and ~1 for /");
      name.push_back(next == '0' ? '~' : '/');
    }
    return name;
  }

  // ---- .spec.containers[name=web].image
  // ------------------------------------------------------------------------------

  Result<void> path() {
    if (text_[0] != '.' && text_[0] != '[')
      return refuse("it begins neither with \"/\" nor with \".\"",
                    fmt::format("write /{} or .{}", std::string_view(text_), std::string_view(text_)));
    while (at_ < text_.size()) {
      const Result<void> segment = text_[at_] == '[' ? bracket() : dotted_name();
      if (!segment) return segment;
    }
    return {};
  }

  Result<void> dotted_name() {
    if (text_[at_] != '.') return refuse("after an item comes \".\" or \"[\"", "write .NAME");
    const std::size_t begin = at_ + 1;
    const std::size_t end = std::min(text_.find_first_of(".[", begin), text_.size());
    const std::string name(text_.substr(begin, end - begin));
    if (auto added = add_name(name, Kind::Name); !added) return added;
    at_ = end;
    return {};
  }

  Result<void> bracket() {
    ++at_;
    Segment segment;
    if (rest().starts_with("*]")) {
      segment.kind = Kind::AnyItem;
      ++at_;
    } else if (rest().starts_with('"')) {
      auto name = quoted();
      if (!name) return std::unexpected(name.error());
      segment.kind = Kind::Exact;
      segment.name = std::move(*name);
    } else if (rest().starts_with('=')) {
      ++at_;
      segment.kind = Kind::Member;
      if (auto value = item_value({}, segment); !value) return value;
    } else if (auto fields = key_fields(segment); !fields) {
      return fields;
    }
    if (!rest().starts_with(']')) return refuse("\"]\" is missing", "close the bracket");
    if (auto added = add(std::move(segment)); !added) return added;
    ++at_;
    return {};
  }

  Result<void> key_fields(Segment& segment) {
    segment.kind = Kind::Key;
    do {
      if (!segment.values.empty()) ++at_;
      const std::size_t end = rest().find_first_of("=,]");
      const std::string name(rest().substr(0, end));
      if (end == std::string_view::npos || rest()[end] != '=' || name.empty()) {
        const bool digits = !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
        if (digits)
          return refuse("the position in a list names another item tomorrow", "name the item: [name=web], or [*]");
        return refuse("a bracket holds KEY=VALUE", "write [name=web], [*] for every item, or [=\"v\"] in a set");
      }
      at_ += end + 1;
      if (auto value = item_value(name, segment); !value) return value;
    } while (rest().starts_with(','));
    return {};
  }

  Result<void> item_value(std::string name, Segment& segment) {
    std::vector<std::string> texts;
    if (rest().starts_with('"')) {
      auto value = quoted();
      if (!value) return std::unexpected(value.error());
      texts.push_back(value_text(json::value(*value)));
    } else {
      const std::size_t length = std::min(rest().find_first_of(",]"), rest().size());
      const std::string bare(rest().substr(0, length));
      if (bare.empty()) return refuse("a value is missing", "write [name=web]");
      texts.push_back(value_text(json::value(bare)));
      if (const Result<json::value> number = parse_json(bare); number && !number->is_structured())
        texts.push_back(value_text(*number));
      at_ += length;
    }
    segment.values.emplace_back(std::move(name), std::move(texts));
    return {};
  }

  // A JSON string, with its quotes.
  Result<std::string> quoted() {
    std::size_t end = 1;
    while (end < rest().size() && rest()[end] != '"') end += rest()[end] == '\\' ? 2 : 1;
    if (end >= rest().size()) return refuse("a quote is not closed", "close it");
    const Result<json::value> value = parse_json(rest().substr(0, end + 1));
    if (!value || !value->is_string()) return refuse("not a string in quotes", "write \\\\ for \\ and \\\" for \"");
    at_ += end + 1;
    return std::string(value->get_string());
  }

  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

  std::string_view text_;
  std::size_t at_ = 0;
  FieldPattern pattern_;
};

Result<FieldPattern> FieldPattern::parse(std::string_view text) { return FieldPatternReader(text).read(); }

bool FieldPattern::covers(const FieldPath& path) const { return match(path, 0, 0) == Match::Covers; }

bool FieldPattern::reaches_below(const FieldPath& path) const { return match(path, 0, 0) == Match::Below; }

FieldPattern::Match FieldPattern::match(const FieldPath& path, std::size_t at_path, std::size_t at_segment) const {
  if (at_segment == segments_.size()) return Match::Covers;
  if (at_path == path.size()) return Match::Below;
  const Segment& segment = segments_[at_segment];
  const PathElement& element = path[at_path];
  const bool is_name = element.kind() == PathElement::Kind::Field;
  bool same = false;
  switch (segment.kind) {
    case Segment::Kind::Name:
      return is_name ? match_name(path, at_path, at_segment) : Match::No;
    case Segment::Kind::Any:
      same = true;
      break;
    case Segment::Kind::AnyItem:
      same = !is_name;
      break;
    case Segment::Kind::Exact:
      same = is_name && element.text() == segment.name;
      break;
    case Segment::Kind::Key:
    case Segment::Kind::Member:
      same = names_item(segment, element);
      break;
  }
  return same ? match(path, at_path + 1, at_segment + 1) : Match::No;
}

// A name with dots is what several segments say together; how many, the name itself tells.
FieldPattern::Match FieldPattern::match_name(const FieldPath& path, std::size_t at_path, std::size_t at_segment) const {
  std::string_view left = path[at_path].text();
  for (std::size_t i = at_segment; i < segments_.size() && segments_[i].kind == Segment::Kind::Name; ++i) {
    if (!left.starts_with(segments_[i].name)) return Match::No;
    left.remove_prefix(segments_[i].name.size());
    if (left.empty()) return match(path, at_path + 1, i + 1);
    if (left.front() != '.') return Match::No;
    left.remove_prefix(1);
  }
  return Match::No;
}

bool FieldPattern::names_item(const Segment& segment, const PathElement& element) {
  if (segment.kind == Segment::Kind::Member)
    return element.kind() == PathElement::Kind::Value && has_text(segment.values[0].second, element.member());
  if (element.kind() != PathElement::Kind::Key) return false;
  return std::ranges::all_of(segment.values, [&](const auto& field) {
    const json::value* value = element.key_fields().if_contains(field.first);
    return value != nullptr && has_text(field.second, *value);
  });
}

}  // namespace holdfast
