#include "sources/rendered_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "sources/manifests.h"
#include "sources/yaml_document.h"

namespace holdfast {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The comments between what came before and the line of the document.
std::string comments_before(const std::vector<std::string_view>& lines, int line) {
  const auto end = std::min(static_cast<std::size_t>(line - 1), lines.size());
  std::size_t begin = end;
  while (begin > 0 && (lines[begin - 1].empty() || lines[begin - 1].front() == '#')) --begin;
  return fmt::format("{}", fmt::join(lines.begin() + static_cast<std::ptrdiff_t>(begin),
                                     lines.begin() + static_cast<std::ptrdiff_t>(end), "\n"));
}

// The value of "key: value" in a line that begins with it; empty where there is none that is plain.
std::string_view value_behind(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return {};
  line.remove_prefix(key.size());
  line = line.substr(0, line.find(" #"));
  while (line.starts_with(' ') || line.starts_with('"') || line.starts_with('\'')) line.remove_prefix(1);
  while (line.ends_with(' ') || line.ends_with('"') || line.ends_with('\'') || line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

bool is_encrypted(const json::value& object) { return find(object, {"sops", "mac"}) != nullptr; }

Result<json::value> decrypted(const json::value& object, const std::string& origin, Decryptor* decryptor) {
  if (decryptor == nullptr)
    return fail(ErrorKind::Invalid, "it is encrypted with SOPS, and no keys are named to read it with", origin,
                "name them in spec.decryption (docs/trust.md)");
  const auto text = decryptor->decrypt_rendered(origin, to_json(object));
  if (!text) return std::unexpected(text.error());
  auto plain = parse_json(*text);
  if (!plain || is_encrypted(*plain))
    return fail(ErrorKind::Internal, "what sops printed is no object", origin, "it is tried again");
  return plain;
}

}  // namespace

Result<ManifestSetPtr> read_rendered(std::string_view text, const std::string& revision, std::int64_t committed_s,
                                     const OriginOf& origin_of, Decryptor* decryptor) {
  auto documents = parse_yaml(text, "what was rendered");
  if (!documents) return std::unexpected(std::move(documents.error()));
  const auto lines = lines_of(text);
  ManifestReader reader(revision, committed_s);
  for (YamlDocument& document : *documents) {
    std::string origin = origin_of({document.value, comments_before(lines, document.line)});
    if (!origin.empty() && is_encrypted(document.value)) {
      auto plain = decrypted(document.value, origin, decryptor);
      if (!plain && plain.error().kind != ErrorKind::Invalid) return std::unexpected(std::move(plain.error()));
      if (plain)
        reader.take(std::move(*plain), std::move(origin));
      else
        reader.refuse(std::move(plain.error()));
    } else if (!origin.empty()) {
      reader.take(std::move(document.value), std::move(origin));
    }
    if (reader.full()) break;
  }
  auto set = reader.finish();
  if (!set) return std::unexpected(joined(std::move(set.error())));
  return std::move(*set);
}

void WrittenNames::scan(std::string_view text, const std::string& path) {
  std::string kind, name;
  int line = 0, first = 1;
  bool in_metadata = false;
  std::size_t indent_of_metadata = 0;  // of what is in it; 0: not seen yet
  const auto end_document = [&] {
    if (!kind.empty() && !name.empty()) by_kind_.emplace(kind, Written{name, fmt::format("{}:{}", path, first)});
    kind.clear();
    name.clear();
    first = 0;
  };
  for (const std::string_view one : lines_of(text)) {
    ++line;
    if (one.starts_with("---")) {
      end_document();
      in_metadata = false;
      continue;
    }
    if (one.empty() || one.front() == '#') continue;
    if (first == 0) first = line;
    const std::size_t indent = one.find_first_not_of(' ');
    if (indent == std::string_view::npos) continue;
    if (indent == 0) {
      in_metadata = one.starts_with("metadata:");
      indent_of_metadata = 0;
    } else if (in_metadata && indent_of_metadata == 0) {
      indent_of_metadata = indent;
    }
    if (const std::string_view found = value_behind(one, "kind:"); !found.empty()) kind = found;
    if (!in_metadata || indent != indent_of_metadata) continue;
    if (const std::string_view found = value_behind(one.substr(indent), "name:"); !found.empty()) name = found;
  }
  end_document();
}

std::string WrittenNames::find(std::string_view kind, std::string_view name) const {
  std::string origin;
  bool several = false;
  for (auto [at, end] = by_kind_.equal_range(kind); at != end; ++at) {
    if (at->second.name == name) return at->second.origin;
    if (name.find(at->second.name) == std::string_view::npos) continue;
    several = !origin.empty();
    origin = at->second.origin;
  }
  return several ? std::string() : origin;
}

}  // namespace holdfast
