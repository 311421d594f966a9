#include "net/rate_limiter.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cmath>

namespace holdfast {

std::chrono::milliseconds RateLimiter::take(std::string_view source, TimePoint now) {
  auto known = by_source_.find(source);
  if (known == by_source_.end()) {
    if (buckets_.size() >= limits_.sources) {
      by_source_.erase(buckets_.back().source);
      buckets_.pop_back();
    }
    buckets_.push_front({std::string(source), limits_.burst, now});
    known = by_source_.emplace(buckets_.front().source, buckets_.begin()).first;
  }
  buckets_.splice(buckets_.begin(), buckets_, known->second);
  Bucket& bucket = buckets_.front();
  const double passed_s = std::chrono::duration<double>(now - bucket.at).count();
  bucket.left = std::min(limits_.burst, bucket.left + (std::max(0.0, passed_s) * limits_.per_second));
  bucket.at = std::max(bucket.at, now);
  if (bucket.left >= 1) {
    bucket.left -= 1;
    return std::chrono::milliseconds{0};
  }
  const double wait_s = (1 - bucket.left) / limits_.per_second;
  return std::chrono::milliseconds{static_cast<long>(std::ceil(wait_s * 1000))};
}

std::string source_of_address(std::string_view address) {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  if (error || parsed.is_v4()) return std::string(address);
  const auto six = parsed.to_v6();
  if (six.is_v4_mapped()) return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, six).to_string();
  auto bytes = six.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::make_address_v6(bytes).to_string();
}

}  // namespace holdfast
