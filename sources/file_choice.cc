#include "sources/file_choice.h"

#include <spdlog/fmt/fmt.h>

#include <cstddef>
#include <vector>

namespace holdfast {
namespace {

constexpr std::size_t kLongestGlob_bytes = 256;

struct Token {
  enum class Kind { Character, OfOneName, AnyOfOneName, Folders, Anything } kind;
  char character = 0;
};

std::vector<Token> tokens_of(std::string_view glob) {
  std::vector<Token> tokens;
  while (!glob.empty()) {
    std::size_t taken = 1;
    if (glob.starts_with("**/")) {
      tokens.push_back({Token::Kind::Folders});
      taken = 3;
    } else if (glob.starts_with("**")) {
      tokens.push_back({Token::Kind::Anything});
      taken = 2;
    } else if (glob.front() == '*') {
      tokens.push_back({Token::Kind::AnyOfOneName});
    } else if (glob.front() == '?') {
      tokens.push_back({Token::Kind::OfOneName});
    } else {
      tokens.push_back({Token::Kind::Character, glob.front()});
    }
    glob.remove_prefix(taken);
  }
  return tokens;
}

// All places of the glob at once at which a match may be, so that the cost is bounded by the product of both lengths.
class Match {
 public:
  explicit Match(std::vector<Token> tokens) : tokens_(std::move(tokens)), at_(tokens_.size() + 1) { reach(at_, 0); }

  void take(char c) {
    std::vector<bool> next(at_.size());
    for (std::size_t i = 0; i < tokens_.size(); ++i)
      if (at_[i]) take(c, i, next);
    at_ = std::move(next);
  }

  [[nodiscard]] bool done() const { return at_.back(); }

 private:
  void take(char c, std::size_t i, std::vector<bool>& next) const {
    switch (tokens_[i].kind) {
      case Token::Kind::Character:
        if (c == tokens_[i].character) reach(next, i + 1);
        return;
      case Token::Kind::OfOneName:
        if (c != '/') reach(next, i + 1);
        return;
      case Token::Kind::AnyOfOneName:
        if (c != '/') reach(next, i);
        return;
      case Token::Kind::Folders:
        if (c == '/')
          reach(next, i);
        else
          next[i] = true;  // inside of a folder's name, which has to end before the glob goes on
        return;
      case Token::Kind::Anything:
        reach(next, i);
        return;
    }
  }

  // A place, and those after it that need no character.
  void reach(std::vector<bool>& places, std::size_t i) const {
    places[i] = true;
    while (i < tokens_.size() && may_be_empty(tokens_[i])) places[++i] = true;
  }

  static bool may_be_empty(const Token& token) {
    return token.kind == Token::Kind::AnyOfOneName || token.kind == Token::Kind::Folders ||
           token.kind == Token::Kind::Anything;
  }

  std::vector<Token> tokens_;
  std::vector<bool> at_;
};

}  // namespace

bool FileChoice::takes(std::string_view relative_path) const {
  if (!recurse && relative_path.find('/') != std::string_view::npos) return false;
  if (!include.empty() && !glob_matches(include, relative_path)) return false;
  return exclude.empty() || !glob_matches(exclude, relative_path);
}

Result<void> check_glob(std::string_view glob) {
  if (glob.size() > kLongestGlob_bytes)
    return fail(ErrorKind::Invalid, fmt::format("longer than {} bytes", kLongestGlob_bytes));
  if (glob.starts_with('/'))
    return fail(ErrorKind::Invalid, "begins with a slash", {}, "write it relative to spec.source.path");
  for (const char c : glob)
    if (std::string_view("[]{}\\").find(c) != std::string_view::npos)
      return fail(ErrorKind::Invalid, fmt::format("{} has no meaning here", c), {},
                  "there are * and ? for a name, and ** for folders");
  return {};
}

bool glob_matches(std::string_view glob, std::string_view relative_path) {
  const bool of_names = glob.find('/') == std::string_view::npos && !glob.starts_with("**");
  if (of_names) relative_path.remove_prefix(relative_path.rfind('/') + 1);
  Match match(tokens_of(glob));
  for (const char c : relative_path) match.take(c);
  return match.done();
}

}  // namespace holdfast
