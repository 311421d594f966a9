#include "sources/repository_hub.h"

#include <utility>

#include "holdfast/base/digest.h"
#include "sources/git_url.h"

namespace holdfast {
namespace {

// What makes two repositories the same for us. Only a digest of it is kept, for it has a password in it.
std::string key_of(const GitMirrorOptions& mirror, const AccessWishes& wishes) {
  const GitCredentials& with = mirror.credentials;
  std::string text;
  for (const std::string_view part :
       {std::string_view(mirror.url), std::string_view(mirror.cache_folder), std::string_view(with.username),
        with.password.reveal(), std::string_view(with.ssh_key_file), std::string_view(with.known_hosts_file),
        std::string_view(with.ssh_auth_sock), std::string_view(with.home), std::string_view(with.ca_file),
        std::string_view(wishes.files.username), std::string_view(wishes.files.password),
        std::string_view(wishes.files.ssh_key), std::string_view(wishes.files.known_hosts),
        std::string_view(wishes.files.ca), std::string_view(wishes.credentials_secret),
        wishes.credentials_secret.empty() ? std::string_view() : std::string_view(wishes.namespace_)}) {
    text += part;
    text += '\0';
  }
  return to_hex(sha256(text));
}

}  // namespace

RepositoryHub::RepositoryHub(boost::asio::any_io_executor executor, std::shared_ptr<boost::asio::thread_pool> workers,
                             bool logs)
    : executor_(std::move(executor)),
      workers_(workers != nullptr ? std::move(workers) : std::make_shared<boost::asio::thread_pool>(1)),
      turns_(std::make_shared<TurnQueue>(executor_)),
      counters_(std::make_shared<ReadCounters>()),
      logs_(logs) {}

Result<std::shared_ptr<SharedRepository>> RepositoryHub::open(const GitMirrorOptions& mirror,
                                                              const std::string& local_git_dir,
                                                              const AccessWishes& wishes, ClusterValues* values) {
  std::erase_if(repositories_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<SharedRepository>& place = repositories_[key_of(mirror, wishes)];
  if (auto known = place.lock()) return known;
  SharedRepositoryOptions options{
      .mirror = mirror, .local_git_dir = local_git_dir, .counters = counters_, .logs = logs_, .turns = turns_};
  if (wishes.names_credentials()) {
    auto url = parse_git_url(mirror.url);
    if (!url) return std::unexpected(url.error());
    options.access = std::make_shared<AccessKeeper>(executor_, values, wishes.credentials(), std::move(*url),
                                                    mirror.cache_folder, std::stop_token());
  }
  auto made = std::make_shared<SharedRepository>(executor_, workers_, std::move(options));
  if (auto watched = made->watch(); !watched) return std::unexpected(watched.error());
  place = made;
  return made;
}

std::size_t RepositoryHub::size() const {
  std::size_t count = 0;
  for (const auto& [key, weak] : repositories_) count += weak.expired() ? 0 : 1;
  return count;
}

}  // namespace holdfast
