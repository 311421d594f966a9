// The conditions of one object of ours as its status has them: each with when its status became what it is. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "holdfast/model/json.h"

namespace holdfast {

enum class ConditionStatus { True, False, Unknown };
const char* to_string(ConditionStatus status);

struct ApplicationCondition {
  ConditionStatus status = ConditionStatus::Unknown;
  std::string reason, message;
  bool operator==(const ApplicationCondition&) const = default;
};

// By type.
using Conditions = std::map<std::string, ApplicationCondition>;

class StatedConditions {
 public:
  // Of a status' `conditions`; what is no condition is passed over.
  void recall(const json::object& status);
  // `told` hears of each whose status or reason is another one than before; it may be empty.
  void state(const Conditions& conditions, std::chrono::sys_seconds now,
             const std::function<void(const std::string& type, const ApplicationCondition& now)>& told);
  // Those of the types, in their order.
  [[nodiscard]] json::array document(std::span<const char* const> types, std::int64_t generation) const;

 private:
  struct Since {
    ApplicationCondition condition;
    std::string transition;
  };
  std::map<std::string, Since> since_;
};

}  // namespace holdfast
