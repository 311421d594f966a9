// `holdfast keep`: what is tried becomes a commit on a new branch of the developer's own clone, as an edit of the text
// where the field stands. Her working tree stays as it is, and nothing is pushed.
#include <spdlog/fmt/fmt.h>

#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <utility>

#include "app/application_setup.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/kept_value.h"
#include "app/own_definitions.h"
#include "app/yaml_text.h"
#include "holdfast/base/process.h"
#include "sources/application_reader.h"
#include "sources/field_address.h"
#include "sources/object_trace.h"
#include "sources/override_reader.h"
#include "sources/repository_hub.h"
#include "sources/trial.h"
#include "sources/yaml_edit.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr int kKept = 0, kToDo = 1, kTrouble = 2;

// The developer's own git: her name, her configuration, her hooks left out.
class Clone {
 public:
  static Result<Clone> open(const std::string& directory) {
    auto git = find_program("git");
    if (!git) return std::unexpected(git.error());
    Clone clone;
    clone.git_ = std::move(*git);
    std::error_code wrong;
    clone.directory_ = fs::absolute(directory, wrong).string();
    const auto top = clone.run({"rev-parse", "--show-toplevel"});
    if (!top)
      return fail(ErrorKind::NotFound, "this is no clone of a Git repository", clone.directory_,
                  "run it in your clone, or say -C DIRECTORY");
    clone.directory_ = *top;
    return clone;
  }

  // Its output without the last newline; Invalid with what git said.
  Result<std::string> run(std::vector<std::string> arguments, std::string input = {},
                          const std::string& index = {}) const {
    ProcessSpec spec;
    spec.argv = {git_, "-C", directory_, "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    for (const char* name : {"HOME", "PATH", "XDG_CONFIG_HOME", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL",
                             "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GNUPGHOME", "SSH_AUTH_SOCK", "GPG_TTY"})
      if (const char* value = std::getenv(name)) spec.environment.push_back(fmt::format("{}={}", name, value));
    if (!index.empty()) spec.environment.push_back("GIT_INDEX_FILE=" + index);
    spec.input = std::move(input);
    auto done = run_program(spec);
    if (!done) return std::unexpected(done.error());
    if (done->exit_status != 0)
      return fail(ErrorKind::Invalid, fmt::format("git {}: {}", arguments.front(), done->err), directory_);
    std::string out = std::move(done->out);
    if (out.ends_with('\n')) out.pop_back();
    return out;
  }

  [[nodiscard]] const std::string& directory() const { return directory_; }

  Result<std::string> commit_of(const std::string& name) const {
    return run({"rev-parse", "--verify", "--quiet", name + "^{commit}"});
  }
  [[nodiscard]] bool has(const std::string& commit, const std::string& path) const {
    return run({"cat-file", "-e", commit + ":" + path}).has_value();
  }
  // Its contents, to the last byte.
  Result<std::string> file(const std::string& commit, const std::string& path) const {
    auto text = run({"cat-file", "blob", commit + ":" + path});
    if (!text) return text;
    const auto size = run({"cat-file", "-s", commit + ":" + path});
    if (size && std::to_string(text->size()) != *size) *text += '\n';
    return text;
  }

  // A commit with these files, which no branch has yet.
  Result<std::string> commit(const std::string& parent, const std::map<std::string, std::string>& files,
                             const std::string& message) const {
    const auto folder = run({"rev-parse", "--absolute-git-dir"});
    if (!folder) return folder;
    std::random_device random;
    const std::string index = fmt::format("{}/holdfast-keep-{:08x}", *folder, random());
    auto made = commit_with(index, parent, files, message);
    std::error_code ignored;
    fs::remove(index, ignored);
    return made;
  }

 private:
  Result<std::string> commit_with(const std::string& index, const std::string& parent,
                                  const std::map<std::string, std::string>& files, const std::string& message) const {
    if (const auto read = run({"read-tree", parent}, {}, index); !read) return read;
    for (const auto& [path, text] : files) {
      const auto entry = run({"ls-tree", parent, "--", path});
      if (!entry) return entry;
      const std::string mode = entry->substr(0, entry->find(' '));
      const auto blob = run({"hash-object", "-w", "--stdin"}, text);
      if (!blob) return blob;
      const auto added =
          run({"update-index", "--cacheinfo", fmt::format("{},{},{}", mode.empty() ? "100644" : mode, *blob, path)}, {},
              index);
      if (!added) return added;
    }
    const auto tree = run({"write-tree"}, {}, index);
    if (!tree) return tree;
    return run({"commit-tree", *tree, "-p", parent, "-F", "-"}, message);
  }

  std::string git_, directory_;
};

class Keep {
 public:
  Keep(asio::any_io_executor executor, ClusterSession& session, const OverrideOptions& options)
      : executor_(std::move(executor)), session_(session), options_(options) {}

  asio::awaitable<Result<int>> run() {
    if (const Result<void> read = co_await read_objects(); !read) co_return std::unexpected(read.error());
    auto clone = Clone::open(options_.directory);
    if (!clone) co_return std::unexpected(clone.error());
    clone_ = std::move(*clone);
    if (override_.ref) co_return tell_to_merge();
    const auto base = base_commit();
    if (!base) co_return std::unexpected(base.error());
    base_ = *base;
    branch_ = options_.branch.empty() ? "keep/" + override_.name : options_.branch;
    if (clone_->commit_of("refs/heads/" + branch_))
      co_return fail(ErrorKind::Conflict, "there is a branch " + branch_ + " already", clone_->directory(),
                     "delete it, or say --branch NAME");
    const Result<ManifestSetPtr> set = co_await manifests_at(base_);
    if (!set) co_return std::unexpected(set.error());
    std::vector<std::string> to_do;
    for (const OverridePatch& patch : override_.patches)
      if (const Result<void> done = edit(**set, patch); !done) to_do.push_back(by_hand(**set, patch, done.error()));
    if (!to_do.empty()) {
      std::fputs("holdfast: not all of it can be kept by an edit, so nothing was changed. To do by hand:\n", stderr);
      for (const std::string& one : to_do) std::fprintf(stderr, "- %s\n", one.c_str());
      co_return kToDo;
    }
    co_return co_await commit();
  }

 private:
  asio::awaitable<Result<json::value>> get(const ApiResource& resource, std::string name) {
    ApiRequest request;
    request.target = resource_path(resource, session_.namespace_, name);
    co_return co_await ask_json(*session_.client, std::move(request));
  }

  asio::awaitable<Result<void>> read_objects() {
    const auto object = co_await get(override_resource(), options_.name);
    if (!object) co_return std::unexpected(object.error());
    auto read = read_override(object->as_object());
    if (!read) co_return std::unexpected(read.error());
    override_ = std::move(*read);
    const auto application = co_await get(application_resource(), override_.application);
    if (!application) co_return std::unexpected(application.error());
    auto held = read_application(application->as_object(), {.base = "/", .own_namespace = session_.namespace_});
    if (!held) co_return std::unexpected(held.error());
    application_ = std::move(*held);
    co_return Result<void>();
  }

  int tell_to_merge() const {
    const std::string own = application_.source.branch.empty() ? "what it follows" : application_.source.branch;
    std::printf(
        "%s is on %s already: open a pull request from it to %s, and merge that; the override ends by itself "
        "then (Superseded)\n",
        override_.ref->name().c_str(), override_.ref->branch.empty() ? "the remote" : "its branch", own.c_str());
    return kKept;
  }

  // What the application follows, as the clone knows it from its remote, else as it has it itself.
  Result<std::string> base_commit() const {
    std::vector<std::string> names;
    const SourceSpec& source = application_.source;
    if (!options_.base.empty()) {
      names = {options_.base};
    } else if (!source.branch.empty()) {
      names = {"refs/remotes/origin/" + source.branch, "refs/heads/" + source.branch};
    } else if (!source.tag.empty() || !source.commit.empty()) {
      return fail(ErrorKind::Invalid, "the application follows a tag or a commit, so no branch of it can be told", {},
                  "say --base BRANCH");
    } else {
      names = {"refs/remotes/origin/HEAD", "HEAD"};
    }
    for (const std::string& name : names)
      if (auto commit = clone_->commit_of(name)) return commit;
    return fail(ErrorKind::NotFound, "the clone has no " + names.back(), clone_->directory(),
                "fetch it, or say --base REF");
  }

  // As the daemon would read that commit.
  asio::awaitable<Result<ManifestSetPtr>> manifests_at(std::string commit) {
    SetupContext context{options_.cluster.installation, session_.namespace_, {}, false, nullptr};
    context.programs = {options_.kustomize_program, options_.helm_program};
    Application local = application_;
    local.source.verify.reset();
    local.source.credentials_secret.clear();
    local.decryption.reset();
    local.post_build = {};
    auto setup = make_setup(local, context);
    if (!setup) co_return std::unexpected(setup.error());
    setup->source.repo = clone_->directory();
    setup->source.ref = std::move(commit);
    setup->source.semver.clear();
    auto source = make_source(executor_, setup->source);
    if (!source) co_return std::unexpected(source.error());
    Result<ManifestSetPtr> read = co_await (*source)->load();
    (*source)->stop();
    co_return read;
  }

  [[nodiscard]] std::string folder() const {
    std::string path = fs::path(application_.source.path).lexically_normal().string();
    while (path.ends_with('/') || path == ".") path.pop_back();
    return path;
  }
  [[nodiscard]] std::string below_folder(const std::string& name) const {
    const std::string path = folder();
    return path.empty() ? name : path + "/" + name;
  }
  [[nodiscard]] bool is_chart() const { return clone_->has(base_, below_folder("Chart.yaml")); }
  [[nodiscard]] std::string kustomization() const {
    for (const char* name : {"kustomization.yaml", "kustomization.yml", "Kustomization"})
      if (clone_->has(base_, below_folder(name))) return below_folder(name);
    return {};
  }

  Result<void> edit(const ManifestSet& set, const OverridePatch& patch) {
    const auto at = find_target(set, patch.target);
    if (!at) return std::unexpected(at.error());
    const auto place = parse_origin(set.manifests[*at].origin);
    if (!place) return std::unexpected(place.error());
    if (is_chart()) return fail(ErrorKind::Invalid, "it comes out of a chart", place->file);
    const bool shared = !kustomization().empty() && !folder().empty() && !place->file.starts_with(folder() + "/");
    if (shared) return fail(ErrorKind::Invalid, "it comes out of a base that others may use", place->file);
    const auto address = FieldAddress::parse(patch.path);
    if (!address) return std::unexpected(address.error());
    auto text =
        files_.contains(place->file) ? Result<std::string>(files_.at(place->file)) : clone_->file(base_, place->file);
    if (!text) return std::unexpected(text.error());
    auto edited = edit_yaml(*text, place->file, {patch.target.kind, patch.target.name, *address, patch.value});
    if (!edited) return std::unexpected(edited.error());
    files_[place->file] = std::move(*edited);
    return {};
  }

  std::string by_hand(const ManifestSet& set, const OverridePatch& patch, const Error& why) const {
    const std::string wish =
        fmt::format("{} {}: {} = {}", patch.target.kind, patch.target.name, patch.path, to_json(patch.value));
    if (is_chart()) {
      std::vector<SourceFile> values;
      std::vector<std::string> names{"values.yaml"};
      names.insert(names.end(), application_.source.helm.value_files.begin(),
                   application_.source.helm.value_files.end());
      for (const std::string& name : names) {
        const std::string path = fs::path(below_folder(name)).lexically_normal().string();
        if (auto text = clone_->file(base_, path)) values.push_back({path, std::move(*text)});
      }
      const auto at = find_target(set, patch.target);
      const auto address = FieldAddress::parse(patch.path);
      json::value present;
      if (at && address) {
        const json::value body(set.manifests[*at].body);
        if (const json::value* found = find_at(body, *address)) present = *found;
      }
      const std::string where = describe_values(values_like(values, patch.path, present));
      return fmt::format("{} comes out of a chart; {}", wish,
                         where.empty()
                             ? "no value of it has what it is now, so look into its templates, at " + why.where
                             : "change " + where);
    }
    const auto object = find_target(set, patch.target);
    const std::string api_version = object ? set.manifests[*object].gvk.api_version() : std::string("v1");
    if (const std::string file = kustomization(); !file.empty())
      return fmt::format("{} is not written where only this application has it ({}); add to {}:\n{}", wish,
                         describe(why), file, kustomize_patch(patch, api_version));
    return fmt::format("{}: {}", wish, describe(why));
  }

  [[nodiscard]] std::string message() const {
    std::string text = fmt::format("Keep what was tried on {}: {}\n", override_.application, override_.name);
    text += fmt::format("\n{}\n", what_is_tried(override_));
    if (!override_.reason.empty()) text += override_.reason + "\n";
    text += fmt::format("\nTried by {} in {}, as the Override {}.\n", override_.requested_by, session_.namespace_,
                        override_.name);
    return text;
  }

  asio::awaitable<Result<int>> commit() {
    const auto commit = clone_->commit(base_, files_, message());
    if (!commit) co_return std::unexpected(commit.error());
    const Result<ManifestSetPtr> kept = co_await manifests_at(*commit);
    if (!kept) co_return std::unexpected(kept.error());
    const PatchedSet patched = with_patches(*kept, {{override_.name, override_.patches}});
    const TrialOutcome::Part& part = patched.parts.at(override_.name);
    if (part.error || part.differs)
      co_return fail(ErrorKind::Invalid, "the edit does not make the application what was tried, so it is not kept",
                     files_.begin()->first, "something else sets the field as well; change that");
    const auto made = clone_->run({"update-ref", "refs/heads/" + branch_, *commit, ""});
    if (!made) co_return std::unexpected(made.error());
    const auto shown = clone_->run({"show", "--stat", "--format=", *commit});
    std::printf("%s\n%s is %s, on top of %s; nothing was pushed:\n  git push origin %s\n", shown ? shown->c_str() : "",
                branch_.c_str(), commit->substr(0, 12).c_str(), base_.substr(0, 12).c_str(), branch_.c_str());
    co_return kKept;
  }

  asio::any_io_executor executor_;
  ClusterSession& session_;
  const OverrideOptions& options_;
  Override override_;
  Application application_;
  std::optional<Clone> clone_;
  std::string base_, branch_;
  std::map<std::string, std::string> files_;  // as they are to be
};

}  // namespace

int keep_command(const OverrideOptions& options) {
  return run_in_session(options.cluster, kTrouble,
                        [&](asio::any_io_executor executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          Keep keep(std::move(executor), session, options);
                          co_return co_await keep.run();
                        });
}

}  // namespace holdfast
