// Our merge beside Go's structured-merge-diff: the same histories to both, and nothing may differ.
//
//   merge_differential ORACLE [--histories N] [--seconds N] [--seed S] [--from FILE]
//
// Without --seed it is a fresh one, which is printed. --from reads histories from a file ("-": standard input) instead
// of making them, and prints both answers to each. Exit 0: no difference, 1: differences, 2: it could not be done.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/merge/value_text.h"
#include "tests/merge/history.h"
#include "tests/merge/history_maker.h"
#include "tests/merge/oracle_process.h"

namespace holdfast {
namespace {

constexpr std::size_t kBatch = 512;
constexpr std::size_t kShownDifferences = 10;

struct Options {
  std::string oracle, from;
  std::uint64_t histories = 100'000, seconds = 0, seed = std::random_device{}();
};

std::optional<Options> parse_options(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) return std::nullopt;
  Options options{.oracle = argv[1], .from = {}};
  for (int i = 2; i < argc; i += 2) {
    const std::string_view name = argv[i], text = argv[i + 1];
    if (name == "--from") {
      options.from = text;
      continue;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (name == "--histories")
      options.histories = number;
    else if (name == "--seconds")
      options.seconds = number;
    else if (name == "--seed")
      options.seed = number;
    else
      return std::nullopt;
  }
  return options;
}

json::object ours(const std::string& line) {
  const auto history = parse_json(line);
  if (!history) return {{"unreadable", history.error().message}};
  auto answer = answer_history(*history);
  if (!answer) return {{"unreadable", answer.error().message}};
  return std::move(*answer);
}

class Differential {
 public:
  explicit Differential(const std::string& oracle) : oracle_(oracle) {}

  void run(const std::vector<std::string>& lines) {
    const std::jthread sending = oracle_.send(lines);
    std::vector<json::object> answers;
    answers.reserve(lines.size());
    for (const std::string& line : lines) answers.push_back(ours(line));
    std::vector<std::pair<std::string, std::string>> differing;  // the line and what differs
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::string what = compare(answers[i], oracle_.receive());
      if (!what.empty()) differing.emplace_back(lines[i], std::move(what));
    }
    histories_ += lines.size();
    pending_ = std::move(differing);
  }

  // What run() found, each made as short as it can be made.
  void report() {
    for (auto& [line, what] : pending_) {
      if (++differences_ > kShownDifferences) continue;
      shorten(line);
      std::cout << "--- " << what << "; in short:\n" << line << "\n";
      show(line);
    }
    pending_.clear();
  }

  void show(const std::string& line) {
    const json::object answer = ours(line);
    const json::value theirs = ask(line);
    std::cout << "  ours:   " << value_text(answer) << "\n  theirs: " << value_text(theirs) << "\n";
  }

  [[nodiscard]] std::uint64_t histories() const { return histories_; }
  [[nodiscard]] std::uint64_t differences() const { return differences_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& outcomes() const { return outcomes_; }

 private:
  std::string compare(const json::object& answer, const std::string& text) {
    count(answer);
    const auto theirs = parse_json(text);
    if (!theirs || !theirs->is_object()) return "an unreadable answer";
    return difference(answer, theirs->get_object());
  }

  void count(const json::object& answer) {
    const json::value* steps = answer.if_contains("answers");
    if (steps == nullptr || !steps->is_array()) {
      ++outcomes_["schemas refused"];
      return;
    }
    for (const json::value& step : steps->get_array()) {
      const json::object& one = step.get_object();
      ++outcomes_[one.contains("managers")    ? "writes"
                  : one.contains("conflicts") ? "conflicts"
                  : one.contains("invalid")   ? "refusals"
                                              : "extractions"];
    }
  }

  json::value ask(const std::string& line) {
    const std::vector<std::string> lines{line};
    const std::jthread sending = oracle_.send(lines);
    auto answer = parse_json(oracle_.receive());
    return answer ? *answer : json::value(nullptr);
  }

  bool differs(const std::string& line) {
    const json::value theirs = ask(line);
    return !theirs.is_object() || !difference(ours(line), theirs.get_object()).empty();
  }

  // Leaves out one operation after the other, as long as the answers go on differing.
  void shorten(std::string& line) {
    json::value history = *parse_json(line);
    for (std::size_t i = history.at("operations").as_array().size(); i-- > 0;) {
      json::value shorter = history;
      json::array& operations = shorter.at("operations").as_array();
      operations.erase(operations.begin() + static_cast<std::ptrdiff_t>(i));
      if (differs(to_json(shorter))) history = std::move(shorter);
    }
    line = to_json(history);
  }

  OracleProcess oracle_;
  std::vector<std::pair<std::string, std::string>> pending_;
  std::uint64_t histories_ = 0, differences_ = 0;
  std::map<std::string, std::uint64_t> outcomes_;
};

void make_and_compare(const Options& options, Differential& differential) {
  HistoryMaker maker(options.seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  const auto goes_on = [&] {
    if (options.seconds != 0) return std::chrono::steady_clock::now() < end;
    return differential.histories() < options.histories;
  };
  while (goes_on()) {
    std::vector<std::string> lines(kBatch);
    if (options.seconds == 0)
      lines.resize(std::min<std::uint64_t>(kBatch, options.histories - differential.histories()));
    for (std::string& line : lines) line = maker.line();
    differential.run(lines);
    differential.report();
  }
}

bool read_and_compare(const Options& options, Differential& differential) {
  std::ifstream file;
  if (options.from != "-") file.open(options.from);
  std::istream& in = options.from == "-" ? std::cin : file;
  if (!in) {
    std::cerr << options.from << " cannot be read\n";
    return false;
  }
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    differential.show(line);
    differential.run({line});
    differential.report();
  }
  return true;
}

}  // namespace
}  // namespace holdfast

int main(int argc, char** argv) {
  using namespace holdfast;
  const auto options = parse_options(argc, argv);
  if (!options) {
    std::cerr << "usage: merge_differential ORACLE [--histories N] [--seconds N] [--seed S] [--from FILE]\n";
    return 2;
  }
  Differential differential(options->oracle);
  if (options->from.empty())
    make_and_compare(*options, differential);
  else if (!read_and_compare(*options, differential))
    return 2;
  std::cout << "merge_differential: ";
  if (options->from.empty()) std::cout << "seed " << options->seed << ", ";
  std::cout << differential.histories() << " histories";
  for (const auto& [what, count] : differential.outcomes()) std::cout << ", " << count << " " << what;
  std::cout << ": " << differential.differences() << " differences\n";
  return differential.differences() == 0 ? 0 : 1;
}
