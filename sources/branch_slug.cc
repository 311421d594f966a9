#include "sources/branch_slug.h"

#include <algorithm>

#include "holdfast/base/digest.h"
#include "holdfast/model/label.h"

namespace holdfast {
namespace {

constexpr std::size_t kDigits = 8;

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// What ends as our own do would be taken for one of them.
bool looks_made(std::string_view name) {
  if (name.size() < kDigits + 1 || name[name.size() - kDigits - 1] != '-') return false;
  return std::ranges::all_of(name.substr(name.size() - kDigits), is_digit);
}

}  // namespace

std::string slug_of(std::string_view name) {
  if (dns_label_problem(name, kLongestSlug).empty() && !name.empty() && !looks_made(name)) return std::string(name);
  std::string like;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (kept)
      like += c;
    else if (!like.empty() && like.back() != '-')
      like += '-';
    if (like.size() == kLongestSlug - kDigits - 1) break;
  }
  while (!like.empty() && like.back() == '-') like.pop_back();
  const std::string digits = to_hex(sha256(std::string(name))).substr(0, kDigits);
  return like.empty() ? "x-" + digits : like + "-" + digits;
}

}  // namespace holdfast
