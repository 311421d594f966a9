#include "sources/generator_source.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <utility>

#include "sources/branch_slug.h"
#include "sources/file_choice.h"
#include "sources/git_url.h"

namespace holdfast {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr std::size_t kMostFolders = 50'000;  // that are looked at

// Of the whole name: a glob without a slash would otherwise be about the last part of it.
bool matches_whole(const std::string& glob, std::string_view name) {
  return !glob.empty() && glob_matches("r/" + glob, fmt::format("r/{}", name));
}

// What all names that match begin with.
std::string literal_start(const std::string& glob) { return glob.substr(0, glob.find_first_of("*?")); }

class FolderWalk {
 public:
  FolderWalk(const DirectoryGenerator& generator, RevisionTree& tree) : generator_(generator), tree_(tree) {}

  Result<std::vector<std::string>> walk() {
    if (auto walked = below({}); !walked) return std::unexpected(std::move(walked.error()));
    return std::move(found_);
  }

 private:
  Result<void> below(const std::string& folder) {
    auto entries = tree_.list(folder);
    if (!entries) return std::unexpected(std::move(entries.error()));
    for (const TreeEntry& entry : *entries) {
      if (entry.kind != TreeEntry::Kind::Folder || entry.name.starts_with('.')) continue;
      const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
      if (++looked_at_ > kMostFolders)
        return fail(ErrorKind::TooLarge, fmt::format("more than {} folders", kMostFolders), path,
                    "begin spec.generators[].directories.paths with a folder");
      if (takes(path)) found_.push_back(path);
      if (found_.size() > kMostElements)
        return fail(ErrorKind::TooLarge, fmt::format("more than {} folders match", kMostElements), {},
                    "narrow spec.generators[].directories.paths");
      if (!may_have(path)) continue;
      if (auto walked = below(path); !walked) return walked;
    }
    return {};
  }

  [[nodiscard]] bool takes(const std::string& path) const {
    const auto match = [&](const std::string& glob) { return matches_whole(glob, path); };
    return std::ranges::any_of(generator_.paths, match) && std::ranges::none_of(generator_.exclude, match);
  }

  // Whether a folder below may match.
  [[nodiscard]] bool may_have(const std::string& path) const {
    const auto depth = std::ranges::count(path, '/');
    return std::ranges::any_of(generator_.paths, [&](const std::string& glob) {
      const std::string start = literal_start(glob);
      const std::string inside = path + "/";
      if (!start.starts_with(inside) && !inside.starts_with(start.substr(0, inside.size()))) return false;
      return glob.find("**") != std::string::npos || depth < std::ranges::count(glob, '/');
    });
  }

  const DirectoryGenerator& generator_;
  RevisionTree& tree_;
  std::vector<std::string> found_;
  std::size_t looked_at_ = 0;
};

class ListSource final : public GeneratorSource {
 public:
  ListSource(boost::asio::any_io_executor executor, GeneratorReading reading, GeneratorHeard heard)
      : executor_(std::move(executor)), reading_(std::move(reading)), heard_(std::move(heard)) {
    look();
  }
  void look() override {
    boost::asio::post(executor_, [weak = std::weak_ptr<bool>(alive_), this] {
      if (!weak.expired()) heard_(Clock::now(), reading_);
    });
  }

 private:
  boost::asio::any_io_executor executor_;
  GeneratorReading reading_;
  GeneratorHeard heard_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The times of commits never change, so that each is asked for once.
class BranchSource final : public GeneratorSource, public SharedRepository::RefsFollower {
 public:
  BranchSource(std::shared_ptr<SharedRepository> repository, BranchGenerator generator, GeneratorHeard heard)
      : repository_(std::move(repository)), generator_(std::move(generator)), heard_(std::move(heard)) {
    repository_->join(*this);
    repository_->ask();
  }
  ~BranchSource() override { repository_->leave(*this); }

  void look() override { repository_->look_now(); }

  [[nodiscard]] std::vector<std::string> patterns() const override {
    const std::string start = literal_start(generator_.match);
    return {"HEAD", fmt::format("{}{}{}", kHeads, start, start == generator_.match ? "" : "*")};
  }
  [[nodiscard]] std::chrono::milliseconds interval() const override { return generator_.interval; }

  void refs_looked(std::uint64_t /*look*/, Clock::time_point begun, const Result<RemoteRefs>& refs) override {
    if (!refs) return heard_(begun, std::unexpected(refs.error()));
    GeneratorReading reading = branches_of(generator_, *refs);
    if (!reading || (!generator_.time_to_live && reading->size() <= generator_.max)) return heard_(begun, reading);
    std::vector<ResolvedRef> unknown;
    for (const GeneratedElement& element : *reading) {
      const std::string& commit = element.parameters.at("commit");
      if (!times_->contains(commit))
        unknown.push_back(resolved_as(fmt::format("{}{}", kHeads, element.parameters.at("branch")), commit));
    }
    if (unknown.empty()) return tell(begun, std::move(*reading));
    ask_times(begun, std::move(*reading), std::move(unknown));
  }

 private:
  using Times = std::map<std::string, std::int64_t>;

  void ask_times(Clock::time_point begun, std::vector<GeneratedElement> elements, std::vector<ResolvedRef> unknown) {
    auto told = std::make_shared<Times>();
    repository_->inspect(
        std::move(unknown),
        [told](const ResolvedRef& at, const Result<std::shared_ptr<RevisionTree>>& tree) {
          if (tree) (*told)[at.object] = (*tree)->committed_s();
        },
        [weak = std::weak_ptr<Times>(times_), told, begun, elements = std::move(elements), this]() mutable {
          if (weak.expired()) return;  // and this with it
          times_->merge(*told);
          tell(begun, std::move(elements));
        });
  }

  void tell(Clock::time_point begun, std::vector<GeneratedElement> elements) {
    Times kept;
    for (GeneratedElement& element : elements) {
      const auto found = times_->find(element.parameters.at("commit"));
      if (found == times_->end()) continue;
      element.committed_s = found->second;
      kept.insert(*found);
    }
    *times_ = std::move(kept);
    heard_(begun, std::move(elements));
  }

  std::shared_ptr<SharedRepository> repository_;
  BranchGenerator generator_;
  GeneratorHeard heard_;
  std::shared_ptr<Times> times_ = std::make_shared<Times>();
};

class DirectorySource final : public GeneratorSource, public SharedRepository::Follower {
 public:
  DirectorySource(std::shared_ptr<SharedRepository> repository, DirectoryGenerator generator, GeneratorHeard heard)
      : repository_(std::move(repository)),
        generator_(std::make_shared<DirectoryGenerator>(std::move(generator))),
        wish_{generator_->ref, generator_->semver},
        heard_(std::move(heard)) {
    repository_->join(*this);
    repository_->ask();
  }
  ~DirectorySource() override { repository_->leave(*this); }

  void look() override { repository_->look_now(); }

  [[nodiscard]] const RefWish& wish() const override { return wish_; }
  [[nodiscard]] std::chrono::milliseconds interval() const override { return generator_->interval; }
  [[nodiscard]] std::shared_ptr<const Rendering> last() const override { return nullptr; }

  // Listed anew each time: a reading that came out short is not to be remembered.
  void looked(std::uint64_t /*look*/, const Result<ResolvedRef>& found,
              const std::optional<BegunRevision>& /*same*/) override {
    const Clock::time_point begun = repository_->last_begun();
    if (!found) return heard_(begun, std::unexpected(found.error()));
    auto reading = std::make_shared<GeneratorReading>(std::unexpected(Error{}));
    repository_->inspect(
        {*found},
        [reading, generator = generator_](const ResolvedRef& at, const Result<std::shared_ptr<RevisionTree>>& tree) {
          *reading = tree ? folders_of(*generator, **tree, at.object) : std::unexpected(tree.error());
        },
        [weak = std::weak_ptr<DirectoryGenerator>(generator_), reading, begun, this] {
          if (!weak.expired()) heard_(begun, *reading);
        });
  }

 private:
  std::shared_ptr<SharedRepository> repository_;
  std::shared_ptr<DirectoryGenerator> generator_;
  RefWish wish_;
  GeneratorHeard heard_;
};

Result<std::shared_ptr<SharedRepository>> open(RepositoryHub& hub, const std::string& url, const std::string& secret,
                                               const GeneratorAccess& access) {
  GitMirrorOptions mirror{.url = url, .cache_folder = access.cache_folder};
  if (const char* agent = std::getenv("SSH_AUTH_SOCK"); agent != nullptr) mirror.credentials.ssh_auth_sock = agent;
  AccessWishes wishes;
  wishes.namespace_ = access.namespace_;
  wishes.ssh_auth_sock = mirror.credentials.ssh_auth_sock;
  wishes.credentials_secret = secret;
  return hub.open(mirror, {}, wishes, access.values);
}

}  // namespace

GeneratorReading branches_of(const BranchGenerator& generator, const RemoteRefs& refs) {
  std::vector<GeneratedElement> elements;
  for (const auto& [ref, commit] : refs.objects) {
    if (!ref.starts_with(kHeads)) continue;
    const std::string branch = ref.substr(kHeads.size());
    if (!matches_whole(generator.match, branch) || matches_whole(generator.exclude, branch)) continue;
    elements.push_back({"branch " + branch, {{"branch", branch}, {"branchSlug", slug_of(branch)}, {"commit", commit}}});
  }
  if (elements.empty() && refs.find("HEAD") == nullptr)
    return fail(ErrorKind::NotFound, "the repository shows neither a default branch nor one that matches",
                without_credentials(generator.repo_url), "check that it is the right one, and all there");
  if (elements.size() > kMostElements)
    return fail(ErrorKind::TooLarge, fmt::format("more than {} branches match", kMostElements), {},
                "narrow spec.generators[].branches.match");
  return elements;
}

GeneratorReading folders_of(const DirectoryGenerator& generator, RevisionTree& tree, const std::string& commit) {
  auto folders = FolderWalk(generator, tree).walk();
  if (!folders) return std::unexpected(std::move(folders.error()));
  std::vector<GeneratedElement> elements;
  for (const std::string& path : *folders) {
    const std::size_t slash = path.rfind('/');
    elements.push_back({"folder " + path,
                        {{"path", path},
                         {"pathBase", slash == std::string::npos ? path : path.substr(slash + 1)},
                         {"pathSlug", slug_of(path)},
                         {"commit", commit}}});
  }
  return elements;
}

GeneratorReading elements_of(const ListGenerator& generator) {
  std::vector<GeneratedElement> elements;
  for (const TemplateParameters& one : generator.elements) {
    std::string name = "element";  // by what it says: its place may change
    for (const auto& [key, value] : one) name += fmt::format(" {}={}", key, value.substr(0, 60));
    elements.push_back({name.substr(0, 400), one});
  }
  return elements;
}

Result<std::unique_ptr<GeneratorSource>> make_generator_source(boost::asio::any_io_executor executor,
                                                               std::shared_ptr<RepositoryHub> hub, Generator generator,
                                                               GeneratorAccess access, GeneratorHeard heard) {
  if (const auto* list = std::get_if<ListGenerator>(&generator))
    return std::make_unique<ListSource>(std::move(executor), elements_of(*list), std::move(heard));
  const auto* branches = std::get_if<BranchGenerator>(&generator);
  const auto* directories = std::get_if<DirectoryGenerator>(&generator);
  auto repository = open(*hub, branches != nullptr ? branches->repo_url : directories->repo_url,
                         branches != nullptr ? branches->secret : directories->secret, access);
  if (!repository) return std::unexpected(std::move(repository.error()));
  if (branches != nullptr) return std::make_unique<BranchSource>(std::move(*repository), *branches, std::move(heard));
  return std::make_unique<DirectorySource>(std::move(*repository), *directories, std::move(heard));
}

}  // namespace holdfast
