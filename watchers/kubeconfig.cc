#include "watchers/kubeconfig.h"

#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "net/token_source.h"
#include "net/url.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 1024UL * 1024;
constexpr std::string_view kSupported = "use a token or a client certificate";

// A named cluster, user or context, and the file that it came from.
struct Entry {
  YAML::Node body;
  std::string file;
  std::string what;  // "user \"admin\""

  [[nodiscard]] std::string where() const { return file + ", " + what; }
};
using Entries = std::map<std::string, Entry, std::less<>>;

struct Merged {
  Entries clusters, users, contexts;
  std::string current_context;
  std::string files;  // for messages
};

Result<std::string> read_file(const fs::path& path, const std::string& where) {
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

// "" where the key is not there.
Result<std::string> text(const Entry& entry, const std::string& key) {
  const YAML::Node value = std::as_const(entry.body)[key];
  if (!value.IsDefined() || value.IsNull()) return std::string();
  if (!value.IsScalar()) return fail(ErrorKind::Invalid, key + " must be a string", entry.where());
  return value.Scalar();
}

Result<bool> flag(const Entry& entry, const std::string& key) {
  const Result<std::string> value = text(entry, key);
  if (!value) return std::unexpected(value.error());
  if (*value == "true") return true;
  if (value->empty() || *value == "false") return false;
  return fail(ErrorKind::Invalid, key + " must be true or false", entry.where());
}

bool has(const Entry& entry, const std::string& key) {
  const YAML::Node value = std::as_const(entry.body)[key];
  return value.IsDefined() && !value.IsNull() && !(value.IsScalar() && value.Scalar().empty());
}

std::optional<std::string> base64_decode(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::vector<unsigned char> bytes(text.size() / 4 * 3);
  const std::vector<unsigned char> input(text.begin(), text.end());
  if (EVP_DecodeBlock(bytes.data(), input.data(), static_cast<int>(input.size())) < 0) return std::nullopt;
  const auto padding = static_cast<std::size_t>(std::ranges::count(text.substr(text.size() - 2), '='));
  return std::string(bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(padding));
}

// Relative paths are meant against the folder of the file that holds them.
fs::path beside(const Entry& entry, const std::string& path) { return fs::path(entry.file).parent_path() / path; }

// `KEY-data` beats the file that `KEY` names; "" where there is neither.
Result<std::string> data_or_file(const Entry& entry, const std::string& key) {
  const Result<std::string> data = text(entry, key + "-data");
  if (!data) return data;
  if (!data->empty()) {
    std::optional<std::string> decoded = base64_decode(*data);
    if (!decoded) return fail(ErrorKind::Invalid, key + "-data is not valid base64", entry.where());
    return *std::move(decoded);
  }
  const Result<std::string> path = text(entry, key);
  if (!path || path->empty()) return path;
  return read_file(beside(entry, *path), entry.where());
}

Result<void> merge_list(const YAML::Node& root, const std::string& list, const std::string& noun,
                        const std::string& file, Entries& into) {
  const YAML::Node items = root[list];
  if (!items.IsDefined() || items.IsNull()) return {};
  if (!items.IsSequence()) return fail(ErrorKind::Invalid, list + " must be a list", file);
  Entries here;
  for (const YAML::Node item : items) {
    const YAML::Node name = item.IsMap() ? item["name"] : YAML::Node();
    if (!name.IsDefined() || !name.IsScalar() || name.Scalar().empty())
      return fail(ErrorKind::Invalid, "an entry of " + list + " has no name", file);
    const YAML::Node body = item[noun];
    Entry entry{body.IsDefined() && body.IsMap() ? body : YAML::Node(YAML::NodeType::Map), file,
                noun + " \"" + name.Scalar() + "\""};
    if (!here.try_emplace(name.Scalar(), std::move(entry)).second)
      return fail(ErrorKind::Invalid, noun + " \"" + name.Scalar() + "\" is there twice", file, "remove one of them");
  }
  into.merge(here);  // keeps what an earlier file said
  return {};
}

Result<void> merge_file(const std::string& file, const std::string& content, Merged& merged) {
  // yaml-cpp throws; the exception ends here.
  try {
    const YAML::Node root = YAML::Load(content);
    if (root.IsNull()) return {};
    if (!root.IsMap()) return fail(ErrorKind::Invalid, "not a kubeconfig: the document is no map", file);
    if (auto done = merge_list(root, "clusters", "cluster", file, merged.clusters); !done) return done;
    if (auto done = merge_list(root, "users", "user", file, merged.users); !done) return done;
    if (auto done = merge_list(root, "contexts", "context", file, merged.contexts); !done) return done;
    const YAML::Node current = root["current-context"];
    if (merged.current_context.empty() && current.IsDefined() && current.IsScalar())
      merged.current_context = current.Scalar();
    return {};
  } catch (const YAML::Exception& e) {
    return fail(ErrorKind::Invalid, "not valid YAML: " + e.msg, file + ":" + std::to_string(e.mark.line + 1));
  }
}

struct FileList {
  std::vector<std::string> paths;
  bool may_be_missing = false;
};

FileList files_of(const KubeconfigOptions& options) {
  if (!options.path.empty()) return {{options.path}, false};
  FileList list{{}, true};
  std::string_view rest = options.kubeconfig_env;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    if (colon != 0) list.paths.emplace_back(rest.substr(0, colon));
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  if (list.paths.empty() && !options.home.empty()) list.paths.push_back(options.home + "/.kube/config");
  return list;
}

Result<Merged> read_all(const KubeconfigOptions& options) {
  const FileList list = files_of(options);
  Merged merged;
  bool found = false;
  for (const std::string& path : list.paths) {
    merged.files += (merged.files.empty() ? "" : ":") + path;
    const Result<std::string> content = read_file(path, "kubeconfig");
    if (!content && content.error().kind == ErrorKind::NotFound && list.may_be_missing) continue;
    if (!content) return std::unexpected(content.error());
    found = true;
    if (auto done = merge_file(path, *content, merged); !done) return std::unexpected(done.error());
  }
  if (!found)
    return fail(ErrorKind::NotFound, "no kubeconfig file was found", merged.files,
                "name one with --kubeconfig or KUBECONFIG");
  return merged;
}

std::string names(const Entries& entries) {
  std::string all;
  for (const auto& [name, entry] : entries) all += (all.empty() ? "" : ", ") + name;
  return all.empty() ? "there are none" : "there are: " + all;
}

Result<const Entry*> look_up(const Entries& entries, const std::string& name, const std::string& noun,
                             const std::string& where) {
  const auto found = entries.find(name);
  if (found == entries.end())
    return fail(ErrorKind::Invalid, "no " + noun + " \"" + name + "\"", where, names(entries));
  return &found->second;
}

// What we would have to obey and cannot.
Result<void> refuse_unsupported(const Entry& entry) {
  struct Refusal {
    const char* key;
    const char* message;
    std::string_view hint;
  };
  static constexpr std::array<Refusal, 9> kRefusals{{
      {"proxy-url", "proxy-url is not supported yet", "remove it and reach the server directly"},
      {"exec", "exec credential plugins are not supported yet", kSupported},
      {"auth-provider", "auth-provider plugins are not supported", kSupported},
      {"username", "basic authentication is not supported; Kubernetes removed it in 1.19", kSupported},
      {"password", "basic authentication is not supported; Kubernetes removed it in 1.19", kSupported},
      {"as", "impersonation (as) is not supported yet", kSupported},
      {"as-uid", "impersonation (as-uid) is not supported yet", kSupported},
      {"as-groups", "impersonation (as-groups) is not supported yet", kSupported},
      {"as-user-extra", "impersonation (as-user-extra) is not supported yet", kSupported},
  }};
  for (const Refusal& refusal : kRefusals)
    if (has(entry, refusal.key))
      return fail(ErrorKind::Invalid, refusal.message, entry.where(), std::string(refusal.hint));
  return {};
}

Result<void> read_cluster(const Entry& cluster, ClientConfig& client) {
  if (auto allowed = refuse_unsupported(cluster); !allowed) return allowed;
  const Result<std::string> server = text(cluster, "server");
  if (!server) return std::unexpected(server.error());
  if (server->empty())
    return fail(ErrorKind::Invalid, "no server is named", cluster.where(), "set server: https://HOST:PORT");
  const auto url = parse_server_url(*server);
  if (!url) return fail(ErrorKind::Invalid, "server: " + url.error().message, cluster.where(), url.error().hint);
  client.host = url->host;
  client.port = url->port;
  client.base_path = url->base_path;
  client.tls = url->tls;
  const Result<std::string> name = text(cluster, "tls-server-name");
  const Result<std::string> ca = data_or_file(cluster, "certificate-authority");
  const Result<bool> insecure = flag(cluster, "insecure-skip-tls-verify");
  if (!name) return std::unexpected(name.error());
  if (!ca) return std::unexpected(ca.error());
  if (!insecure) return std::unexpected(insecure.error());
  if (*insecure && !ca->empty())
    return fail(ErrorKind::Invalid, "insecure-skip-tls-verify contradicts certificate-authority", cluster.where(),
                "remove one of them");
  client.tls_server_name = *name;
  client.ca_pem = *ca;
  client.insecure_skip_verify = *insecure;
  return {};
}

Result<void> read_certificate(const Entry& user, ClientConfig& client) {
  Result<std::string> certificate = data_or_file(user, "client-certificate");
  Result<std::string> key = data_or_file(user, "client-key");
  if (!certificate) return std::unexpected(certificate.error());
  if (!key) return std::unexpected(key.error());
  if (certificate->empty() && key->empty()) return {};
  if (certificate->empty()) return fail(ErrorKind::Invalid, "client-key without client-certificate", user.where());
  if (key->empty()) return fail(ErrorKind::Invalid, "client-certificate without client-key", user.where());
  client.identity.emplace();
  client.identity->certificate_pem = std::move(*certificate);
  client.identity->key_pem = Secret(std::move(*key));
  return {};
}

Result<void> read_user(const Entry& user, ClientConfig& client) {
  if (auto allowed = refuse_unsupported(user); !allowed) return allowed;
  if (auto read = read_certificate(user, client); !read) return read;
  Result<std::string> token = text(user, "token");
  const Result<std::string> token_file = text(user, "tokenFile");
  if (!token) return std::unexpected(token.error());
  if (!token_file) return std::unexpected(token_file.error());
  if (!token_file->empty()) {  // it is refreshed, so it beats the token beside it
    const fs::path path = beside(user, *token_file);
    if (const Result<std::string> content = read_file(path, user.where()); !content)
      return std::unexpected(content.error());
    client.token = std::make_shared<FileToken>(path.string());
  } else if (!token->empty()) {
    client.token = std::make_shared<StaticToken>(Secret(std::move(*token)));
  }
  if (!client.tls && (client.token || client.identity))
    return fail(ErrorKind::Invalid, "credentials are never sent over http", user.where(),
                "use an https server, or a context without user");
  return {};
}

}  // namespace

Result<KubeContext> load_kubeconfig(const KubeconfigOptions& options) {
  const Result<Merged> merged = read_all(options);
  if (!merged) return std::unexpected(merged.error());
  KubeContext result;
  result.context = options.context.empty() ? merged->current_context : options.context;
  if (result.context.empty())
    return fail(ErrorKind::Invalid, "no context is chosen", merged->files,
                "set current-context or pass --context; " + names(merged->contexts));
  const auto context = look_up(merged->contexts, result.context, "context", merged->files);
  if (!context) return std::unexpected(context.error());
  const Result<std::string> cluster_name = text(**context, "cluster");
  const Result<std::string> user_name = text(**context, "user");
  const Result<std::string> namespace_ = text(**context, "namespace");
  if (!cluster_name) return std::unexpected(cluster_name.error());
  if (!user_name) return std::unexpected(user_name.error());
  if (!namespace_) return std::unexpected(namespace_.error());
  result.cluster = *cluster_name;
  result.namespace_ = namespace_->empty() ? "default" : *namespace_;

  const auto cluster = look_up(merged->clusters, *cluster_name, "cluster", (*context)->where());
  if (!cluster) return std::unexpected(cluster.error());
  if (auto read = read_cluster(**cluster, result.client); !read) return std::unexpected(read.error());
  if (user_name->empty()) return result;
  const auto user = look_up(merged->users, *user_name, "user", (*context)->where());
  if (!user) return std::unexpected(user.error());
  if (auto read = read_user(**user, result.client); !read) return std::unexpected(read.error());
  return result;
}

Result<KubeContext> load_in_cluster(const InClusterOptions& options) {
  const std::string where = "in-cluster configuration";
  if (options.host.empty() || options.port.empty())
    return fail(ErrorKind::NotFound, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set", where,
                "outside a cluster, use a kubeconfig");
  const std::string folder = options.root + "/var/run/secrets/kubernetes.io/serviceaccount/";
  const Result<std::string> token = read_file(folder + "token", where);
  if (!token) return std::unexpected(token.error());
  if (token->find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(ErrorKind::Unauthorized, folder + "token is empty", where);
  Result<std::string> ca = read_file(folder + "ca.crt", where);
  if (!ca) return std::unexpected(ca.error());
  KubeContext result;
  result.client.host = options.host;  // an IPv6 address stays without brackets: they belong to URLs
  result.client.port = options.port;
  result.client.ca_pem = std::move(*ca);
  result.client.token = std::make_shared<FileToken>(folder + "token");
  result.context = result.cluster = "in-cluster";
  const Result<std::string> own = read_file(folder + "namespace", where);
  result.namespace_ = own && !own->empty() ? own->substr(0, own->find_first_of(" \r\n")) : "default";
  return result;
}

}  // namespace holdfast
