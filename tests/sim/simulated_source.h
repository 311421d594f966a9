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
  // What the next readings come out as, whatever is there; afterwards they are as it is.
  void misread(std::vector<Result<ManifestSetPtr>> readings) { misreadings_ = std::move(readings); }
  [[nodiscard]] std::size_t readings() const { return readings_; }
  // Hears of every set that is loaded.
  void on_load(std::function<void(const ManifestSet&)> hears) { on_load_ = std::move(hears); }

  boost::asio::awaitable<Result<ManifestSetPtr>> load() override;
  boost::asio::awaitable<Result<ManifestSetPtr>> read_afresh() override;
  boost::asio::awaitable<Result<void>> changed() override;
  [[nodiscard]] const std::vector<std::string>& notes() const override { return notes_; }
  void stop() override;
  void nudge() override { touch(); }

 private:
  void touch();
  Result<ManifestSetPtr> reading();

  std::function<void(const ManifestSet&)> on_load_;
  ManifestSetPtr head_;
  std::optional<Error> failure_;
  std::vector<Result<ManifestSetPtr>> misreadings_;
  std::size_t readings_ = 0;
  unsigned changes_ = 0, seen_ = 0;
  bool stopping_ = false;
  Timer signal_;
  std::vector<std::string> notes_;
};

}  // namespace holdfast::sim
