#include "app/config_follower.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <set>
#include <utility>

#include "holdfast/merge/field_pattern.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kFolderGone{1000};  // between two looks whether it is back

std::string absolute_path(const std::string& path) {
  std::error_code failed;
  const std::string absolute = fs::absolute(path, failed).lexically_normal().string();
  return absolute.size() > 1 && absolute.ends_with('/') ? absolute.substr(0, absolute.size() - 1) : absolute;
}

bool is_directory(const std::string& path) {
  std::error_code failed;
  return fs::is_directory(path, failed);
}

}  // namespace

ConfigFollower::ConfigFollower(asio::any_io_executor executor, ConfigFollowerOptions options, ConfigObserver& observer)
    : executor_(executor),
      options_(std::move(options)),
      observer_(observer),
      is_folder_(is_directory(options_.path)),
      timer_(executor) {
  const std::string absolute = absolute_path(options_.path);
  if (!options_.read.check_path)
    options_.read.check_path = [](std::string_view text) -> Result<void> {
      if (auto pattern = FieldPattern::parse(text); !pattern) return std::unexpected(std::move(pattern.error()));
      return {};
    };
  options_.read.base = is_folder_ ? absolute : fs::path(absolute).parent_path().string();
}

ConfigFollower::~ConfigFollower() {
  stop();
  pool_.join();
}

void ConfigFollower::stop() {
  stopped_ = true;
  timer_.cancel();
  if (watch_) watch_->close();
}

asio::awaitable<Result<std::vector<Application>>> ConfigFollower::load() {
  // Watched before it is read, so that nothing comes between the two.
  if (!watch_)
    if (const auto watched = watch(); !watched) co_return std::unexpected(watched.error());
  auto applications = co_await read();
  if (applications) last_ = *applications;
  co_return applications;
}

asio::awaitable<Result<std::vector<Application>>> ConfigFollower::changed() {
  while (true) {
    if (auto seen = co_await noticed(); !seen) co_return std::unexpected(std::move(seen.error()));
    auto next = co_await read();
    if (next && loses_one(*next)) {
      co_await wait(options_.removal_quiet);
      next = co_await read();
    }
    if (stopped_) co_return fail(ErrorKind::Cancelled, "stopped");
    if (!next) {
      tell_refused(next.error());
      continue;
    }
    tell_good();
    if (*next == last_) continue;
    last_ = *next;
    co_return next;
  }
}

Result<void> ConfigFollower::watch() {
  auto made = ChangeWatch::on_folder(executor_, options_.read.base);
  if (!made) return std::unexpected(std::move(made.error()));
  watch_ = std::move(*made);
  return {};
}

// Completes when there may be something new. A folder that is gone is waited for.
asio::awaitable<Result<void>> ConfigFollower::noticed() {
  while (!stopped_) {
    if (watch_) {
      const auto seen = co_await watch_->changed();
      if (seen) co_return Result<void>();
      watch_.reset();
      continue;
    }
    const auto watched = watch();
    if (watched) co_return Result<void>();
    if (refusal_.empty()) tell_refused(watched.error());  // mostly, reading it has failed before, and was told
    co_await wait(kFolderGone);
  }
  co_return fail(ErrorKind::Cancelled, "stopped");
}

asio::awaitable<Result<std::vector<Application>>> ConfigFollower::read() {
  if (stopped_) co_return fail(ErrorKind::Cancelled, "stopped");
  const auto job = [](const ConfigFollowerOptions* options,
                      bool is_folder) -> asio::awaitable<Result<std::vector<Application>>> {
    const auto files = read_config_files(options->path, is_folder);
    if (!files) co_return std::unexpected(files.error());
    co_return read_applications(*files, options->read);
  };
  auto work = job(&options_, is_folder_);
  auto [thrown, applications] = co_await asio::co_spawn(pool_, std::move(work), asio::as_tuple(asio::use_awaitable));
  if (thrown) co_return fail(ErrorKind::Internal, "reading it ended unexpectedly", options_.path);
  co_return std::move(applications);
}

asio::awaitable<void> ConfigFollower::wait(std::chrono::milliseconds duration) {
  if (stopped_) co_return;
  timer_.expires_at(Clock::now() + duration);
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

bool ConfigFollower::loses_one(const std::vector<Application>& next) const {
  std::set<std::pair<std::string, std::string>> names;
  for (const Application& application : next) names.emplace(application.namespace_, application.name);
  return std::ranges::any_of(last_, [&](const Application& application) {
    return !names.contains({application.namespace_, application.name});
  });
}

void ConfigFollower::tell_refused(const Error& error) {
  std::string text = describe(error);
  if (text == refusal_) return;
  refusal_ = std::move(text);
  observer_.config_refused(error);
}

void ConfigFollower::tell_good() {
  if (refusal_.empty()) return;
  refusal_.clear();
  observer_.config_good_again();
}

}  // namespace holdfast
