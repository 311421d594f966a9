// Times, durations, quantities and encodings: what is read is written again as the same, and equality is an
// equivalence.
#include "engine/stored_spelling.h"
#include "fuzz/target.h"
#include "holdfast/base/digest.h"
#include "holdfast/base/duration.h"
#include "holdfast/base/edit_distance.h"
#include "holdfast/base/timestamp.h"
#include "holdfast/merge/value_text.h"

namespace holdfast::fuzz {
namespace {

void hold_timestamp(std::string_view text) {
  const auto time = parse_timestamp(text);
  if (!time) return;
  const std::string written = to_timestamp(*time);
  // An offset may lead out of the four figures of a year.
  if (written.size() != 20 || written.starts_with('-')) return;
  hold(parse_timestamp(written) == time, "a time is another one when it is written: " + written);
}

void hold_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return;
  hold(duration->count() >= 0, "a duration below zero");
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*duration);
  const std::string written = to_duration_text(seconds);
  const auto again = parse_duration(written);
  hold(again && *again == seconds, "a duration is another one when it is written: " + written);
}

using Same = bool (*)(std::string_view, std::string_view);

void hold_equivalence(Same same, std::string_view a, std::string_view b, std::string_view c, const std::string& what) {
  hold(same(a, b) == same(b, a), what + " are equal in one direction only");
  if (same(a, b) && same(b, c)) hold(same(a, c), what + " are equal, equal, and not equal");
}

void hold_distance(std::string_view a, std::string_view b, std::string_view c) {
  a = a.substr(0, 100);
  b = b.substr(0, 100);
  c = c.substr(0, 100);
  const std::size_t ab = edit_distance(a, b);
  hold(ab == edit_distance(b, a), "a distance that depends on the direction");
  hold((ab == 0) == (a == b), "different words without a distance");
  hold(edit_distance(a, c) <= ab + edit_distance(b, c), "a detour is shorter");
  const std::vector<std::string_view> words = {b, c};
  const std::string_view nearest = nearest_word(a, words);
  hold(nearest.empty() || nearest == b || nearest == c, "a word that nobody offered");
}

void hold_json(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return;
  const std::string canonical = value_text(*value);
  const auto again = parse_json(canonical);
  hold(again && value_text(*again) == canonical, "a value's text is read as another value: " + canonical);
  const auto written = parse_json(to_json(*value));
  hold(written && value_text(*written) == canonical, "a value is another one when it is written: " + to_json(*value));
}

}  // namespace

// Three texts.
void run_texts(std::string_view bytes) {
  const auto parts = split(bytes, 3);
  for (const std::string_view part : parts) {
    hold_timestamp(part);
    hold_duration(part);
    hold_json(part);
    const auto decoded = base64_decode(base64_encode(part));
    hold(part.empty() || (decoded && *decoded == part), "base64 is read as another text");
    if (const auto bytes_of = base64_decode(std::string(part)))
      hold(base64_decode(base64_encode(*bytes_of)) == bytes_of, "base64 is another text when it is written");
  }
  hold_equivalence(same_quantity, parts[0], parts[1], parts[2], "quantities");
  hold_equivalence(same_duration, parts[0], parts[1], parts[2], "durations");
  hold_equivalence(same_base64, parts[0], parts[1], parts[2], "encoded bytes");
  hold_distance(parts[0], parts[1], parts[2]);
}

}  // namespace holdfast::fuzz
