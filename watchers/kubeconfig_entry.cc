#include "watchers/kubeconfig_entry.h"

#include <fstream>
#include <optional>
#include <utility>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 1024UL * 1024;

}  // namespace

Result<std::string> read_kubeconfig_file(const fs::path& path, const std::string& where) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return fail(ErrorKind::NotFound, path.string() + " does not exist", where);
  if (fs::is_directory(status)) return fail(ErrorKind::Invalid, path.string() + " is a directory", where);
  std::ifstream in(path, std::ios::binary);
  std::string content(kMaxFileBytes + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (in.gcount() == 0 && !in.eof())
    return fail(ErrorKind::Unauthorized, path.string() + " cannot be read", where, "check its permissions");
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() > kMaxFileBytes) return fail(ErrorKind::TooLarge, path.string() + " is larger than 1 MiB", where);
  return content;
}

Result<std::string> text(const KubeconfigEntry& entry, const std::string& key) {
  const YAML::Node value = std::as_const(entry.body)[key];
  if (!value.IsDefined() || value.IsNull()) return std::string();
  if (!value.IsScalar()) return fail(ErrorKind::Invalid, key + " must be a string", entry.where());
  return value.Scalar();
}

Result<bool> flag(const KubeconfigEntry& entry, const std::string& key) {
  const Result<std::string> value = text(entry, key);
  if (!value) return std::unexpected(value.error());
  if (*value == "true") return true;
  if (value->empty() || *value == "false") return false;
  return fail(ErrorKind::Invalid, key + " must be true or false", entry.where());
}

bool has(const KubeconfigEntry& entry, const std::string& key) {
  const YAML::Node value = std::as_const(entry.body)[key];
  return value.IsDefined() && !value.IsNull() && !(value.IsScalar() && value.Scalar().empty());
}

fs::path beside(const KubeconfigEntry& entry, const std::string& path) {
  return fs::path(entry.file).parent_path() / path;
}

Result<std::string> data_or_file(const KubeconfigEntry& entry, const std::string& key) {
  const Result<std::string> data = text(entry, key + "-data");
  if (!data) return data;
  if (!data->empty()) {
    std::optional<std::string> decoded = base64_decode(*data);
    if (!decoded) return fail(ErrorKind::Invalid, key + "-data is not valid base64", entry.where());
    return *std::move(decoded);
  }
  const Result<std::string> path = text(entry, key);
  if (!path || path->empty()) return path;
  return read_kubeconfig_file(beside(entry, *path), entry.where());
}

std::string renewed_file(const KubeconfigEntry& entry, const std::string& key) {
  if (has(entry, key + "-data") || !has(entry, key)) return {};
  return beside(entry, std::as_const(entry.body)[key].Scalar()).string();
}

Result<std::vector<std::string>> texts(const YAML::Node& list, const std::string& key, const std::string& where) {
  std::vector<std::string> all;
  if (!list.IsDefined() || list.IsNull()) return all;
  if (!list.IsSequence()) return fail(ErrorKind::Invalid, key + " must be a list of strings", where);
  for (const YAML::Node item : list) {
    if (!item.IsScalar()) return fail(ErrorKind::Invalid, key + " must be a list of strings", where);
    all.push_back(item.Scalar());
  }
  return all;
}

}  // namespace holdfast
