#include "app/doctor_findings.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "app/table.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

using Level = DoctorFinding::Level;

constexpr int kOldestMinor = 30;  // the first with admission policies that everybody may use
constexpr std::chrono::seconds kClockTolerance{5}, kClockLimit{60};
constexpr std::size_t kRightsTold = 6;

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The schema of the version that both have; null where there is none.
const json::value* schema_of(const json::object& definition) {
  const json::value* versions = find(definition, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array()) return nullptr;
  for (const json::value& version : versions->get_array())
    if (string_at(version, {"name"}) == "v1alpha1") return find(version, {"schema", "openAPIV3Schema"});
  return nullptr;
}

}  // namespace

const char* to_string(Level level) {
  switch (level) {
    case Level::Ok:
      return "ok";
    case Level::Warn:
      return "warn";
    case Level::Fail:
      return "fail";
  }
  return "fail";
}

std::string doctor_table(const DoctorFindings& findings) {
  Table table({"STATE", "CHECK", "FOUND", "NEXT"});
  for (const DoctorFinding& one : findings) table.add({to_string(one.level), one.check, one.detail, one.next});
  return table.text();
}

json::object doctor_document(const DoctorFindings& findings) {
  json::array checks;
  for (const DoctorFinding& one : findings) {
    json::object check{{"level", to_string(one.level)}, {"check", one.check}, {"found", one.detail}};
    if (!one.next.empty()) check["next"] = one.next;
    checks.push_back(std::move(check));
  }
  return {{"ok", doctor_exit_code(findings) == 0}, {"checks", std::move(checks)}};
}

int doctor_exit_code(const DoctorFindings& findings) {
  return std::ranges::any_of(findings, [](const DoctorFinding& one) { return one.level == Level::Fail; }) ? 1 : 0;
}

DoctorFinding judge_server_version(std::string_view git_version) {
  DoctorFinding finding{Level::Ok, "API server", fmt::format("Kubernetes {}", git_version), {}};
  const std::size_t first = git_version.find('.');
  const std::size_t second = first == std::string_view::npos ? first : git_version.find('.', first + 1);
  const auto minor =
      second == std::string_view::npos ? std::nullopt : number(git_version.substr(first + 1, second - first - 1));
  if (git_version.starts_with("v1.") && minor && *minor >= kOldestMinor) return finding;
  finding.level = Level::Warn;
  finding.next = fmt::format("use v1.{} or later: nothing older is tested", kOldestMinor);
  return finding;
}

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::size_t kLength = 29;
  if (text.size() != kLength || !text.ends_with(" GMT")) return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  return parse_timestamp(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month - kMonths.begin() + 1,
                                     text.substr(5, 2), text.substr(17, 8)));
}

DoctorFinding judge_clock(std::string_view date, std::chrono::sys_seconds now) {
  const auto server = parse_http_date(date);
  if (!server) return {Level::Warn, "clock", "the server tells no time", "compare its clock with this one by hand"};
  const auto apart = std::chrono::abs(*server - now);
  DoctorFinding finding{Level::Ok,
                        "clock",
                        apart <= kClockTolerance ? "as the API server's"
                                                 : fmt::format("{} s {} the API server's", apart.count(),
                                                               *server > now ? "behind" : "ahead of"),
                        {}};
  if (apart <= kClockTolerance) return finding;
  finding.level = apart > kClockLimit ? Level::Fail : Level::Warn;
  finding.next = "let NTP set both clocks: certificates, tokens and what expires go by them";
  return finding;
}

DoctorFinding judge_program(const std::string& name, const std::string& version_output, bool needed) {
  if (!version_output.empty()) return {Level::Ok, name, first_line(version_output), {}};
  if (needed) return {Level::Fail, name, "is not here", fmt::format("install {}: repositories are read with it", name)};
  return {Level::Warn, name, "is not here", fmt::format("install {} where sources need it, else leave it", name)};
}

DoctorFinding judge_definition(const json::object& live, const json::object& ours) {
  const std::string name(string_at(ours, {"metadata", "name"}));
  const json::value *there = schema_of(live), *here = schema_of(ours);
  if (there != nullptr && here != nullptr && canonical_json(*there) == canonical_json(*here))
    return {Level::Ok, "definition", name + " is that of this program", {}};
  return {Level::Warn, "definition", name + " is that of another version of Holdfast",
          "holdfast install --definitions-only | kubectl apply -f -"};
}

DoctorFinding judge_lease(const std::optional<LeaseRecord>& lease, const std::string& place,
                          std::chrono::sys_seconds now) {
  if (!lease)
    return {Level::Warn, "lease", "there is no Lease " + place, "where a daemon with --lease is to run: start it"};
  if (lease->holder.empty())
    return {Level::Warn, "lease", place + " is nobody's: no daemon runs",
            "kubectl -n " + place.substr(0, place.find('/')) + " get pods"};
  const auto renewed = parse_timestamp(lease->renewed_at);
  const auto age = renewed ? now - *renewed : std::chrono::seconds::max();
  if (renewed && age <= lease->duration + kClockTolerance)
    return {Level::Ok, "lease", fmt::format("{} writes, as {} says", lease->holder, place), {}};
  return {Level::Fail, "lease",
          renewed ? fmt::format("{} has not renewed {} for {} s", lease->holder, place, age.count())
                  : fmt::format("{} holds {}, and never renewed it", lease->holder, place),
          "look at that daemon; another one takes over by itself where there is one"};
}

DoctorFinding judge_rights(const std::string& who, std::size_t asked, const std::vector<std::string>& refused) {
  if (refused.empty())
    return {Level::Ok, "permissions", fmt::format("{} may do all {} things that install grants", who, asked), {}};
  std::string told;
  for (std::size_t i = 0; i < std::min(refused.size(), kRightsTold); ++i) told += (i == 0 ? "" : ", ") + refused[i];
  if (refused.size() > kRightsTold) told += fmt::format(" and {} more", refused.size() - kRightsTold);
  return {Level::Fail, "permissions", fmt::format("{} may not {}", who, told),
          "holdfast install | kubectl apply -f -, with the options of this installation"};
}

}  // namespace holdfast
