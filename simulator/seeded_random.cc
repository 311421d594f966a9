#include "simulator/seeded_random.h"

#include <spdlog/fmt/fmt.h>

#include <string_view>

namespace holdfast {

std::string SeededRandom::uuid() {
  const std::uint64_t high = next(), low = next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffffU, high & 0xfffU,
                     0x8000U | ((low >> 48) & 0x3fffU), low & 0xffffffffffffU);
}

std::string SeededRandom::suffix(std::size_t length) {
  constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";  // no vowels: no words
  std::string out;
  while (out.size() < length) out.push_back(alphabet[below(alphabet.size())]);
  return out;
}

}  // namespace holdfast
