#include "health/lua_rules.h"

#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileName = "health.lua";
constexpr int kFolderDepth = 2;  // GROUP/KIND

// `_` for any text without a slash. Goes back to the last wildcard only, so it takes at most length times length steps.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, after_wildcard = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '_') {
      after_wildcard = ++p;
      retry = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (after_wildcard != std::string_view::npos && text[retry] != '/') {
      p = after_wildcard;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '_') ++p;
  return p == pattern.size();
}

Result<std::string> read_script(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string script(kLuaScriptBytesLimit + 1, '\0');
  file.read(script.data(), static_cast<std::streamsize>(script.size()));
  if (!file.eof()) {
    if (file) return fail(ErrorKind::TooLarge, "a health script may have 256 KiB", path.string());
    return fail(ErrorKind::Invalid, "cannot be read", path.string(), "check its permissions");
  }
  script.resize(static_cast<std::size_t>(file.gcount()));
  return script;
}

}  // namespace

Result<LuaRules> LuaRules::read(const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    return fail(ErrorKind::NotFound, "there is no such directory", directory.string());
  LuaRules rules;
  if (Result<void> read = rules.read_folder(directory, "", 0); !read) return std::unexpected(read.error());
  if (rules.size() == 0)
    return fail(ErrorKind::Invalid, "no health scripts are in it", directory.string(),
                "they are expected as GROUP/KIND/health.lua");
  return rules;
}

Result<void> LuaRules::read_folder(const fs::path& path, const std::string& folder, int depth) {
  std::error_code error;
  const auto unreadable = [&] { return fail(ErrorKind::Invalid, "cannot be read: " + error.message(), path.string()); };
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    const bool is_folder = entry->is_directory(error);
    if (error) return unreadable();
    if (is_folder && depth < kFolderDepth) {
      const std::string inner = folder.empty() ? name : folder + "/" + name;
      if (Result<void> read = read_folder(entry->path(), inner, depth + 1); !read) return read;
    } else if (!is_folder && depth > 0 && name == kFileName) {
      if (size() >= kLuaRuleLimit) return fail(ErrorKind::TooLarge, "more than 10,000 health scripts", path.string());
      Result<std::string> script = read_script(entry->path());
      if (!script) return std::unexpected(script.error());
      add(folder, *std::move(script));
    }
  }
  if (error) return unreadable();
  return {};
}

void LuaRules::add(const std::string& folder, std::string script) {
  auto& rules = folder.contains('_') ? wildcards_ : exact_;
  rules[folder] = {folder + "/" + kFileName, std::move(script)};
}

const LuaRule* LuaRules::find(const GroupKind& kind) const {
  const std::string folder = kind.group.empty() ? kind.kind : kind.group + "/" + kind.kind;
  if (const auto found = exact_.find(folder); found != exact_.end()) return &found->second;
  for (const auto& [pattern, rule] : wildcards_) {
    if (matches(pattern, folder)) return &rule;
  }
  return nullptr;
}

}  // namespace holdfast
