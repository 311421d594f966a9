#include "app/marathon_values.h"

#include <algorithm>
#include <cmath>

namespace holdfast {

std::string marathon_label(std::string_view id) {
  std::string text;
  for (const char c : id) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool fits = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (fits || (!text.empty() && text.back() != '-')) text += fits ? lower : '-';
  }
  if (!text.empty() && text.front() >= '0' && text.front() <= '9')
    text.insert(0, "app-");  // a Service begins with a letter
  if (text.size() > 60) text.resize(60);
  while (text.ends_with('-')) text.pop_back();
  return text.empty() ? "app" : text;
}

bool is_kubernetes_label(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 63 && fits(text.front()) && fits(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return fits(c) || c == '-' || c == '_' || c == '.'; });
}

std::string whole_amount(const json::value* value, double factor) {
  const double number = value == nullptr     ? 0
                        : value->is_double() ? value->get_double()
                        : value->is_int64()  ? static_cast<double>(value->get_int64())
                                             : 0;
  return std::to_string(std::llround(number * factor));
}

namespace {

// "unlimited" takes a limit away.
void take_limits(ForeignFields& most, json::object& limits) {
  const struct {
    std::string_view field, resource, unit;
    double factor;
  } known[] = {{"cpus", "cpu", "m", 1000}, {"mem", "memory", "Mi", 1}};
  for (const auto& [field, resource, unit, factor] : known) {
    const json::value* value = most.take(field);
    if (value == nullptr) continue;
    if (value->is_string())
      limits.erase(resource);
    else
      limits[resource] = whole_amount(value, factor) + std::string(unit);
  }
}

}  // namespace

std::string marathon_image(std::string given, ForeignFields& told, std::string_view field, bool& complete) {
  if (!given.empty()) return given;
  complete = false;
  told.note(field, "is missing: it ran on the agent's own files", "build an image", true);
  return "fill.in/image:tag";
}

json::object take_marathon_resources(ForeignFields& given, ForeignFields& most) {
  json::object requests, limits, all;
  if (const json::value* cpus = given.take("cpus")) requests["cpu"] = whole_amount(cpus, 1000) + "m";
  if (const json::value* memory = given.take("mem"))
    limits["memory"] = requests["memory"] = whole_amount(memory, 1) + "Mi";
  if (const std::string disk = whole_amount(given.take("disk"), 1); disk != "0")
    requests["ephemeral-storage"] = disk + "Mi";
  if (const std::string gpus = whole_amount(given.take("gpus"), 1); gpus != "0") limits["nvidia.com/gpu"] = gpus;
  take_limits(most, limits);
  if (!requests.empty()) all["requests"] = std::move(requests);
  if (!limits.empty()) all["limits"] = std::move(limits);
  return all;
}

}  // namespace holdfast
