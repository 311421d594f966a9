#include "sources/chart_index.h"

#include <spdlog/fmt/fmt.h>
#include <yaml.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "holdfast/base/edit_distance.h"
#include "sources/semver.h"

namespace holdfast {
namespace {

constexpr std::size_t kMostVersions = 100'000, kMostCharts = 100'000, kMostText = 8192;
constexpr int kDeepest = 64;

// libyaml's events of the index, one at a time.
class IndexEvents {
 public:
  explicit IndexEvents(const ReadIndex& read) : read_(read) {
    usable_ = yaml_parser_initialize(&parser_) == 1;
    if (usable_) yaml_parser_set_input(&parser_, read_some, this);
  }
  IndexEvents(const IndexEvents&) = delete;
  IndexEvents& operator=(const IndexEvents&) = delete;
  ~IndexEvents() {
    yaml_event_delete(&event_);
    if (usable_) yaml_parser_delete(&parser_);
  }

  Result<void> next() {
    yaml_event_delete(&event_);
    event_ = {};
    if (usable_ && yaml_parser_parse(&parser_, &event_) == 1) return {};
    if (failed_) return std::unexpected(*failed_);
    return fail(
        ErrorKind::Invalid,
        fmt::format("the repository's index is no YAML: {}", parser_.problem == nullptr ? "?" : parser_.problem),
        fmt::format("index.yaml:{}", parser_.problem_mark.line + 1), "make it anew with `helm repo index`");
  }

  [[nodiscard]] yaml_event_type_t type() const { return event_.type; }
  [[nodiscard]] std::string text() const {
    if (event_.type != YAML_SCALAR_EVENT) return {};
    const auto size = std::min<std::size_t>(event_.data.scalar.length, kMostText);
    return {event_.data.scalar.value, event_.data.scalar.value + size};
  }
  [[nodiscard]] bool ends() const {
    return event_.type == YAML_MAPPING_END_EVENT || event_.type == YAML_SEQUENCE_END_EVENT ||
           event_.type == YAML_DOCUMENT_END_EVENT || event_.type == YAML_STREAM_END_EVENT;
  }

  // From the present event, the first of a value, to its last.
  Result<void> skip() {
    int depth = 0;
    while (true) {
      if (type() == YAML_MAPPING_START_EVENT || type() == YAML_SEQUENCE_START_EVENT) ++depth;
      if (type() == YAML_MAPPING_END_EVENT || type() == YAML_SEQUENCE_END_EVENT) --depth;
      if (depth <= 0) return {};
      if (depth > kDeepest) return fail(ErrorKind::Invalid, "the repository's index nests too deep", "index.yaml");
      if (auto gone_on = next(); !gone_on) return gone_on;
    }
  }

 private:
  static int read_some(void* self, unsigned char* buffer, std::size_t size, std::size_t* size_read) {
    auto& events = *static_cast<IndexEvents*>(self);
    const auto got = events.read_({reinterpret_cast<char*>(buffer), size});
    if (!got) events.failed_ = got.error();
    *size_read = got.value_or(0);
    return got ? 1 : 0;
  }

  const ReadIndex& read_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  bool usable_ = false;
  std::optional<Error> failed_;
};

std::unexpected<Error> no_index(std::string_view why) {
  return fail(ErrorKind::Invalid, fmt::format("the repository's index cannot be used: {}", why), {},
              "make it anew with `helm repo index`");
}

class IndexReader {
 public:
  IndexReader(const ReadIndex& read, std::string_view chart) : events_(read), chart_(chart) {}

  Result<std::vector<ChartVersion>> read() {
    do {
      if (auto gone_on = events_.next(); !gone_on) return std::unexpected(gone_on.error());
    } while (events_.type() == YAML_STREAM_START_EVENT || events_.type() == YAML_DOCUMENT_START_EVENT);
    if (auto done = each_key([&](const std::string& key) { return key == "entries" ? entries() : events_.skip(); });
        !done)
      return std::unexpected(done.error());
    if (!has_entries_) return no_index("it has no entries; is this a chart repository?");
    if (versions_.empty()) return std::unexpected(missing());
    return std::move(versions_);
  }

 private:
  // Calls `take` at the first event of each value of the present mapping; ends early once the chart was read.
  template <class Take>
  Result<void> each_key(const Take& take) {
    if (events_.type() != YAML_MAPPING_START_EVENT) return no_index("there is no mapping where one belongs");
    while (true) {
      if (auto gone_on = events_.next(); !gone_on) return gone_on;
      if (events_.ends()) return {};
      if (events_.type() != YAML_SCALAR_EVENT) return no_index("a key is no text");
      const std::string key = events_.text();
      if (auto gone_on = events_.next(); !gone_on) return gone_on;
      if (auto taken = take(key); !taken || found_) return taken;
    }
  }

  Result<void> entries() {
    has_entries_ = true;
    return each_key([&](const std::string& name) -> Result<void> {
      if (name != chart_) {
        if (names_.size() < kMostCharts) names_.push_back(name);
        return events_.skip();
      }
      auto read = chart_entries();
      found_ = read.has_value();
      return read;
    });
  }

  Result<void> chart_entries() {
    if (events_.type() != YAML_SEQUENCE_START_EVENT) return no_index(fmt::format("{} is no list of versions", chart_));
    while (true) {
      if (auto gone_on = events_.next(); !gone_on) return gone_on;
      if (events_.ends()) return {};
      if (versions_.size() >= kMostVersions)
        return fail(ErrorKind::TooLarge, fmt::format("the chart {} has more than {} versions", chart_, kMostVersions));
      ChartVersion one;
      auto read = each_key([&](const std::string& key) { return field(key, one); });
      if (!read) return read;
      versions_.push_back(std::move(one));
    }
  }

  Result<void> field(const std::string& key, ChartVersion& into) {
    if (key == "version") into.version = events_.text();
    if (key == "digest") into.digest = hex_of(events_.text());
    if (key != "urls" || events_.type() != YAML_SEQUENCE_START_EVENT) return events_.skip();
    while (true) {
      if (auto gone_on = events_.next(); !gone_on) return gone_on;
      if (events_.ends()) return {};
      if (into.url.empty()) into.url = events_.text();
      if (auto skipped = events_.skip(); !skipped) return skipped;
    }
  }

  static std::string hex_of(std::string digest) {
    if (digest.starts_with("sha256:")) digest.erase(0, 7);
    const bool hex = digest.size() == 64 && digest.find_first_not_of("0123456789abcdef") == std::string::npos;
    return hex ? digest : std::string();
  }

  [[nodiscard]] Error missing() const {
    const std::vector<std::string_view> names(names_.begin(), names_.end());
    const std::string_view meant = nearest_word(chart_, names);
    return {ErrorKind::NotFound,
            fmt::format("the repository has no chart {}", chart_),
            {},
            meant.empty() ? fmt::format("check spec.source.chart; it has {} others", names.size())
                          : fmt::format("did you mean {}?", meant)};
  }

  IndexEvents events_;
  std::string chart_;
  bool has_entries_ = false, found_ = false;
  std::vector<std::string> names_;  // of other charts
  std::vector<ChartVersion> versions_;
};

}  // namespace

Result<std::vector<ChartVersion>> chart_versions(const ReadIndex& read, std::string_view chart) {
  return IndexReader(read, chart).read();
}

Result<ChartVersion> choose_version(const std::vector<ChartVersion>& versions, std::string_view wanted) {
  const auto exact = std::ranges::find(versions, wanted, &ChartVersion::version);
  if (exact != versions.end()) return *exact;
  const auto range = VersionRange::parse(wanted);
  if (!range) return std::unexpected(range.error());
  std::vector<std::string> names;
  names.reserve(versions.size());
  for (const ChartVersion& one : versions) names.push_back(one.version);
  if (const auto newest = newest_in_range(*range, names)) return versions[*newest];
  return fail(ErrorKind::NotFound, fmt::format("none of the {} versions is in {}", versions.size(), wanted), {},
              "check spec.source.ref.semver; pre-releases count only where the range names one");
}

}  // namespace holdfast
