// Compares how we fill in variables with Flux' own library (tests/substitution/oracle/main.go), on seeded texts and
// objects made of awkward expressions.
//   substitution_differential ORACLE [TEXTS] [SEED]
// A difference is printed with its text; the exit status is 1 then.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "holdfast/base/digest.h"
#include "sources/substitution.h"
#include "sources/yaml_document.h"
#include "sources/yaml_writer.h"
#include "tests/merge/oracle_process.h"

namespace holdfast {
namespace {

struct Case {
  std::string text;  // of an object its JSON
  std::map<std::string, std::string> variables;
  bool strict = false, object = false;

  [[nodiscard]] std::string request() const {
    json::object values;
    for (const auto& [name, value] : variables) values[name] = value;
    return std::string(strict ? "strict " : "") + (object ? "object =" : "text =") + base64_encode(text) + " " +
           base64_encode(json::serialize(values));
  }
};

class CaseMaker {
 public:
  explicit CaseMaker(std::uint64_t seed) : random_(seed) {}

  Case make() {
    Case made;
    made.strict = chance(3);
    made.object = chance(3);
    for (const char* name : {"a", "b", "long_name", "X1"})
      if (!chance(4)) made.variables[name] = value();
    made.text = made.object ? json::serialize(object(3)) : text(4);
    return made;
  }

 private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }
  std::string pick(std::initializer_list<const char*> list) { return list.begin()[below(list.size())]; }

  std::string value() {
    return pick({"",
                 "",
                 "1",
                 "true",
                 "x",
                 "abc.def.ghi",
                 "/home/me/file.tar.gz",
                 "aXbXc",
                 "ÄÖü straße",
                 "a b",
                 "with: colon",
                 "it's",
                 "\"quoted\"",
                 "- item",
                 "#no",
                 "null",
                 "08",
                 "${b}",
                 "$$",
                 "a/b//c",
                 "[1]",
                 "{}",
                 "long text that goes on and on until a line of eighty characters is full, and then some more of it"});
  }
  std::string name() { return pick({"a", "b", "long_name", "X1", "missing", "a", "b", "1", "_", ""}); }
  std::string word() {
    return pick({"",   "x",  "a b", "$", "$$", "\\",    "/",    "\\/", ":",  "-",  "=", "}", "{",
                 "${", "#",  "%",   "*", "?",  "[a-c]", "[^a]", "[",   "]",  "X",  ".", "1", "-1",
                 "2",  "+3", "é",   "'", "\"", "\n",    " ",    "*.",  ".*", "*/", "/*"});
  }

  std::string argument(int depth) {
    std::string made;
    for (std::size_t i = 0, n = below(4); i < n; ++i) made += depth > 0 && chance(3) ? expression(depth - 1) : word();
    return made;
  }

  std::string expression(int depth) {
    switch (below(9)) {
      case 0:
        return "${" + name() + "}";
      case 1:
        return "${#" + name() + "}";
      case 2:
        return "${" + name() + pick({":=", "=", ":-", ":?", ":+", "-", "+", "?"}) + argument(depth) + "}";
      case 3:
        return "${" + name() + ":" + pick({"0", "1", "2", "-3", "99", "-99", "x", ""}) +
               (chance(2) ? ":" + pick({"0", "1", "5", "-1", "-99", "99", "x", ""}) : "") + "}";
      case 4:
        return "${" + name() + pick({"^", "^^", ",", ",,", "^,", "^^^"}) + "}";
      case 5:
      case 6:
        return "${" + name() + pick({"#", "##", "%", "%%"}) + argument(depth) + "}";
      default:
        return "${" + name() + pick({"/", "//", "/#", "/%"}) + argument(depth) + "/" + argument(depth) + "}";
    }
  }

  std::string text(int depth) {
    std::string made;
    for (std::size_t i = 0, n = 1 + below(4); i < n; ++i) {
      made += chance(2) ? word() : expression(depth);
      const std::size_t dropped = below(made.size() + 1);
      if (chance(60) && dropped < made.size() && (made[dropped] & 0x80) == 0) made.erase(dropped, 1);
    }
    return made;
  }

  // As manifests have them: variables mostly alone or inside a word, now and then whatever.
  std::string field_text() {
    switch (below(6)) {
      case 0:
        return text(1);
      case 1:
        return "${" + name() + "}";
      case 2:
        return "registry.example/${" + name() + ":=app}:v${" + name() + "}";
      case 3:
        return "#!/bin/sh\nset -e\necho \"${" + name() + "}\" $HOME\n";
      default:
        return value();
    }
  }

  // A key has a word in front: where a value makes something else than a key of it, we refuse what the library guesses
  // at.
  json::value object(int depth) {
    json::object made;
    for (std::size_t i = 0, n = 1 + below(4); i < n; ++i) {
      const std::string key =
          chance(8) ? "key-${" + name() + "}" : pick({"name", "image", "on", "1", "data.json", "replicas"});
      if (depth > 0 && chance(3))
        made[key] = object(depth - 1);
      else if (chance(5))
        made[key] = json::array{json::value(field_text()), json::value(7), json::value(nullptr), json::array{}};
      else if (chance(6))
        made[key] = chance(2) ? json::value(1.5) : json::value(true);
      else
        made[key] = field_text();
    }
    return made;
  }

  std::mt19937_64 random_;
};

std::string ours(const Case& one) {
  VariableValues values;
  for (const auto& [name, value] : one.variables) values.emplace(name, Secret(value));
  if (!one.object) {
    const auto made = expand_variables(one.text, values, one.strict);
    return made ? "=" + base64_encode(*made) : "error";
  }
  const auto made = substitute(*parse_json(one.text), values, one.strict);
  return made ? "=" + base64_encode(canonical_json(*made)) : "error";
}

// Numbers are compared by value: 1.5 and 1.5E0 are one.
bool same_answer(const Case& one, const std::string& ours, const std::string& theirs) {
  if (ours == theirs) return true;
  if (!one.object || ours == "error" || theirs == "error") return false;
  return *parse_json(*base64_decode(ours.substr(1))) == *parse_json(*base64_decode(theirs.substr(1)));
}

// What we refuse on purpose: letters in names that are not ASCII, and of YAML a null as a key.
bool declared(const Case& one, const std::string& ours) {
  if (ours != "error") return false;
  if (!one.object) return one.text.find("\xC3\xA9") != std::string::npos;
  VariableValues values;
  for (const auto& [name, value] : one.variables) values.emplace(name, Secret(value));
  const auto text = expand_variables(write_yaml(*parse_json(one.text)), values, one.strict);
  if (!text) return one.text.find("\xC3\xA9") != std::string::npos;
  const auto read = parse_yaml(*text, "");
  return !read && (read.error().message.find("a key is null") != std::string::npos ||
                   read.error().message.find("is written twice") != std::string::npos);
}

std::string shown(const std::string& answer) {
  return answer.starts_with("=") ? base64_decode(answer.substr(1)).value_or(answer) : answer;
}

}  // namespace
}  // namespace holdfast

int main(int argc, char** argv) {
  using namespace holdfast;
  if (argc < 2) {
    std::cerr << "usage: substitution_differential ORACLE [TEXTS] [SEED]\n";
    return 2;
  }
  const std::size_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200'000;
  const std::uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  CaseMaker maker(seed);
  OracleProcess oracle(argv[1]);
  std::size_t same = 0, refused = 0, on_purpose = 0, differences = 0;
  constexpr std::size_t kBatch = 1000;
  for (std::size_t done = 0; done < count; done += kBatch) {
    std::vector<Case> batch;
    std::vector<std::string> requests;
    for (std::size_t i = 0; i < std::min(kBatch, count - done); ++i)
      requests.push_back(batch.emplace_back(maker.make()).request());
    const std::jthread sending = oracle.send(requests);
    for (const Case& one : batch) {
      const std::string theirs = oracle.receive(), mine = ours(one);
      if (same_answer(one, mine, theirs))
        ++(mine == "error" ? refused : same);
      else if (declared(one, mine))
        ++on_purpose;
      else if (++differences <= 20)
        std::cout << "--- difference\n"
                  << one.text << "\n  ours:   " << shown(mine) << "\n  theirs: " << shown(theirs) << "\n";
    }
  }
  std::cout << "substitution_differential: seed " << seed << ", " << count << " texts: " << same << " equal, "
            << refused << " refused by both, " << on_purpose << " refused by us on purpose, " << differences
            << " differences\n";
  return differences == 0 ? 0 : 1;
}
