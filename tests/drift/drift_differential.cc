// Our verdicts beside Go's structured-merge-diff: no drift may be missed and none invented.
//
//   drift_differential ORACLE [--histories N] [--seconds N] [--seed S] [--from FILE] [--break order|empties|ownership]
//
// Without --seed it is a fresh one, which is printed. --from reads histories from a file ("-": standard input) instead
// of making them, and prints what is said of each. --break leaves a rule out of our comparison, and expects that drifts
// are missed. Exit 0: as it should be, 1: it is not, 2: it could not be done.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/merge/value_text.h"
#include "tests/drift/drift_maker.h"
#include "tests/drift/drift_tally.h"
#include "tests/merge/oracle_process.h"

namespace holdfast {
namespace {

constexpr std::size_t kBatch = 512;
constexpr std::size_t kShown = 10;
constexpr double kMostNeedlessPercent = 2.0;

struct Options {
  std::string oracle, from;
  std::uint64_t histories = 100'000, seconds = 0, seed = std::random_device{}();
  Breakage breakage = Breakage::None;
};

std::optional<Breakage> breakage_named(std::string_view name) {
  if (name == "order") return Breakage::Order;
  if (name == "empties") return Breakage::Empties;
  if (name == "ownership") return Breakage::Ownership;
  return std::nullopt;
}

bool set_number(Options& options, std::string_view name, std::string_view text) {
  std::uint64_t* const number = name == "--histories" ? &options.histories
                                : name == "--seconds" ? &options.seconds
                                : name == "--seed"    ? &options.seed
                                                      : nullptr;
  if (number == nullptr) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<Options> parse_options(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) return std::nullopt;
  Options options{.oracle = argv[1], .from = {}};
  for (int i = 2; i < argc; i += 2) {
    const std::string_view name = argv[i], text = argv[i + 1];
    if (name == "--from") {
      options.from = text;
    } else if (name == "--break") {
      const auto breakage = breakage_named(text);
      if (!breakage) return std::nullopt;
      options.breakage = *breakage;
    } else if (!set_number(options, name, text)) {
      return std::nullopt;
    }
  }
  return options;
}

// A history that was not made just now.
std::optional<MadeHistory> replay(const std::string& line, Breakage breakage) {
  const auto history = parse_json(line);
  const json::value* definitions = history ? find(*history, {"definitions"}) : nullptr;
  const json::value* operations = history ? find(*history, {"operations"}) : nullptr;
  if (definitions == nullptr || !definitions->is_object() || operations == nullptr || !operations->is_array())
    return std::nullopt;
  const auto schema = Schema::from_definitions(definitions->get_object());
  if (!schema) return std::nullopt;
  const json::value* ignored = find(*history, {"ignored"});
  DriftTools tools;
  DriftRun run(tools, breakage, ignored == nullptr ? json::value(nullptr) : *ignored);
  MadeHistory made{line, {}, {}};
  for (const json::value& operation : operations->get_array()) {
    std::string_view name = string_at(operation, {"type"});
    if (name.empty()) name = string_at(*history, {"type"});
    const TypeNode* type = schema->type_named(name);
    if (type == nullptr || !operation.is_object()) return std::nullopt;
    made.answers.push_back(run.run(operation.get_object(), *type, name));
    made.opinions.push_back(run.opinion());
  }
  return made;
}

class Differential {
 public:
  explicit Differential(const Options& options) : oracle_(options.oracle), breakage_(options.breakage) {}

  // The judge works on these while more are made.
  void run(std::vector<MadeHistory> histories) {
    finish();
    asked_ = std::move(histories);
    lines_.clear();
    for (MadeHistory& history : asked_) lines_.push_back(std::move(history.line));
    answers_.assign(lines_.size(), {});
    sending_ = oracle_.send(lines_);
    receiving_ = std::jthread([this] {
      for (std::string& answer : answers_) answer = oracle_.receive();
    });
  }

  // Tallies what is under way.
  void finish() {
    if (!receiving_.joinable()) return;
    sending_.join();
    receiving_.join();
    std::vector<std::string> wrong;
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      const auto theirs = parse_json(answers_[i]);
      const DriftTally one = tally(asked_[i].answers, asked_[i].opinions,
                                   theirs && theirs->is_object() ? theirs->get_object() : json::object());
      total_.add(one);
      if (one.wrong() != 0) wrong.push_back(lines_[i]);
    }
    if (breakage_ != Breakage::None) return;
    for (std::string& line : wrong) {
      if (++shown_ > kShown) continue;
      shorten(line);
      std::cout << "--- wrong; in short:\n" << line << "\n";
      show(line);
    }
  }

  // False where the line is no history.
  bool show(const std::string& line) {
    const auto ours = replay(line, breakage_);
    if (!ours) return false;
    const json::value theirs = ask(line);
    std::cout << "  theirs: " << value_text(theirs) << "\n";
    for (std::size_t i = 0; i < ours->opinions.size(); ++i) {
      const Opinion& opinion = ours->opinions[i];
      if (!opinion.asked) continue;
      std::cout << "  operation " << i << ": " << (opinion.known ? "in sync by fingerprint" : "fingerprint not known")
                << "; " << (opinion.proven ? "proven in sync" : "not proven: " + opinion.why_not) << "\n";
    }
    std::cout << "  " << tally(ours->answers, ours->opinions, theirs.as_object()) << "\n";
    return true;
  }

  [[nodiscard]] const DriftTally& total() const { return total_; }

 private:
  json::value ask(const std::string& line) {
    const std::vector<std::string> lines{line};
    const std::jthread sending = oracle_.send(lines);
    auto answer = parse_json(oracle_.receive());
    return answer ? *answer : json::object();
  }

  bool is_wrong(const std::string& line) {
    const auto ours = replay(line, breakage_);
    return ours && tally(ours->answers, ours->opinions, ask(line).as_object()).wrong() != 0;
  }

  // Leaves out one operation after the other, as long as it goes on being wrong.
  void shorten(std::string& line) {
    json::value history = *parse_json(line);
    for (std::size_t i = history.at("operations").as_array().size(); i-- > 0;) {
      json::value shorter = history;
      json::array& operations = shorter.at("operations").as_array();
      operations.erase(operations.begin() + static_cast<std::ptrdiff_t>(i));
      if (is_wrong(to_json(shorter))) history = std::move(shorter);
    }
    line = to_json(history);
  }

  OracleProcess oracle_;
  Breakage breakage_;
  std::vector<MadeHistory> asked_;  // without their lines
  std::vector<std::string> lines_, answers_;
  std::jthread sending_, receiving_;
  DriftTally total_;
  std::size_t shown_ = 0;
};

void make_and_compare(const Options& options, Differential& differential) {
  DriftMaker maker(options.seed, options.breakage);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  std::uint64_t made = 0;
  while (options.seconds != 0 ? std::chrono::steady_clock::now() < end : made < options.histories) {
    std::vector<MadeHistory> histories(kBatch);
    if (options.seconds == 0) histories.resize(std::min<std::uint64_t>(kBatch, options.histories - made));
    for (MadeHistory& history : histories) history = maker.make();
    made += histories.size();
    differential.run(std::move(histories));
  }
  differential.finish();
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
    const auto history = replay(line, options.breakage);
    if (!history || !differential.show(line)) {
      std::cerr << "a line that is no history: " << line.substr(0, 200) << "\n";
      return false;
    }
    differential.run({*history});
    differential.finish();
  }
  return true;
}

bool as_it_should_be(const Options& options, const DriftTally& total) {
  if (options.breakage != Breakage::None) return total.missed() != 0 && total.merge_differs == 0;
  return total.wrong() == 0 && (!options.from.empty() || total.needless_percent() <= kMostNeedlessPercent);
}

}  // namespace
}  // namespace holdfast

int main(int argc, char** argv) {
  using namespace holdfast;
  const auto options = parse_options(argc, argv);
  if (!options) {
    std::cerr << "usage: drift_differential ORACLE [--histories N] [--seconds N] [--seed S] [--from FILE] "
                 "[--break order|empties|ownership]\n";
    return 2;
  }
  Differential differential(*options);
  if (options->from.empty())
    make_and_compare(*options, differential);
  else if (!read_and_compare(*options, differential))
    return 2;
  std::cout << "drift_differential: ";
  if (options->from.empty()) std::cout << "seed " << options->seed << ", ";
  std::cout << differential.total() << "\n";
  return as_it_should_be(*options, differential.total()) ? 0 : 1;
}
