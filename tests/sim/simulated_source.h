// A source of manifests that the simulation holds in its hand: what it has, when it changes, and when it cannot be
// read.
#pragma once

#include <functional>

#include "holdfast/base/clock.h"
#include "sources/source.h"

namespace holdfast::sim {

class SimulatedSource final : public Source {
 public:
  explicit SimulatedSource(boost::asio::any_io_executor executor) : signal_(executor) {}

  void commit(ManifestSetPtr manifests);
  // Until recover(), load() fails.
  void fail_with(Error error);
  void recover();
  // Hears of every set that is loaded.
  void on_load(std::function<void(const ManifestSet&)> hears) { on_load_ = std::move(hears); }

  boost::asio::awaitable<Result<ManifestSetPtr>> load() override;
  boost::asio::awaitable<Result<void>> changed() override;
  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }
  void stop() override;
  void nudge() override { touch(); }

 private:
  void touch();

  std::function<void(const ManifestSet&)> on_load_;
  ManifestSetPtr head_;
  std::optional<Error> failure_;
  unsigned changes_ = 0, seen_ = 0;
  bool stopping_ = false;
  Timer signal_;
  std::vector<std::string> notes_;
};

}  // namespace holdfast::sim
