// What an API server says that it was asked, and by whom: how tests count requests from outside of Holdfast.
//
// The server writes a request's line at the end of its handling, which may be an instant after its client has read the
// answer: ask with eventually() for what should be there, and ControlPlane::settle_audit() before counting to zero.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cluster {

// The user of DIR/kubeconfig, as which Holdfast runs, and that of DIR/admin.kubeconfig, as which a test meddles.
inline constexpr std::string_view holdfast_user = "holdfast-test";
inline constexpr std::string_view admin_user = "holdfast-admin";

struct AuditedRequest {
  std::string id, user, user_agent;
  std::string impersonated;  // as whom it asked; empty: as itself
  std::string verb;          // get list watch create update patch delete deletecollection
  std::string uri;           // path and query
  std::string group, resource, subresource, namespace_, name;
  int code = 0;  // HTTP status; 0 where the server gave none
  std::chrono::system_clock::time_point received;
  [[nodiscard]] bool is_write() const { return verb != "get" && verb != "list" && verb != "watch"; }
  [[nodiscard]] bool is_dry_run() const { return uri.contains("dryRun="); }
};

using RequestPredicate = std::function<bool(const AuditedRequest&)>;

// Every request of one user received since a moment, once each (a watch is one request), in the order of the log. All
// logs of the folder are read: those of further API servers are named *.audit.log.
std::vector<AuditedRequest> audited_requests(const std::filesystem::path& directory, std::string_view user,
                                             std::chrono::system_clock::time_point since);

// One line of an audit log; throws std::runtime_error where it is none.
AuditedRequest parse_audit_line(std::string_view line);

}  // namespace holdfast::cluster
