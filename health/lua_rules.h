// Custom health rules: Lua scripts by group and kind, laid out as Argo CD's resource_customizations are:
// GROUP/KIND/health.lua, KIND/health.lua for the core group. In a folder's name `_` stands for any text inside it:
// "_.crossplane.io/_". A folder without a wildcard goes first, then those with one, in the order of their names.
//
// A value; reading a directory blocks. Scripts are run by lua_health.h.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/model/gvk.h"

namespace holdfast {

inline constexpr std::size_t kLuaRuleLimit = 10'000;
inline constexpr std::size_t kLuaScriptBytesLimit = 256 * 1024;

struct LuaRule {
  std::string name;  // "argoproj.io/Rollout/health.lua", for messages
  std::string script;
};

class LuaRules {
 public:
  // All of the directory or an error: NotFound where it is missing, Invalid where it has no rule, TooLarge beyond the
  // bounds above. Folders that begin with a dot are passed over.
  static Result<LuaRules> read(const std::filesystem::path& directory);

  // `folder` is "GROUP/KIND" or "KIND".
  void add(const std::string& folder, std::string script);
  // Valid as long as the rules are; null where there is none for that kind.
  [[nodiscard]] const LuaRule* find(const GroupKind& kind) const;
  [[nodiscard]] std::size_t size() const { return exact_.size() + wildcards_.size(); }

 private:
  Result<void> read_folder(const std::filesystem::path& path, const std::string& folder, int depth);

  std::map<std::string, LuaRule> exact_, wildcards_;  // by folder
};

}  // namespace holdfast
