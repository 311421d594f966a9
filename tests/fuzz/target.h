// What a fuzzer runs: a function that takes any bytes and holds what it is about to properties that are true of all of
// them. `./dev fuzz TARGET` runs one under libFuzzer, unit_fuzz replays what was kept of such runs.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::fuzz {

struct Target {
  std::string_view name;  // of its folder in corpus/, too
  void (*run)(std::string_view bytes);
};
std::span<const Target> all_targets();

// A property that does not hold.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline void hold(bool property, const std::string& otherwise) {
  if (!property) throw Broken(otherwise);
}

// What several texts are made from: parts with a 0 byte between them, `parts` of them, the last ones empty where there
// are fewer. Borrows.
std::vector<std::string_view> split(std::string_view bytes, std::size_t parts);

// Where to cut a stream: the first byte says how, the rest is the stream.
class Cuts {
 public:
  explicit Cuts(std::string_view bytes);
  [[nodiscard]] std::string_view stream() const { return stream_; }
  // The next piece of it, never empty; empty at the end.
  std::string_view next();

 private:
  std::size_t random();

  std::string_view stream_, rest_;
  std::size_t state_;
};

void run_api_answers(std::string_view bytes);
void run_applications(std::string_view bytes);
void run_archive(std::string_view bytes);
void run_field_patterns(std::string_view bytes);
void run_fingerprint(std::string_view bytes);
void run_git_names(std::string_view bytes);
void run_git_output(std::string_view bytes);
void run_gzip(std::string_view bytes);
void run_http_response(std::string_view bytes);
void run_kubeconfig(std::string_view bytes);
void run_managed_fields(std::string_view bytes);
void run_openapi(std::string_view bytes);
void run_push_payload(std::string_view bytes);
void run_push_proof(std::string_view bytes);
void run_registry(std::string_view bytes);
void run_relay(std::string_view bytes);
void run_substitution(std::string_view bytes);
void run_texts(std::string_view bytes);
void run_versions(std::string_view bytes);
void run_watch(std::string_view bytes);
void run_yaml(std::string_view bytes);

}  // namespace holdfast::fuzz
