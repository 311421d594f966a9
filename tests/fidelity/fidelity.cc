// Sends the script to a real kube-apiserver and to the simulator, and says where their answers differ.
//
//   fidelity --real KUBECONFIG --simulated KUBECONFIG [--script FOLDER] [--known FILE] [CASE...]
//
// With CASE, all of it is sent, but only the cases whose names contain one of them are judged, and both answers to them
// are shown. Both servers have to be fresh. Exit 0: no difference but the known ones, 1: others, or a known one that is
// no more, 2: it could not be done.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "app/cluster_session.h"
#include "holdfast/base/task_scope.h"
#include "tests/fidelity/json_difference.h"
#include "tests/fidelity/known_differences.h"
#include "tests/fidelity/normalizer.h"
#include "tests/fidelity/script_runner.h"

namespace holdfast::fidelity {
namespace {

constexpr std::size_t kShownOfACase = 12, kShownLetters = 400;

struct Options {
  std::string real, simulated, script = "tests/fidelity/script", known = "docs/fidelity.md";
  std::vector<std::string> only;  // parts of names; none: every case

  [[nodiscard]] bool judges(const std::string& name) const {
    return only.empty() ||
           std::ranges::any_of(only, [&](const std::string& part) { return name.find(part) != std::string::npos; });
  }
};

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  std::map<std::string_view, std::string*> names{{"--real", &options.real},
                                                 {"--simulated", &options.simulated},
                                                 {"--script", &options.script},
                                                 {"--known", &options.known}};
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with("--")) {
      options.only.emplace_back(word);
      continue;
    }
    const auto name = names.find(word);
    if (name == names.end() || ++i == argc) return std::nullopt;
    *name->second = argv[i];
  }
  if (options.real.empty() || options.simulated.empty()) return std::nullopt;
  return options;
}

int cannot(const Error& error) {
  fmt::print(stderr, "fidelity: {}\n", describe(error));
  return 2;
}

std::string shortened(std::string text) {
  if (text.size() > kShownLetters) text = text.substr(0, kShownLetters) + "…";
  return text;
}

struct Answers {
  std::vector<json::value> real, simulated;
};

Result<Answers> ask_both(const Options& options, const std::vector<Case>& cases) {
  boost::asio::io_context io(1);
  ClusterOptions real_options, simulated_options;
  real_options.kubeconfig = options.real;
  simulated_options.kubeconfig = options.simulated;
  auto real = open_session(io.get_executor(), real_options);
  if (!real) return std::unexpected(real.error());
  auto simulated = open_session(io.get_executor(), simulated_options);
  if (!simulated) return std::unexpected(simulated.error());
  ScriptRunner real_runner(*real->client), simulated_runner(*simulated->client);
  TaskScope tasks(io.get_executor());
  tasks.spawn(real_runner.run(cases));
  tasks.spawn(simulated_runner.run(cases));
  io.run();
  return Answers{real_runner.answers(), simulated_runner.answers()};
}

// Where one server refuses and the other does not, that is the difference, and not each field of two unlike bodies.
std::vector<JsonDifference> differences_of(const json::value& real, const json::value& simulated) {
  const auto shown = [](const json::value& answer) {
    const json::value *status = find(answer, {"status"}), *body = find(answer, {"body"});
    const std::string_view message = body == nullptr ? "" : string_at(*body, {"message"});
    return fmt::format("{} {}", status == nullptr ? to_json(answer) : to_json(*status), message);
  };
  const json::value *a = find(real, {"status"}), *b = find(simulated, {"status"});
  if (a == nullptr || b == nullptr || *a != *b) return {{".status", shown(real), shown(simulated)}};
  return differences(real, simulated);
}

// How many differences of the case are not known.
std::size_t report(const Case& one, const std::vector<JsonDifference>& found, KnownDifferences& known) {
  std::size_t unknown = 0;
  for (const JsonDifference& difference : found) {
    if (known.contains(one.name, difference.path)) continue;
    if (++unknown == 1) fmt::print("{} ({})\n", one.name, one.where);
    if (unknown <= kShownOfACase)
      fmt::print("  {}\n    real      {}\n    simulated {}\n", difference.path, shortened(difference.real),
                 shortened(difference.simulated));
  }
  if (unknown > kShownOfACase) fmt::print("  … and {} more\n", unknown - kShownOfACase);
  return unknown;
}

struct Figures {
  std::size_t requests = 0, equal = 0, differences = 0, unknown = 0;
};

Figures judge(const Options& options, const std::vector<Case>& cases, const Answers& answers, KnownDifferences& known) {
  Normalizer real, simulated;
  Figures figures;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Case& one = cases[i];
    // Also of a case that is not judged: what it brought has its name from it.
    const json::value real_answer = real.normalize(one.name, answers.real[i]);
    const json::value simulated_answer = simulated.normalize(one.name, answers.simulated[i]);
    if (!options.judges(one.name)) continue;
    ++figures.requests;
    if (!options.only.empty())
      fmt::print("{}\n  real      {}\n  simulated {}\n", one.name, to_json(answers.real[i]),
                 to_json(answers.simulated[i]));
    const auto found = differences_of(real_answer, simulated_answer);
    figures.differences += found.size();
    if (found.empty()) ++figures.equal;
    figures.unknown += report(one, found, known);
  }
  return figures;
}

int compare(const Options& options) {
  const auto cases = read_script(options.script);
  if (!cases) return cannot(cases.error());
  auto known = KnownDifferences::read(options.known);
  if (!known) return cannot(known.error());
  const auto answers = ask_both(options, *cases);
  if (!answers) return cannot(answers.error());
  const Figures figures = judge(options, *cases, *answers, *known);
  const auto unseen = options.only.empty() ? known->unseen() : std::vector<KnownDifference>();
  for (const KnownDifference& row : unseen)
    fmt::print("{}:{}: this difference is no more: `{}` `{}`\n", options.known, row.line, row.name, row.path);
  fmt::print(
      "fidelity: {} requests, {} answered alike; {} differences, {} of them known ({} rows); {} unknown, {} rows "
      "without a difference\n",
      figures.requests, figures.equal, figures.differences, figures.differences - figures.unknown, known->size(),
      figures.unknown, unseen.size());
  if (figures.requests == 0) return cannot({ErrorKind::Invalid, "no case has such a name"});
  return figures.unknown == 0 && unseen.empty() ? 0 : 1;
}

}  // namespace
}  // namespace holdfast::fidelity

int main(int argc, char** argv) {
  const auto options = holdfast::fidelity::parse_options(argc, argv);
  if (!options) {
    std::fputs("fidelity --real KUBECONFIG --simulated KUBECONFIG [--script FOLDER] [--known FILE] [CASE...]\n",
               stderr);
    return 2;
  }
  return holdfast::fidelity::compare(*options);
}
