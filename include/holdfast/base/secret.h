// A string that cannot be printed, compared in variable time, or logged by accident.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace holdfast {

// Holds a token, a password or a key. There is no conversion and no operator<<: whoever needs the bytes says so by
// calling reveal(), which is easy to grep for. The memory is wiped on destruction.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes);
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.wipe(); }
  Secret& operator=(const Secret&);
  Secret& operator=(Secret&&) noexcept;
  ~Secret();

  [[nodiscard]] std::string_view reveal() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  // Constant-time for equal lengths; only a difference in length shows.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  void wipe() noexcept;
  std::string bytes_;
};

}  // namespace holdfast
