// Compares our YAML reader with kubectl's (tests/yaml/oracle/main.go) on seeded documents made of awkward scalars and
// shapes.
//   yaml_differential ORACLE [DOCUMENTS] [SEED]
// A difference is printed with its document; the exit status is 1 then. Where we refuse on purpose what the Go library
// guesses at (see sources/yaml_document.h), that is counted and is no difference.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "holdfast/base/digest.h"
#include "sources/yaml_document.h"

namespace holdfast {
namespace {

// Documents out of a grammar: valid shapes mostly, with nasty leaves, and now and then a broken byte.
class Grammar {
 public:
  explicit Grammar(std::uint64_t seed) : random_(seed) {}

  std::string document() {
    anchored_ = 0;
    std::string text;
    if (chance(20)) text += "\xEF\xBB\xBF";
    if (chance(8)) text += pick({"---\n", "--- # start\n", "%YAML 1.1\n---\n", "# note\n", "\n\n", "--- "});
    text += chance(8) ? leaf(0) : block(0, below(4));
    if (!text.ends_with('\n') && !chance(10)) text += "\n";
    if (chance(12)) text += pick({"...\n", "# end\n", "\n", "---\n", "---\na: b\n", "  \n"});
    if (chance(15)) mutate(text);
    if (chance(15)) to_crlf(text);
    return text;
  }

 private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }
  std::string pick(const std::vector<std::string>& list) { return list[below(list.size())]; }

  std::string number() {
    static const std::vector<std::string> known = {"0",
                                                   "-0",
                                                   "+0",
                                                   "00",
                                                   "0644",
                                                   "0o17",
                                                   "0O17",
                                                   "089",
                                                   "08",
                                                   "0x1F",
                                                   "0XfF",
                                                   "0x",
                                                   "0b1",
                                                   "0B11",
                                                   "0b",
                                                   "-0b11",
                                                   "0b-1",
                                                   "0b+1",
                                                   "+0x1F",
                                                   "-0x1F",
                                                   "1_000",
                                                   "_1",
                                                   "1_",
                                                   "1__0",
                                                   "0x_F",
                                                   "0_8",
                                                   "0b_1",
                                                   "1e3",
                                                   "1E3",
                                                   "1e+3",
                                                   "1e-3",
                                                   "1e",
                                                   "1.",
                                                   ".5",
                                                   "-.5",
                                                   "+.5",
                                                   ".",
                                                   "..",
                                                   "-",
                                                   "+",
                                                   "--1",
                                                   "1.5.2",
                                                   "1e400",
                                                   "-1e400",
                                                   "1e-400",
                                                   "0.0000001",
                                                   "1e21",
                                                   "1e20",
                                                   "123456789012345678901234567890",
                                                   "9223372036854775807",
                                                   "9223372036854775808",
                                                   "-9223372036854775808",
                                                   "-9223372036854775809",
                                                   "18446744073709551615",
                                                   "18446744073709551616",
                                                   "+9223372036854775808",
                                                   "0xFFFFFFFFFFFFFFFF",
                                                   "0xFFFFFFFFFFFFFFFFF",
                                                   "1152921504606846976.0",
                                                   "1:30",
                                                   "190:20:30",
                                                   "12e03",
                                                   ".5e3",
                                                   ".5_5",
                                                   "._5",
                                                   ".5_",
                                                   ".e3",
                                                   "5.e3",
                                                   "0.1",
                                                   "1.10",
                                                   "3.14159265358979",
                                                   "1e6",
                                                   "1234567.5",
                                                   "0x1p4",
                                                   "0x.8p1",
                                                   "1_000.5",
                                                   "-0.0",
                                                   "0e0",
                                                   "077777777777777777777777",
                                                   "-077",
                                                   "0-1",
                                                   "1-1",
                                                   "0b2",
                                                   "0o8"};
    if (!chance(3)) return pick(known);
    std::string text;
    for (std::size_t i = 0, n = 1 + below(8); i < n; ++i) text += "0123456789+-._eExXbBoOpPfF"[below(26)];
    return text;
  }

  std::string word() {
    static const std::vector<std::string> known = {"yes",
                                                   "Yes",
                                                   "YES",
                                                   "yEs",
                                                   "no",
                                                   "No",
                                                   "NO",
                                                   "on",
                                                   "On",
                                                   "ON",
                                                   "off",
                                                   "Off",
                                                   "OFF",
                                                   "y",
                                                   "Y",
                                                   "n",
                                                   "N",
                                                   "true",
                                                   "True",
                                                   "TRUE",
                                                   "tRUE",
                                                   "false",
                                                   "False",
                                                   "FALSE",
                                                   "null",
                                                   "Null",
                                                   "NULL",
                                                   "nULL",
                                                   "~",
                                                   "~~",
                                                   ".inf",
                                                   ".Inf",
                                                   "-.inf",
                                                   "+.INF",
                                                   ".nan",
                                                   ".NaN",
                                                   "nan",
                                                   "inf",
                                                   "2001-01-01",
                                                   "2001-1-1",
                                                   "2001-12-14t21:59:43.10-05:00",
                                                   "2001-12-14 21:59:43",
                                                   "12:30",
                                                   "<<",
                                                   "=",
                                                   "a b",
                                                   "a: b",
                                                   "a:b",
                                                   "a #b",
                                                   "a#b",
                                                   "- a",
                                                   "-a",
                                                   "?a",
                                                   "? a",
                                                   ":a",
                                                   ":",
                                                   "@a",
                                                   "`a",
                                                   "%a",
                                                   "!a",
                                                   "&a",
                                                   "*a",
                                                   "|",
                                                   ">",
                                                   "a,b",
                                                   "[a",
                                                   "a]",
                                                   "{a",
                                                   "a}",
                                                   "a\tb",
                                                   "\ta",
                                                   "a ",
                                                   "e\xCC\x81",
                                                   "\xE2\x82\xAC",
                                                   "\xF0\x9F\x98\x80",
                                                   "\xC2\x85",
                                                   "\xE2\x80\xA8",
                                                   "a: ",
                                                   "a:",
                                                   "::",
                                                   "-",
                                                   "--",
                                                   "---",
                                                   "...",
                                                   "'",
                                                   "\"",
                                                   "http://x.y/z?a=b&c",
                                                   "a\\nb",
                                                   "{{ .x }}",
                                                   "$(A)",
                                                   "\xC2\xA0",
                                                   "x\xEF\xBB\xBFy"};
    return pick(known);
  }

  std::string single_quoted() {
    static const std::vector<std::string> inner = {"",         "''",  "a", "yes", "1",   "a b", "a\n  b",
                                                   "a\n\n  b", " a ", "#", ": ",  "\\n", "\"",  "a\\",
                                                   "a \n  b",  "\t",  "-", "{",   "null"};
    return "'" + pick(inner) + pick(inner) + (chance(60) ? "" : "'");
  }

  std::string double_quoted() {
    static const std::vector<std::string> inner = {
        "",    "a",   "\\n", "\\t",   "\\\"",  "\\\\", "\\/",  "\\x41", "\\u00e9", "\\U0001F600", "\\ud83d",
        "\\q", "\\0", "\\ ", "\\e",   "\\_",   "\\N",  "\\L",  "\\P",   "a\n  b",  "a\\\n  b",    "a \n\n b",
        "'",   "#",   ": ",  "\\xff", "\\u12", "\t",   "\\\t", "yes",   "1"};
    return "\"" + pick(inner) + pick(inner) + pick(inner) + (chance(60) ? "" : "\"");
  }

  std::string literal(std::size_t indent) {
    std::string text =
        pick({"|", ">", "|-", ">-", "|+", ">+", "|1", "|2", ">2-", "|-2", ">+1", "|0", "|9", "| # c", "|#c"});
    text += "\n";
    const std::string pad(indent + 1 + below(3), ' ');
    for (std::size_t i = 0, n = below(6); i < n; ++i)
      text += pick({"", "", pad, pad + " "}) + pick({"", "a", " b", "\tc", "#d", "- e", "a: b", "x  ", "yes"}) + "\n";
    return text;
  }

  std::string anchor() { return std::to_string(anchored_ = below(3)); }

  std::string property() {
    std::string text;
    if (chance(3)) text += "&a" + anchor() + " ";
    if (chance(2))
      text += pick({"!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "!!binary ", "! ", "!x ", "!!seq ", "!!map ",
                    "!!set ", "!<tag:yaml.org,2002:str> ", "!!omap ", "!e!x ", "!!merge "});
    return text;
  }

  std::string leaf(std::size_t indent) {
    std::string text = chance(10) ? property() : "";
    switch (below(14)) {
      case 0:
        return text + single_quoted();
      case 1:
        return text + double_quoted();
      case 2:
        return text + literal(indent);
      case 3:
        return anchored_ == 0 && !chance(20) ? "a" : "*a" + std::to_string(below(chance(8) ? 3 : anchored_ + 1) % 3);
      case 4:
        return text;
      case 5:
        return text + pick({"a", "b", "yes", "1"}) + "\n" + std::string(indent + 1, ' ') +
               pick({"a", "c d", "1", "#e", "- f"});
      case 6:
        return text + pick({"YQ==", "YWI=", "YQ", "====", "/w==", "Y\n Q=="});
      case 7:
        return text + flow(2);
      case 8:
        return text + word() + pick({" # c", " #", "#", "\t# c", " \t", "  "});
      case 9:
      case 10:
      case 11:
        return text + number();
      default:
        return text + (chance(4) ? word() : pick({"a", "b c", "x-y", "yes", "no", "on", "null", "~", "v1.2", "a/b"}));
    }
  }

  std::string flow(std::size_t depth) {
    if (depth == 0 || chance(3))
      return chance(3) ? number() : chance(2) ? word() : chance(2) ? single_quoted() : double_quoted();
    const bool map = chance(2);
    std::string text = map ? "{" : "[";
    for (std::size_t i = 0, n = below(4); i < n; ++i) {
      if (i > 0) text += pick({",", ", ", " , ", ",\n  "});
      if (chance(12)) text += property();
      if (map && !chance(6)) text += flow(0) + pick({": ", ":", " : ", ": ", ": "});
      text += flow(depth - 1);
    }
    if (chance(10)) text += ",";
    if (chance(50)) return text;
    return text + (map ? "}" : "]");
  }

  std::string key() {
    switch (below(24)) {
      case 0:
        return number();
      case 1:
        return word();
      case 2:
        return single_quoted();
      case 3:
        return double_quoted();
      case 4:
        return "<<";
      case 5:
        return "? " + pick({"a", "[a]", "{a: b}", "1", "b\n"});
      default:
        return pick({"a", "b", "c", "d", "kind", "e-f", "g.h/i", "1a"}) + (chance(3) ? std::to_string(below(9)) : "");
    }
  }

  std::string block(std::size_t indent, std::size_t depth) {
    if (depth == 0) return leaf(indent) + "\n";
    const bool map = !chance(3);
    const std::string pad(indent, ' ');
    std::string text;
    for (std::size_t i = 0, n = 1 + below(4); i < n; ++i) {
      text += chance(200) ? pad + " " : pad;
      const std::string name = map ? key() : "-";
      text += name;
      if (map) text += name.ends_with("\n") ? pad + ":" : pick({":", ":", ":", ":", " :", ":\t"});
      if (name == "<<" && !chance(3)) {
        text += " " +
                pick({"*a0", "*a1", "{x: 1, a: 2}", "[*a0, {b: 3}]", "[*a0, *a1]", "x", "[]", "[x]", "{<<: {y: 4}}"}) +
                "\n";
      } else if (chance(2)) {
        text += pick({" ", " ", " ", "  ", "\t"}) + leaf(indent) + "\n";
      } else {
        if (chance(4)) text += " &a" + anchor();
        // "- a: 1" on one line, or the child on lines of its own.
        if (!map && chance(2)) {
          const std::string child = block(indent + 2, depth - 1);
          text += " " + child.substr(depth > 1 && !chance(20) ? indent + 2 : 0);
        } else {
          text += "\n" + block(indent + 2, depth - 1);
        }
      }
      if (chance(15)) text += pick({"\n", "# c\n", "  # c\n", "   \n", "\t\n"});
    }
    return text;
  }

  void mutate(std::string& text) {
    if (text.empty()) return;
    constexpr std::string_view kMarks = ":-#'\"{}[],&*!|>%@`? \t\n\\";
    const std::size_t at = below(text.size());
    switch (below(4)) {
      case 0:
        text.erase(at, 1);
        break;
      case 1:
        text.insert(at, 1, kMarks[below(kMarks.size())]);
        break;
      case 2:
        text[at] = static_cast<char>(below(256));
        break;
      default:
        text.insert(at, text.substr(below(text.size()), 1 + below(6)));
        break;
    }
  }

  static void to_crlf(std::string& text) {
    std::string out;
    for (char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
    text = std::move(out);
  }

  std::mt19937_64 random_;
  std::size_t anchored_ = 0;
};

std::string hex(std::string_view bytes) {
  std::string out;
  for (char c : bytes) {
    out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// Go's JSON encoder: plain digits from 1e-6 to 1e21, an exponent of one digit is not padded.
std::string go_number(double value) {
  std::array<char, 64> buffer;
  const double magnitude = value < 0 ? -value : value;
  const bool scientific = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  const auto style = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  std::string text(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, style).ptr);
  if (!scientific && magnitude >= 0x1p53) {
    // Shortest digits, then zeros; to_chars would print the exact value.
    const std::string exact = text;
    text.assign(buffer.data(),
                std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr);
    std::string digits;
    for (char c : text.substr(0, text.find('e')))
      if (c != '.') digits += c;
    digits.resize(exact.size(), '0');
    return digits;
  }
  if (text.size() >= 4 && text[text.size() - 4] == 'e' && text[text.size() - 3] == '-' && text[text.size() - 2] == '0')
    text.erase(text.size() - 2, 1);
  return text;
}

void write(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      out += std::to_string(value.get_int64());
      return;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      return;
    case json::kind::double_:
      out += go_number(value.get_double());
      return;
    case json::kind::string:
      out += "'" + hex(value.get_string());
      return;
    case json::kind::array:
      out += "[";
      for (const auto& item : value.get_array()) write(out, item), out += ",";
      out += "]";
      return;
    case json::kind::object: {
      std::vector<std::string> keys;
      for (const auto& member : value.get_object()) keys.emplace_back(member.key());
      std::sort(keys.begin(), keys.end());
      out += "{";
      for (const auto& name : keys) {
        out += hex(name) + ":";
        write(out, value.get_object().at(name));
        out += ",";
      }
      out += "}";
    }
  }
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return text.find(part) != std::string_view::npos; });
}

// The refusals that sources/yaml_document.h declares. A value that has no form in JSON may hide behind a key that is
// set twice, which `strict` tells.
bool declared(const Error& error, bool strict) {
  if (strict && contains_any(error.message, {"no form in JSON", "a key is null"})) return true;
  return contains_any(error.message,
                      {"is written twice", "<document start>", "!!timestamp", "is not text", "unexpected ':'",
                       "unknown escape character", "a tag", "the tag", "byte order mark"});
}

std::string first_of(const Result<std::vector<YamlDocument>>& parsed) {
  if (!parsed) return "error";
  if (parsed->empty()) return "null";
  std::string text;
  write(text, parsed->front().value);
  return text;
}

// Theirs stops reading at the end of the first document, so what is wrong behind it is for us alone to see.
bool wrong_only_behind_first(const std::string& document, const std::string& theirs) {
  for (std::size_t at = document.find('\n'); at != std::string::npos; at = document.find('\n', at + 1)) {
    const std::string_view rest = std::string_view(document).substr(at + 1);
    if (!rest.starts_with("---") && !rest.starts_with("...")) continue;
    if (first_of(parse_yaml(document.substr(0, at + 1), "document")) == theirs) return true;
  }
  return false;
}

struct Oracle {
  FILE* to = nullptr;
  FILE* from = nullptr;
  pid_t pid = 0;

  explicit Oracle(const char* program) {
    std::array<int, 2> in{}, out{};
    if (pipe(in.data()) != 0 || pipe(out.data()) != 0) std::abort();
    pid = fork();
    if (pid == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      for (int fd : {in[0], in[1], out[0], out[1]}) close(fd);
      execl(program, program, static_cast<char*>(nullptr));
      std::perror(program);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to = fdopen(in[1], "w");
    from = fdopen(out[0], "r");
  }
  ~Oracle() {
    std::fclose(to);
    std::fclose(from);
    waitpid(pid, nullptr, 0);
  }

  std::string read_line() {
    std::string line;
    for (int c = std::fgetc(from); c != '\n'; c = std::fgetc(from)) {
      if (c == EOF) std::cerr << "the Go program ended early\n", std::exit(2);
      line += static_cast<char>(c);
    }
    return line;
  }
};

struct Tally {
  std::size_t same = 0, both_refused = 0, declared_refusals = 0, differences = 0;
  std::size_t read_by_us =
      0;  // the escape "\\/" and [a?b], which are good YAML 1.2 and which the Go library cannot read
};

void compare(const std::string& document, std::string theirs, Tally& tally) {
  const bool strict = theirs.starts_with("!");
  if (strict) theirs.erase(0, 1);
  const auto parsed = parse_yaml(document, "document");
  const std::string ours = first_of(parsed);
  // Theirs reads one document only; ours leaves empty ones out, so that another may have moved to the front.
  if (ours == theirs || (parsed && theirs == "null")) {
    ++(parsed ? tally.same : tally.both_refused);
  } else if (!parsed && (declared(parsed.error(), strict) || wrong_only_behind_first(document, theirs))) {
    ++tally.declared_refusals;
  } else if (parsed && theirs == "error" && contains_any(document, {"\\/", "?"})) {
    ++tally.read_by_us;
  } else if (++tally.differences <= 20) {
    std::cout << "--- difference\n"
              << document << "\n  ours:   " << (parsed ? ours : describe(parsed.error())) << "\n  theirs: " << theirs
              << "\n";
  }
}

}  // namespace
}  // namespace holdfast

int main(int argc, char** argv) {
  using namespace holdfast;
  if (argc < 2) {
    std::cerr << "usage: yaml_differential ORACLE [DOCUMENTS] [SEED]\n";
    return 2;
  }
  const std::size_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100'000;
  const std::uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  Grammar grammar(seed);
  Oracle oracle(argv[1]);
  Tally tally;
  constexpr std::size_t kBatch = 64;  // small enough to fit the pipes both ways
  for (std::size_t done = 0; done < count; done += kBatch) {
    std::vector<std::string> batch(std::min(kBatch, count - done));
    for (auto& document : batch) {
      document = grammar.document();
      std::fprintf(oracle.to, "%s\n", base64_encode(document).c_str());
    }
    std::fflush(oracle.to);
    for (const auto& document : batch) compare(document, oracle.read_line(), tally);
  }
  std::cout << "yaml_differential: seed " << seed << ", " << count << " documents: " << tally.same << " equal, "
            << tally.both_refused << " refused by both, " << tally.declared_refusals << " refused by us on purpose, "
            << tally.read_by_us << " read by us alone, " << tally.differences << " differences\n";
  return tally.differences == 0 ? 0 : 1;
}
