#include "sources/git_blame.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>

#include "sources/git_failure.h"
#include "sources/git_url.h"
#include "sources/utf8.h"

namespace holdfast {
namespace {

constexpr int kRenames = 8;              // followed
constexpr std::size_t kCandidates = 64;  // files that a rename may have come from, whose contents are compared
constexpr std::size_t kMostVersions = 100'000;
constexpr std::size_t kRangesAtOnce = 500;  // in the arguments of one call
constexpr std::chrono::seconds kDeadline{300};
const std::string kNoObject(40, '0');

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A commit may hold any bytes, and whoever shows them a terminal or a JSON document.
std::string shown(std::string_view text) {
  std::string out(text);
  const bool utf8 = is_utf8(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !utf8)) c = '?';
  }
  return out;
}

// Seconds since 1970 and "+0130", as RFC 3339; of years that it has.
std::string rfc3339(long long seconds, std::string_view zone) {
  const bool known = zone.size() == 5 && (zone[0] == '+' || zone[0] == '-');
  const int hours = known ? number<int>(zone.substr(1, 2)).value_or(0) : 0;
  const int minutes = known ? number<int>(zone.substr(3, 2)).value_or(0) : 0;
  const std::chrono::minutes offset((known && zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes));
  constexpr long long kFirst = -62'135'596'800, kLast = 253'402'300'799;
  const auto here = std::clamp(seconds, kFirst, kLast) + std::chrono::seconds(offset).count();
  const std::chrono::sys_seconds local{std::chrono::seconds(std::clamp<long long>(here, kFirst, kLast))};
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(local - day);
  const std::string suffix = offset.count() == 0 ? "Z" : fmt::format("{}{:02}:{:02}", zone[0], hours, minutes);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), suffix);
}

// Reads the header lines of one commit, up to the line of the file that follows them.
class PorcelainReader {
 public:
  explicit PorcelainReader(std::string_view text) : text_(text) {}

  Result<std::map<int, LineCommit>> read() {
    std::map<int, LineCommit> lines;
    while (!text_.empty()) {
      std::string_view head = take_line(text_);
      const std::string id(take_word(head));
      (void)take_word(head);  // its line in that commit
      const auto line = number<int>(take_word(head));
      if (!is_commit_id(id) || !line) return fail(ErrorKind::Protocol, "git blame has answered something else");
      LineCommit& commit = commits_[id];
      commit.id = id;
      while (!text_.empty() && !text_.starts_with('\t')) header(take_line(text_), commit);
      if (text_.empty()) return fail(ErrorKind::Protocol, "the answer of git blame is cut off");
      take_line(text_);
      lines[*line] = commit;
    }
    return lines;
  }

 private:
  void header(std::string_view line, LineCommit& commit) {
    const std::string_view name = take_word(line);
    if (name == "author") {
      commit.author = shown(line);
    } else if (name == "author-mail") {
      if (line.starts_with('<')) line.remove_prefix(1);
      if (line.ends_with('>')) line.remove_suffix(1);
      commit.email = shown(line);
    } else if (name == "author-time") {
      author_time_ = number<long long>(line).value_or(0);
    } else if (name == "author-tz") {
      commit.date = rfc3339(author_time_, line);
    } else if (name == "summary") {
      commit.subject = shown(line);
    }
  }

  std::string_view text_;
  std::map<std::string, LineCommit> commits_;  // whose headers come once
  long long author_time_ = 0;
};

// ":100644 100644 <id> <id> M\tpath", or with two paths for a rename.
struct RawChange {
  std::string before, after;
  char kind = ' ';
  std::string path, new_path;
};

std::optional<RawChange> raw_change(std::string_view line) {
  if (!line.starts_with(':')) return std::nullopt;
  RawChange change;
  const std::size_t tab = line.find('\t');
  std::string_view head = line.substr(0, tab);
  (void)take_word(head);
  (void)take_word(head);
  change.before = take_word(head);
  change.after = take_word(head);
  if (head.empty() || tab == std::string_view::npos) return std::nullopt;
  change.kind = head[0];
  std::string_view paths = line.substr(tab + 1);
  const std::size_t second = paths.find('\t');
  change.path = paths.substr(0, second);
  if (second != std::string_view::npos) change.new_path = paths.substr(second + 1);
  return change;
}

class Blamer {
 public:
  Blamer(const GitCache& history, std::string commit) : history_(history), commit_(std::move(commit)) {}

  // Everything that git blame is going to read.
  Result<void> bring(const std::string& path) {
    std::string at = commit_, name = path;
    for (int renames = 0; renames <= kRenames; ++renames) {
      auto created = bring_versions(at, name);
      if (!created) return std::unexpected(created.error());
      if (created->empty()) return {};
      auto before = find_rename(*created, name);
      if (!before) return std::unexpected(before.error());
      if (before->empty()) return {};
      at = *created + "^";
      name = *before;
    }
    return {};
  }

  Result<std::map<int, LineCommit>> ask(const std::string& path, const std::vector<LineRange>& lines) const {
    auto answer = ask_once(path, lines, true);
    // What a rename may have come from was too much to bring here.
    if (!answer && answer.error().kind == ErrorKind::Internal) answer = ask_once(path, lines, false);
    return answer;
  }

 private:
  Result<std::string> git(std::vector<std::string> arguments) const {
    GitCall call{
        .arguments = {"--git-dir=" + history_.repository(), "--literal-pathspecs", "-c", "core.quotePath=false"},
        .deadline = kDeadline};
    call.arguments.insert(call.arguments.end(), arguments.begin(), arguments.end());
    auto output = history_.git().run(std::move(call));
    if (!output) return std::unexpected(output.error());
    if (output->exit_status == 0) return std::move(output->out);
    std::string_view said = output->err;
    const std::string_view first = take_line(said);
    if (first.contains("no such path") || first.contains("bad revision"))
      return fail(ErrorKind::NotFound, std::string(first), history_.git().url());
    return fail(ErrorKind::Internal, fmt::format("git {}: {}", arguments.front(), first), history_.git().url());
  }

  // Returns the oldest commit that made a file of this name; empty where the history does not go back so far.
  Result<std::string> bring_versions(const std::string& at, const std::string& path) {
    auto log = git({"log", "--format=%H", "--raw", "--no-abbrev", "--no-renames", "--full-history", "-m",
                    fmt::format("--max-count={}", kMostVersions), at, "--", path});
    if (!log) return std::unexpected(log.error());
    std::set<std::string> contents;
    std::string current, created;
    for (std::string_view text = *log; !text.empty();) {
      const std::string_view line = take_line(text);
      if (is_commit_id(line)) {
        current = line;
        ages_.emplace(current, static_cast<int>(ages_.size()));
      }
      const auto change = raw_change(line);
      if (!change) continue;
      for (const std::string& id : {change->before, change->after})
        if (id != kNoObject) contents.insert(id);
      if (change->kind == 'A') created = current;
    }
    if (contents.size() >= kMostVersions) return fail(ErrorKind::TooLarge, "its history is too long", path);
    if (auto brought = history_.bring_blobs({contents.begin(), contents.end()}, commit_); !brought)
      return std::unexpected(brought.error());
    return created;
  }

  // The name that the file had before this commit; empty: it was new, or too many files went with it.
  Result<std::string> find_rename(const std::string& commit, const std::string& path) const {
    auto gone =
        git({"diff-tree", "-r", "--no-commit-id", "--raw", "--no-abbrev", "--no-renames", "--diff-filter=D", commit});
    if (!gone) return std::unexpected(gone.error());
    std::vector<std::string> contents;
    for (std::string_view text = *gone; !text.empty();)
      if (const auto change = raw_change(take_line(text))) contents.push_back(change->before);
    if (contents.empty() || contents.size() > kCandidates) return std::string();
    if (auto brought = history_.bring_blobs(contents, commit_); !brought) return std::unexpected(brought.error());
    auto moved = git({"diff-tree", "-r", "--no-commit-id", "--raw", "--no-abbrev", "-M", "--diff-filter=R", commit});
    if (!moved) return std::string();  // it compares all that is new, and that is not here
    for (std::string_view text = *moved; !text.empty();)
      if (const auto change = raw_change(take_line(text)); change && change->new_path == path) return change->path;
    return std::string();
  }

  Result<std::map<int, LineCommit>> ask_once(const std::string& path, const std::vector<LineRange>& lines,
                                             bool follow) const {
    std::map<int, LineCommit> all;
    for (std::size_t begin = 0; begin < lines.size(); begin += kRangesAtOnce) {
      std::vector<std::string> arguments = {"blame", "--porcelain", "--root"};
      if (!follow) arguments.emplace_back("--no-follow");
      for (std::size_t i = begin; i < std::min(begin + kRangesAtOnce, lines.size()); ++i)
        arguments.insert(arguments.end(), {"-L", fmt::format("{},{}", lines[i].first, lines[i].last)});
      arguments.insert(arguments.end(), {commit_, "--", path});
      auto output = git(std::move(arguments));
      if (!output) return std::unexpected(output.error());
      auto part = parse_blame(*output);
      if (!part) return part;
      all.merge(*part);
    }
    const std::set<std::string> cut_off = history_.cut_off();
    for (auto& [line, touched] : all) {
      const auto age = ages_.find(touched.id);
      touched.age = age == ages_.end() ? static_cast<int>(ages_.size()) : age->second;
      touched.oldest_known = cut_off.contains(touched.id);
    }
    return all;
  }

  const GitCache& history_;
  std::string commit_;
  std::map<std::string, int> ages_;  // the newest first, in the order of the log
};

}  // namespace

std::string describe(const LineCommit& commit) {
  constexpr std::size_t kShortCommit = 7, kDay = 10;  // of an RFC 3339 date
  const std::string email = commit.email.empty() ? std::string() : " <" + commit.email + ">";
  return fmt::format("{} by {}{} on {}: {}{}", commit.id.substr(0, kShortCommit), commit.author, email,
                     commit.date.substr(0, kDay), commit.subject,
                     commit.oldest_known ? " (or earlier: the history that there is ends here)" : "");
}

Result<std::map<int, LineCommit>> parse_blame(std::string_view porcelain) { return PorcelainReader(porcelain).read(); }

Result<std::map<int, LineCommit>> blame(const GitCache& history, const std::string& commit, const std::string& path,
                                        const std::vector<LineRange>& lines) {
  if (lines.empty()) return std::map<int, LineCommit>();
  if (auto brought = history.bring_history(commit); !brought) return std::unexpected(brought.error());
  Blamer blamer(history, commit);
  if (auto brought = blamer.bring(path); !brought) return std::unexpected(brought.error());
  return blamer.ask(path, lines);
}

}  // namespace holdfast
