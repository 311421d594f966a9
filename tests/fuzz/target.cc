#include "fuzz/target.h"

#include <algorithm>
#include <array>

namespace holdfast::fuzz {

std::span<const Target> all_targets() {
  static constexpr std::array kTargets = {
      Target{"api_answers", run_api_answers},
      Target{"applications", run_applications},
      Target{"archive", run_archive},
      Target{"field_patterns", run_field_patterns},
      Target{"fingerprint", run_fingerprint},
      Target{"git_names", run_git_names},
      Target{"git_output", run_git_output},
      Target{"gzip", run_gzip},
      Target{"http_response", run_http_response},
      Target{"kubeconfig", run_kubeconfig},
      Target{"managed_fields", run_managed_fields},
      Target{"openapi", run_openapi},
      Target{"push_payload", run_push_payload},
      Target{"push_proof", run_push_proof},
      Target{"registry", run_registry},
      Target{"relay", run_relay},
      Target{"substitution", run_substitution},
      Target{"texts", run_texts},
      Target{"versions", run_versions},
      Target{"watch", run_watch},
      Target{"yaml", run_yaml},
  };
  return kTargets;
}

std::vector<std::string_view> split(std::string_view bytes, std::size_t parts) {
  std::vector<std::string_view> found;
  while (found.size() + 1 < parts) {
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    found.push_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  found.push_back(bytes);
  return found;
}

Cuts::Cuts(std::string_view bytes)
    : stream_(bytes.substr(std::min<std::size_t>(1, bytes.size()))),
      rest_(stream_),
      state_(bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front())) {}

// A linear congruential step; its high bits are the random ones.
std::size_t Cuts::random() {
  state_ = state_ * 6364136223846793005U + 1442695040888963407U;
  return state_ >> 33U;
}

std::string_view Cuts::next() {
  // Mostly short pieces, for borders within tokens, and now and then a long one.
  const std::size_t most = random() % 4 == 0 ? 200 : 7;
  const std::string_view piece = rest_.substr(0, 1 + random() % most);
  rest_.remove_prefix(piece.size());
  return piece;
}

}  // namespace holdfast::fuzz
