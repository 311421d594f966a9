// The layers of docs/architecture.md, as a test: which room may include which. The sources themselves are read, so that
// an include that happens to compile (all rooms share one include path) is found all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

// Which rooms a file of a room may include besides its own. The vocabulary (include/holdfast with its core/) has layers
// of its own: base, model, merge; ports are its interfaces between rooms.
const std::map<std::string, std::set<std::string>>& allowed() {
  static const std::map<std::string, std::set<std::string>> rooms{
      {"base", {}},
      {"model", {"base"}},
      {"merge", {"base", "model"}},
      {"ports", {"base", "model", "merge"}},
      {"net", {"base", "model", "merge", "ports"}},
      {"health", {"base", "model"}},
      {"watchers", {"base", "model", "merge", "ports", "net"}},
      {"sources", {"base", "model", "merge", "ports", "net"}},
      {"engine", {"base", "model", "merge", "ports", "net", "health"}},
      {"simulator", {"base", "model", "merge", "ports", "net"}},
      {"app", {"base", "model", "merge", "ports", "net", "health", "watchers", "sources", "engine", "simulator"}},
  };
  return rooms;
}

// The room of a path relative to the source tree, or of what stands between the quotes of an include.
std::optional<std::string> room_of(const std::string& path) {
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(path).lexically_normal()) parts.push_back(part.string());
  if (parts.size() > 1 && parts[0] == "include") parts.erase(parts.begin());
  if (parts.size() > 1 && (parts[0] == "holdfast" || parts[0] == "core")) parts.erase(parts.begin());
  if (parts.size() < 2 || !allowed().contains(parts[0])) return std::nullopt;
  return parts[0];
}

// What stands between the quotes of an include line, or nothing. Angle brackets are for other people's headers.
std::optional<std::string> quoted_include(std::string_view line) {
  const std::size_t hash = line.find_first_not_of(" \t");
  if (hash == std::string_view::npos || line[hash] != '#') return std::nullopt;
  const std::size_t word = line.find_first_not_of(" \t", hash + 1);
  if (word == std::string_view::npos || !line.substr(word).starts_with("include")) return std::nullopt;
  const std::size_t open = line.find('"', word);
  const std::size_t close = open == std::string_view::npos ? open : line.find('"', open + 1);
  if (close == std::string_view::npos) return std::nullopt;
  return std::string(line.substr(open + 1, close - open - 1));
}

// One sentence for each include of a file that its room may not have.
std::vector<std::string> violations(const std::string& path, std::istream& source) {
  std::vector<std::string> found;
  const std::optional<std::string> room = room_of(path);
  if (!room) return found;
  std::string line;
  for (int number = 1; std::getline(source, line); ++number) {
    const std::optional<std::string> include = quoted_include(line);
    if (!include) continue;
    const std::string where = path + ":" + std::to_string(number) + ": ";
    if (include->contains("..")) {
      found.push_back(where + "\"" + *include + "\" is to be named from the top of the tree");
      continue;
    }
    const std::optional<std::string> target = room_of(*include);
    if (!target) {
      found.push_back(where + "\"" + *include + "\" is in no room");
    } else if (*target != *room && !allowed().at(*room).contains(*target)) {
      found.push_back(where + *room + " may not include " + *target);
    }
  }
  return found;
}

std::vector<std::string> violations(const std::string& path, const std::string& source) {
  std::istringstream stream(source);
  return violations(path, stream);
}

bool is_source(const fs::path& path) { return path.extension() == ".cc" || path.extension() == ".h"; }

std::vector<fs::path> sources() {
  std::vector<fs::path> files;
  for (const char* folder : {"include", "core", "net", "health", "watchers", "sources", "engine", "simulator", "app"}) {
    const fs::path top = fs::path(HOLDFAST_SOURCE_DIR) / folder;
    if (!fs::exists(top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      if (entry.is_regular_file() && is_source(entry.path())) files.push_back(entry.path());
    }
  }
  return files;
}

TEST(Layers, no_room_includes_what_it_may_not) {
  const std::vector<fs::path> files = sources();
  ASSERT_FALSE(files.empty()) << "no sources under " << HOLDFAST_SOURCE_DIR;
  for (const fs::path& file : files) {
    std::ifstream source(file);
    ASSERT_TRUE(source) << file;
    EXPECT_THAT(violations(file.lexically_relative(HOLDFAST_SOURCE_DIR).string(), source), IsEmpty());
  }
}

TEST(Layers, canary_a_forbidden_include_is_found_with_its_line) {
  EXPECT_THAT(violations("engine/a.cc", "#pragma once\n#include \"watchers/client.h\"\n"),
              ElementsAre("engine/a.cc:2: engine may not include watchers"));
  EXPECT_THAT(violations("watchers/a.h", "#include \"sources/git.h\"\n"), ElementsAre(HasSubstr("watchers may not")));
  EXPECT_THAT(violations("sources/a.h", "  #  include   \"engine/plan.h\"\n"),
              ElementsAre(HasSubstr("sources may not")));
  EXPECT_THAT(violations("net/a.cc", "#include \"watchers/client.h\"\n"), ElementsAre(HasSubstr("net may not")));
  EXPECT_THAT(violations("include/holdfast/base/a.h", "#include \"holdfast/model/gvk.h\"\n"),
              ElementsAre(HasSubstr("base may not include model")));
  EXPECT_THAT(violations("core/model/a.cc", "#include \"holdfast/merge/schema.h\"\n"),
              ElementsAre(HasSubstr("model may not include merge")));
}

TEST(Layers, canary_an_include_that_names_no_room_is_found) {
  EXPECT_THAT(violations("engine/a.cc", "#include \"verdict.h\"\n"), ElementsAre(HasSubstr("is in no room")));
  EXPECT_THAT(violations("engine/a.cc", "#include \"../watchers/client.h\"\n"), ElementsAre(HasSubstr("from the top")));
}

TEST(Layers, what_is_allowed_is_no_violation) {
  EXPECT_THAT(violations("app/a.cc", "#include \"engine/plan.h\"\n#include \"holdfast/ports/live_view.h\"\n"),
              IsEmpty());
  EXPECT_THAT(violations("engine/a.cc", "#include \"engine/b.h\"\n#include <vector>\n// #include \"watchers/x.h\"\n"),
              IsEmpty());
}

// Files of sub-folders belong to their room; a test or a bench is in no room and may include all of them.
TEST(Layers, a_room_is_the_first_folder) {
  EXPECT_EQ(room_of("app/main/main.cc"), "app");
  EXPECT_EQ(room_of("core/merge/schema.cc"), "merge");
  EXPECT_EQ(room_of("holdfast/model/json.h"), "model");
  EXPECT_EQ(room_of("tests/unit/core/layers_test.cc"), std::nullopt);
}

// "struct Name : Base {" and such at the beginning of a line, thus not inside of another one. Empty: it is none.
std::string defined_type(std::string_view line) {
  for (const std::string_view word : {"struct ", "class ", "enum class "}) {
    if (!line.starts_with(word) || !line.contains('{')) continue;
    const std::string_view rest = line.substr(word.size()), name = rest.substr(0, rest.find_first_of(" {<"));
    return name.contains("::") ? std::string() : std::string(name);
  }
  return {};
}

// All rooms share one namespace. Two types of one name are not seen together by any compiler: the linker takes the
// functions of either for both.
TEST(Layers, no_two_headers_define_a_type_of_one_name) {
  std::map<std::string, std::string> defined;  // where
  const fs::path root = HOLDFAST_SOURCE_DIR;
  for (const auto& [room, may_include] : allowed())
    for (const char* folder : {"", "include/holdfast/"}) {
      const fs::path rooms_folder = root / (folder + room);
      if (!fs::is_directory(rooms_folder)) continue;
      for (const auto& entry : fs::recursive_directory_iterator(rooms_folder)) {
        if (entry.path().extension() != ".h") continue;
        std::ifstream in(entry.path());
        for (std::string line; std::getline(in, line);) {
          const std::string name = defined_type(line);
          if (name.empty()) continue;
          const auto [first, is_new] = defined.emplace(name, entry.path().string());
          EXPECT_TRUE(is_new || first->second == entry.path().string())
              << name << " is defined in " << first->second << " and in " << entry.path();
        }
      }
    }
  EXPECT_GT(defined.size(), 300U);
}

}  // namespace
}  // namespace holdfast
