#include "app/fixed_source.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "holdfast/base/clock.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

class FixedSource final : public Source {
 public:
  FixedSource(asio::any_io_executor executor, ManifestSetPtr manifests, Source* read_from)
      : manifests_(std::move(manifests)), read_from_(read_from), stopped_signal_(std::move(executor)) {}

  asio::awaitable<Result<ManifestSetPtr>> load() override { co_return manifests_; }
  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override { co_return manifests_; }

  asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request) override {
    if (read_from_ == nullptr) co_return co_await Source::trace(std::move(request));
    co_return co_await read_from_->trace(std::move(request));
  }

  asio::awaitable<Result<void>> changed() override {
    while (!stopped_) {
      stopped_signal_.expires_at(Clock::time_point::max());
      co_await stopped_signal_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return fail(ErrorKind::Cancelled, "stopped");
  }

  void nudge() override {}
  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }

  void stop() override {
    if (read_from_ != nullptr) read_from_->stop();
    stopped_ = true;
    stopped_signal_.cancel();
  }

 private:
  ManifestSetPtr manifests_;
  Source* read_from_;
  Timer stopped_signal_;
  std::vector<std::string> notes_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Source> make_fixed_source(asio::any_io_executor executor, ManifestSetPtr manifests, Source* read_from) {
  return std::make_unique<FixedSource>(std::move(executor), std::move(manifests), read_from);
}

}  // namespace holdfast
