// What `holdfast doctor` has found, and how it is shown. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/lease_record.h"
#include "holdfast/model/json.h"

namespace holdfast {

struct DoctorFinding {
  enum class Level { Ok, Warn, Fail };
  Level level = Level::Ok;
  std::string check;   // one or two words, "clock"
  std::string detail;  // what was found
  std::string next;    // what to do; empty where nothing has to be done
};
using DoctorFindings = std::vector<DoctorFinding>;

const char* to_string(DoctorFinding::Level level);
std::string doctor_table(const DoctorFindings& findings);
json::object doctor_document(const DoctorFindings& findings);
// 1 where something fails, otherwise 0.
int doctor_exit_code(const DoctorFindings& findings);

// The single judgements.
DoctorFinding judge_server_version(std::string_view git_version);
// `date` is the Date of an answer (RFC 9110) that was read at `now`.
DoctorFinding judge_clock(std::string_view date, std::chrono::sys_seconds now);
DoctorFinding judge_program(const std::string& name, const std::string& version_output, bool needed);
// `live`: the CustomResourceDefinition of the server, `ours` that of this program.
DoctorFinding judge_definition(const json::object& live, const json::object& ours);
// Nothing: there is no Lease. `now`: of the server's clock, as near as that is known.
DoctorFinding judge_lease(const std::optional<LeaseRecord>& lease, const std::string& place,
                          std::chrono::sys_seconds now);
// `refused`: "patch deployments.apps".
DoctorFinding judge_rights(const std::string& who, std::size_t asked, const std::vector<std::string>& refused);

// "Sat, 28 Nov 2026 23:10:27 GMT"; nothing where it is none.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

}  // namespace holdfast
