#include "sources/git_mirror.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "holdfast/base/digest.h"
#include "sources/file_descriptor.h"
#include "sources/git_failure.h"
#include "sources/git_tree.h"

namespace holdfast {
namespace {

// Held while objects arrive; other processes wait for it.
Result<FileDescriptor> lock_file(const std::string& path, std::chrono::milliseconds patience,
                                 const std::stop_token& stop) {
  FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return fail(ErrorKind::Internal, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail(ErrorKind::Internal, fmt::format("cannot lock {}: {}", path, std::strerror(errno)));
    if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "stopped");
    if (std::chrono::steady_clock::now() > deadline)
      return fail(ErrorKind::Timeout, fmt::format("another process holds {} for too long", path));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return lock;
}

// GIT_SSH_COMMAND is read by a shell.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

// "https://host", to which alone the header is sent.
std::string origin_of(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  return url.substr(0, url.find('/', host));
}

std::string_view short_name(std::string_view ref) {
  for (std::string_view prefix : {"refs/heads/", "refs/tags/"})
    if (ref.starts_with(prefix)) return ref.substr(prefix.size());
  return ref;
}

ResolvedRef resolved_as(std::string ref, std::string object) {
  std::string revision = fmt::format("{}@sha1:{}", short_name(ref), object);
  return {std::move(object), std::move(ref), std::move(revision)};
}

}  // namespace

GitMirror::GitMirror(GitMirrorOptions options, GitUrl url, std::string git)
    : options_(std::move(options)),
      url_(std::move(url)),
      git_(std::move(git)),
      repository_(fmt::format("{}/{}.git", options_.cache_folder, to_hex(sha256(url_.text)))) {}

Result<GitMirror> GitMirror::open(GitMirrorOptions options) {
  auto url = parse_git_url(options.url);
  if (!url) return std::unexpected(url.error());
  options.url.clear();  // may hold a password
  auto git = find_program("git");
  if (!git) return std::unexpected(git.error());
  std::error_code failed;
  std::filesystem::path folder = std::filesystem::absolute(options.cache_folder, failed);
  std::filesystem::create_directories(folder, failed);
  if (failed)
    return fail(ErrorKind::Invalid, fmt::format("cannot make the cache folder: {}", failed.message()), folder.string(),
                "give a folder that may be written to");
  options.cache_folder = folder.string();
  GitMirror mirror(std::move(options), std::move(*url), std::move(*git));
  if (auto prepared = mirror.prepare(); !prepared) return std::unexpected(prepared.error());
  return mirror;
}

Result<void> GitMirror::prepare() const {
  auto lock = lock_file(repository_ + ".lock", options_.fetch_deadline, options_.stop);
  if (!lock) return std::unexpected(lock.error());
  // upload-pack of a local repository reads this file and nothing that we could set in its environment; it runs no hook
  // and no program of that repository's configuration, so the owner does not matter.
  const std::string config = options_.cache_folder + "/gitconfig", fresh = repository_ + ".gitconfig";
  std::ofstream(fresh, std::ios::trunc) << "[safe]\n\tdirectory = *\n";
  std::error_code failed;
  std::filesystem::rename(fresh, config, failed);
  if (failed) return fail(ErrorKind::Internal, fmt::format("cannot write {}: {}", config, failed.message()));
  if (std::filesystem::exists(repository_ + "/HEAD", failed)) return {};
  auto made = git({"init", "--quiet", "--bare", "--template=", "--", repository_}, options_.query_deadline);
  if (!made) return std::unexpected(made.error());
  if (made->exit_status != 0) return std::unexpected(git_failure(made->err, repository_));
  return {};
}

std::string GitMirror::ssh_command() const {
  const GitCredentials& with = options_.credentials;
  std::string command =
      "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oConnectTimeout=20 -oForwardAgent=no -oControlPath=none";
  if (!with.known_hosts_file.empty())
    command += " " + shell_quoted(fmt::format("-oUserKnownHostsFile=\"{}\"", with.known_hosts_file)) +
               " -oGlobalKnownHostsFile=/dev/null";
  if (!with.ssh_key_file.empty()) command += " -oIdentitiesOnly=yes -i " + shell_quoted(with.ssh_key_file);
  return command;
}

std::vector<std::string> GitMirror::environment() const {
  const GitCredentials& with = options_.credentials;
  std::vector<std::string> list = {
      fmt::format("PATH={}", kProgramPath),
      fmt::format("HOME={}", with.home.empty() ? "/nonexistent" : with.home),
      "LC_ALL=C",
      "GIT_CONFIG_NOSYSTEM=1",
      fmt::format("GIT_CONFIG_GLOBAL={}/gitconfig", options_.cache_folder),
      "GIT_TERMINAL_PROMPT=0",
      "GIT_ASKPASS=/bin/false",
      "SSH_ASKPASS=/bin/false",
      "GIT_ALLOW_PROTOCOL=file:https:http:ssh",
      fmt::format("GIT_SSH_COMMAND={}", ssh_command()),
      "GIT_SSH_VARIANT=ssh",
  };
  if (!with.ssh_auth_sock.empty()) list.push_back("SSH_AUTH_SOCK=" + with.ssh_auth_sock);
  std::vector<std::pair<std::string, std::string>> settings = {{"protocol.version", "2"},
                                                               {"credential.helper", ""},
                                                               {"core.hooksPath", "/dev/null"},
                                                               {"gc.auto", "0"},
                                                               {"maintenance.auto", "false"},
                                                               {"fetch.recurseSubmodules", "false"},
                                                               {"fetch.showForcedUpdates", "false"},
                                                               {"http.lowSpeedLimit", "1"},
                                                               {"http.lowSpeedTime", "60"}};
  const bool given = !with.password.empty();
  const std::string_view password = given ? with.password.reveal() : url_.password.reveal();
  std::string username = given && !with.username.empty() ? with.username : url_.username;
  if (url_.http && (!password.empty() || !username.empty())) {
    if (username.empty()) username = "x-access-token";
    settings.emplace_back(fmt::format("http.{}/.extraHeader", origin_of(url_.text)),
                          "Authorization: Basic " + base64_encode(username + ":" + std::string(password)));
    // Git sends the header to wherever it is redirected.
    settings.emplace_back("http.followRedirects", "false");
  }
  if (!with.ca_file.empty()) settings.emplace_back("http.sslCAInfo", with.ca_file);
  for (std::size_t i = 0; i < settings.size(); ++i) {
    list.push_back(fmt::format("GIT_CONFIG_KEY_{}={}", i, settings[i].first));
    list.push_back(fmt::format("GIT_CONFIG_VALUE_{}={}", i, settings[i].second));
  }
  list.push_back(fmt::format("GIT_CONFIG_COUNT={}", settings.size()));
  return list;
}

Result<ProcessOutput> GitMirror::git(std::vector<std::string> arguments, std::chrono::milliseconds deadline) const {
  ProcessSpec spec;
  spec.argv = std::move(arguments);
  spec.argv.insert(spec.argv.begin(), git_);
  spec.environment = environment();
  spec.deadline = deadline;
  spec.stop = options_.stop;
  auto output = run_program(spec);
  if (!output && output.error().where.empty()) output.error().where = url_.text;
  return output;
}

Result<std::vector<GitMirror::RemoteRef>> GitMirror::list_refs(std::vector<std::string> patterns) const {
  patterns.insert(patterns.begin(), {"ls-remote", "--symref", "--", url_.text});
  auto output = git(std::move(patterns), options_.query_deadline);
  if (!output) return std::unexpected(output.error());
  if (output->exit_status != 0) return std::unexpected(git_failure(output->err, url_.text));
  std::vector<RemoteRef> refs;
  std::string symbolic_target;
  std::string_view text = output->out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    const std::string_view left = line.substr(0, tab), name = line.substr(tab + 1);
    if (left.starts_with("ref: ")) {
      symbolic_target = left.substr(5);  // the line that names the object follows
      continue;
    }
    if (!is_commit_id(left))
      return fail(ErrorKind::Invalid, "the repository does not name its objects by SHA-1", url_.text,
                  "SHA-256 is not supported");
    refs.push_back(RemoteRef{std::string(name), std::string(left), name == "HEAD" ? symbolic_target : std::string()});
  }
  return refs;
}

Result<ResolvedRef> GitMirror::resolve(const std::string& ref) const {
  if (auto checked = check_git_ref(ref); !checked) return std::unexpected(checked.error());
  if (is_commit_id(ref)) return ResolvedRef{ref, {}, "sha1:" + ref};
  if (!ref.empty() && ref != "HEAD") return resolve_name(ref);
  auto refs = list_refs({"HEAD"});
  if (!refs) return std::unexpected(refs.error());
  for (RemoteRef& found : *refs)
    if (found.name == "HEAD") {
      const bool named = !found.symbolic_target.empty();
      return resolved_as(named ? std::move(found.symbolic_target) : "HEAD", std::move(found.object));
    }
  return fail(ErrorKind::NotFound, "the repository's default branch has no commit yet", url_.text,
              "push one, or give --ref");
}

Result<ResolvedRef> GitMirror::resolve_name(const std::string& ref) const {
  const bool full = ref.starts_with("refs/");
  const std::string branch = full ? ref : "refs/heads/" + ref, tag = full ? ref : "refs/tags/" + ref;
  auto refs = list_refs({branch, tag, tag + "^{}"});
  if (!refs) return std::unexpected(refs.error());
  // A pattern matches the end of longer names as well.
  auto object_of = [&](const std::string& name) -> std::optional<std::string> {
    for (const RemoteRef& found : *refs)
      if (found.name == name) return found.object;
    return std::nullopt;
  };
  auto peeled = object_of(tag + "^{}");
  if (!peeled) peeled = object_of(tag);
  const auto head = full ? std::nullopt : object_of(branch);
  if (head && peeled)
    return fail(ErrorKind::Invalid, fmt::format("{} is a branch and a tag", ref), url_.text,
                fmt::format("write --ref refs/heads/{0} or --ref refs/tags/{0}", ref));
  if (head) return resolved_as(branch, *head);
  if (peeled) return resolved_as(tag, *peeled);
  return std::unexpected(no_such_ref(ref));
}

Error GitMirror::no_such_ref(const std::string& ref) const {
  constexpr std::size_t kShown = 8;
  Error error{ErrorKind::NotFound, fmt::format("there is no branch or tag {}", ref), url_.text, "check --ref"};
  const auto refs = list_refs({"refs/heads/*", "refs/tags/*"});
  if (!refs) return error;
  std::string names;
  std::size_t count = 0;
  for (const RemoteRef& found : *refs) {
    if (found.name.ends_with("^{}") || ++count > kShown) continue;
    names += (names.empty() ? "" : ", ") + std::string(short_name(found.name));
  }
  if (count == 0)
    error.hint = "the repository has no branch and no tag yet";
  else
    error.hint =
        fmt::format("there are: {}{}", names, count > kShown ? fmt::format(" and {} more", count - kShown) : "");
  return error;
}

Result<std::string> GitMirror::fetch(const ResolvedRef& resolved) const {
  // The ref is written last, so it says that everything below it is here.
  const std::string kept = "refs/holdfast/" + resolved.object;
  if (!git_ref_target(repository_, kept)) {
    auto lock = lock_file(repository_ + ".lock", options_.fetch_deadline, options_.stop);
    if (!lock) return std::unexpected(lock.error());
    if (!git_ref_target(repository_, kept))
      if (auto done = transfer(resolved); !done) return std::unexpected(done.error());
  }
  return peel_to_commit(repository_, resolved.object);
}

Result<void> GitMirror::transfer(const ResolvedRef& resolved) const {
  const std::string kept = "refs/holdfast/" + resolved.object;
  auto output = git({"--git-dir=" + repository_, "fetch", "--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head",
                     "--no-auto-maintenance", "--", url_.text, fmt::format("+{}:{}", resolved.object, kept)},
                    options_.fetch_deadline);
  if (!output) return std::unexpected(output.error());
  if (output->exit_status == 0) return {};
  if (!is_unadvertised_object(output->err)) return std::unexpected(git_failure(output->err, url_.text));
  return transfer_history(resolved);
}

// For servers that hand out branches and tags only: everything, and then look.
Result<void> GitMirror::transfer_history(const ResolvedRef& resolved) const {
  std::vector<std::string> arguments = {
      "--git-dir=" + repository_, "fetch",  "--quiet", "--no-tags", "--no-write-fetch-head",
      "--no-auto-maintenance",    "--prune"};
  std::error_code failed;
  if (std::filesystem::exists(repository_ + "/shallow", failed)) arguments.emplace_back("--unshallow");
  arguments.insert(arguments.end(),
                   {"--", url_.text, "+refs/heads/*:refs/history/heads/*", "+refs/tags/*:refs/history/tags/*"});
  auto output = git(std::move(arguments), options_.fetch_deadline);
  if (!output) return std::unexpected(output.error());
  if (output->exit_status != 0) return std::unexpected(git_failure(output->err, url_.text));
  if (!peel_to_commit(repository_, resolved.object))
    return fail(ErrorKind::NotFound, fmt::format("no branch and no tag leads to commit {}", resolved.object), url_.text,
                "it may have been removed by a forced push; check --ref");
  auto kept = git({"--git-dir=" + repository_, "update-ref", "refs/holdfast/" + resolved.object, resolved.object},
                  options_.query_deadline);
  if (!kept) return std::unexpected(kept.error());
  if (kept->exit_status != 0) return std::unexpected(git_failure(kept->err, repository_));
  return {};
}

Result<SourceTree> GitMirror::read_tree(const std::string& commit, const std::string& revision,
                                        const std::string& subpath, ReadLimits limits) const {
  auto normal = normal_subpath(subpath);
  if (!normal) return std::unexpected(normal.error());
  auto tree = read_git_tree(repository_, commit, revision, *normal, limits);
  if (!tree && tree.error().where.empty()) tree.error().where = url_.text;
  return tree;
}

}  // namespace holdfast
