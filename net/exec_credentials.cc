#include "net/exec_credentials.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace holdfast {

namespace asio = boost::asio;

ExecCredentials::ExecCredentials(asio::any_io_executor executor, ExecPlugin plugin, ProcessSpec process, World world)
    : executor_(executor),
      plugin_(std::move(plugin)),
      process_(std::move(process)),
      world_(std::move(world)),
      backoff_(Backoff::list_watch(), world_.random),
      done_(executor) {
  process_.stop = stop_.get_token();
}

ExecCredentials::~ExecCredentials() {
  stop_.request_stop();
  worker_.join();
}

bool ExecCredentials::good() const {
  return current_ && (!current_->expires || world_.wall_clock() < *current_->expires);
}

asio::awaitable<Result<ExecCredentialPtr>> ExecCredentials::get() {
  const auto self = shared_from_this();
  for (bool waited = false;; waited = true) {
    if (good()) co_return current_;
    if (!running_) {
      if (failure_ && (waited || Clock::now() < run_next_)) co_return std::unexpected(*failure_);
      start();
    }
    co_await done_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void ExecCredentials::start() {
  running_ = true;
  done_.expires_at(Clock::time_point::max());
  // The worker holds nothing of ours: the last owner must not be the thread that it joins.
  asio::post(worker_, [run = world_.run, process = process_, executor = executor_, weak = weak_from_this()] {
    Result<ProcessOutput> output = run(process);
    asio::post(executor, [weak, output = std::move(output)] {
      if (const auto self = weak.lock()) self->finished(output);
    });
  });
}

void ExecCredentials::finished(const Result<ProcessOutput>& output) {
  running_ = false;
  Result<ExecCredential> credential = read_exec_answer(plugin_, output);
  const bool late = credential && credential->expires && *credential->expires <= world_.wall_clock();
  if (late) {
    credential =
        fail(ErrorKind::Unauthorized,
             "the credential plugin " + plugin_.command + " answered with a credential that has expired already", "",
             "check this machine's clock");
  }
  if (credential) {
    current_ = std::make_shared<const ExecCredential>(std::move(*credential));
    failure_.reset();
    backoff_.reset();
  } else {
    failure_ = std::move(credential.error());
    run_next_ = Clock::now() + backoff_.next(Clock::now());
  }
  done_.cancel();
}

void ExecCredentials::rejected(const ExecCredentialPtr& credential) {
  if (credential == current_) current_.reset();
}

}  // namespace holdfast
