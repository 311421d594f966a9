// A bare cache of one remote repository. The git program moves the objects (it speaks today's protocols and key types);
// libgit2 reads them (git_tree.h).
//
// Blocks; one thread at a time. Several processes may share a cache folder: whoever fetches holds a file lock. Git runs
// without a shell of ours, with a fixed environment, never asks, uses no configuration of the machine or the user, and
// speaks file, https and ssh only. Credentials reach it through its environment, not its arguments.
//
// Errors: NotFound (repository, ref, path), Unauthorized, Forbidden, Unreachable, Timeout, Cancelled, Invalid,
// TooLarge, Internal; always with the URL without credentials.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"
#include "sources/git_url.h"
#include "sources/process.h"
#include "sources/source_tree.h"

namespace holdfast {

struct GitCredentials {
  std::string username;          // http(s); empty with a password: "x-access-token", which the forges take
  Secret password;               // password or token
  std::string ssh_key_file;      // empty: those of the agent or of the user
  std::string known_hosts_file;  // empty: the user's
  std::string ssh_auth_sock;     // empty: no agent
  std::string home;              // for ssh; empty: none
  std::string ca_file;           // of https, instead of the machine's CAs; empty: those
};

struct GitMirrorOptions {
  std::string url;
  std::string cache_folder;  // made where missing; everything of ours lies below it
  GitCredentials credentials = {};
  std::chrono::milliseconds query_deadline{30'000}, fetch_deadline{600'000};
  std::stop_token stop = {};
};

struct ResolvedRef {
  std::string object;      // 40 hex: a commit, or a tag object where a raw id was asked for
  std::string remote_ref;  // "refs/heads/main"; empty for a raw id
  std::string revision;    // "main@sha1:<40 hex>"; "sha1:<40 hex>" for a raw id
};

class GitMirror {
 public:
  static Result<GitMirror> open(GitMirrorOptions options);

  // One small query. `ref`: "", "HEAD", a branch, a tag (peeled), "refs/…", or a commit id (no query at all). A name
  // that is both a branch and a tag is Invalid; an unknown one NotFound, and names some that exist.
  Result<ResolvedRef> resolve(const std::string& ref) const;

  // Brings the object and its tree here unless they are here; the commit it names.
  Result<std::string> fetch(const ResolvedRef& resolved) const;

  Result<SourceTree> read_tree(const std::string& commit, const std::string& revision, const std::string& subpath,
                               ReadLimits limits = {}) const;

  [[nodiscard]] const std::string& url() const { return url_.text; }

 private:
  struct RemoteRef {
    std::string name, object, symbolic_target;
  };
  GitMirror(GitMirrorOptions options, GitUrl url, std::string git);
  [[nodiscard]] std::vector<std::string> environment() const;
  [[nodiscard]] std::string ssh_command() const;
  Result<void> prepare() const;
  Result<ProcessOutput> git(std::vector<std::string> arguments, std::chrono::milliseconds deadline) const;
  Result<std::vector<RemoteRef>> list_refs(std::vector<std::string> patterns) const;
  Result<ResolvedRef> resolve_name(const std::string& ref) const;
  [[nodiscard]] Error no_such_ref(const std::string& ref) const;
  Result<void> transfer(const ResolvedRef& resolved) const;
  Result<void> transfer_history(const ResolvedRef& resolved) const;

  GitMirrorOptions options_;
  GitUrl url_;
  std::string git_, repository_;
};

}  // namespace holdfast
