#include "sources/git_failure.h"

#include <algorithm>
#include <string>

#include "sources/git_url.h"

namespace holdfast {
namespace {

bool says(std::string_view text, std::initializer_list<std::string_view> phrases) {
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](auto phrase) { return text.find(phrase) != std::string_view::npos; });
}

// The line that Git means: the first fatal one, or else the last. "Could not read from remote repository" only says
// that ssh has said why in the line before.
std::string_view telling_line(std::string_view text) {
  std::string_view last;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("fatal: Could not read from remote") && !last.empty()) return last;
    if (line.starts_with("fatal: ")) return line.substr(7);
    if (!line.empty()) last = line;
  }
  return last.empty() ? "git failed and said nothing" : last;
}

}  // namespace

Error git_failure(std::string_view stderr_text, std::string_view url) {
  const std::string where = without_credentials(url);
  std::string line = without_credentials(telling_line(stderr_text).substr(0, 500));
  if (says(stderr_text, {"Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED"}))
    return {ErrorKind::Forbidden, "the SSH host key is not known, or is another than the known one", where,
            "check the host's key and add it to the file of --known-hosts"};
  if (says(stderr_text,
           {"could not read Username", "could not read Password", "Authentication failed", "Permission denied (",
            "Invalid username or", "The requested URL returned error: 401", "terminal prompts disabled"}))
    return {ErrorKind::Unauthorized, "the repository wants other credentials, or any: " + line, where,
            "give what may read it with --git-password-file or --ssh-key"};
  if (says(stderr_text, {"The requested URL returned error: 403"}))
    return {ErrorKind::Forbidden, "the repository does not let us read: " + line, where,
            "give a token that may read it"};
  if (says(stderr_text, {"The requested URL returned error: 30"}))
    return {ErrorKind::Invalid, "the server sends us elsewhere, where credentials do not follow: " + line, where,
            "give --repo the address that it redirects to, often the same with .git at its end"};
  if (says(stderr_text,
           {"Could not resolve host", "Connection refused", "Connection timed out", "Network is unreachable",
            "No route to host", "Failed to connect", "Connection reset", "Operation timed out",
            "Temporary failure in name resolution", "Name or service not known", "early EOF", "unexpected disconnect",
            "hung up unexpectedly", "Operation too slow", "returned error: 5"}))
    return {ErrorKind::Unreachable, line, where, "it is tried again"};
  if (says(stderr_text, {"SSL certificate", "certificate verify", "server certificate"}))
    return {ErrorKind::Forbidden, "the server's certificate is not trusted: " + line, where,
            "give it with --git-ca-file, or install its CA on this machine"};
  if (says(stderr_text,
           {"does not appear to be a git repository", "Repository not found", "repository not found", "not found",
            "does not exist", "No such file or directory", "The requested URL returned error: 404"}))
    return {ErrorKind::NotFound, "no such repository, or none that these credentials may see: " + line, where,
            "check --repo"};
  if (says(stderr_text, {"transport '"}))
    return {ErrorKind::Invalid, line, where, "use https://, ssh:// or a directory"};
  return {ErrorKind::Internal, line, where, {}};
}

bool is_unadvertised_object(std::string_view stderr_text) {
  return says(stderr_text, {"not our ref", "unadvertised object", "couldn't find remote ref"});
}

}  // namespace holdfast
