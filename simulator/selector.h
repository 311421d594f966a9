// Label and field selectors of lists and watches.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/model/json.h"
#include "simulator/api_failure.h"

namespace holdfast {

class LabelSelector {
 public:
  // "a=b,c!=d,e in (x,y),f notin (z),g,!h". Errors: 400, as the API server answers it.
  static Reply<LabelSelector> parse(const std::string& text);
  // A LabelSelector object: matchLabels and matchExpressions.
  static LabelSelector from_object(const json::object& selector);
  [[nodiscard]] bool matches(const json::object& object) const;
  [[nodiscard]] bool matches_labels(const json::object* labels) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }

 private:
  enum class Operator { In, NotIn, Exists, Absent };
  struct Requirement {
    std::string key;
    Operator op = Operator::Exists;
    std::set<std::string> values;
  };
  static bool parse_one(std::string_view text, Requirement& into);
  std::vector<Requirement> requirements_;
};

class FieldSelector {
 public:
  // "metadata.name=x,status.phase!=Running": dotted paths to scalar fields.
  static Reply<FieldSelector> parse(const std::string& text);
  [[nodiscard]] bool matches(const json::object& object) const;
  [[nodiscard]] bool empty() const { return terms_.empty(); }
  // The paths asked for, so that a type may refuse those it does not index.
  [[nodiscard]] std::vector<std::string> paths() const;

 private:
  struct Term {
    std::string path, value;
    bool equal = true;
  };
  std::vector<Term> terms_;
};

// The scalar at a dotted path as text; empty where there is none.
std::string text_at_path(const json::object& object, std::string_view dotted);

}  // namespace holdfast
