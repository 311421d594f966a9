#include "watchers/kubeconfig.h"

#include <spdlog/fmt/fmt.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "net/token_source.h"
#include "net/url.h"
#include "watchers/kubeconfig_entry.h"
#include "watchers/kubeconfig_user.h"

namespace holdfast {
namespace {

using Entry = KubeconfigEntry;
using Entries = std::map<std::string, Entry, std::less<>>;

struct Merged {
  Entries clusters, users, contexts;
  std::string current_context;
  std::string files;  // for messages
};

// A name as messages have it: it may hold anything.
std::string in_quotes(std::string_view name) { return fmt::format("{:?}", name); }
std::string printable(std::string_view text) {
  const std::string quoted = in_quotes(text);
  return quoted.substr(1, quoted.size() - 2);
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
                noun + " " + in_quotes(name.Scalar())};
    if (!here.try_emplace(name.Scalar(), std::move(entry)).second)
      return fail(ErrorKind::Invalid, noun + " " + in_quotes(name.Scalar()) + " is there twice", file,
                  "remove one of them");
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
    return fail(ErrorKind::Invalid, "not valid YAML: " + printable(e.msg),
                file + ":" + std::to_string(e.mark.line + 1));
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
    const Result<std::string> content = read_kubeconfig_file(path, "kubeconfig");
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
  for (const auto& [name, entry] : entries) all += (all.empty() ? "" : ", ") + printable(name);
  return all.empty() ? "there are none" : "there are: " + all;
}

Result<const Entry*> look_up(const Entries& entries, const std::string& name, const std::string& noun,
                             const std::string& where) {
  const auto found = entries.find(name);
  if (found == entries.end())
    return fail(ErrorKind::Invalid, "no " + noun + " " + in_quotes(name), where, names(entries));
  return &found->second;
}

Result<void> read_proxy(const Entry& cluster, const KubeconfigOptions& options, ClientConfig& client) {
  const Result<std::string> url = text(cluster, "proxy-url");
  const Result<bool> plain = flag(cluster, "disable-compression");
  if (!url) return std::unexpected(url.error());
  if (!plain) return std::unexpected(plain.error());
  client.disable_compression = *plain;
  client.proxy_url = *url;
  Result<std::optional<ProxyAddress>> proxy = choose_proxy(*url, options.proxy, client.host, client.port);
  if (!proxy)
    return fail(ErrorKind::Invalid, (url->empty() ? "HTTPS_PROXY: " : "proxy-url: ") + proxy.error().message,
                cluster.where(), proxy.error().hint);
  client.proxy = *std::move(proxy);
  return {};
}

Result<void> read_cluster(const Entry& cluster, const KubeconfigOptions& options, ClientConfig& client) {
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
  client.tls_files.ca = renewed_file(cluster, "certificate-authority");
  return read_proxy(cluster, options, client);
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
  if (auto read = read_cluster(**cluster, options, result.client); !read) return std::unexpected(read.error());
  if (user_name->empty()) return result;
  const auto user = look_up(merged->users, *user_name, "user", (*context)->where());
  if (!user) return std::unexpected(user.error());
  if (auto read = read_user(**user, options, result.client); !read) return std::unexpected(read.error());
  return result;
}

Result<KubeContext> load_in_cluster(const InClusterOptions& options) {
  const std::string where = "in-cluster configuration";
  if (options.host.empty() || options.port.empty())
    return fail(ErrorKind::NotFound, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set", where,
                "outside a cluster, use a kubeconfig");
  const std::string folder = options.root + "/var/run/secrets/kubernetes.io/serviceaccount/";
  const Result<std::string> token = read_kubeconfig_file(folder + "token", where);
  if (!token) return std::unexpected(token.error());
  if (token->find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(ErrorKind::Unauthorized, folder + "token is empty", where);
  Result<std::string> ca = read_kubeconfig_file(folder + "ca.crt", where);
  if (!ca) return std::unexpected(ca.error());
  KubeContext result;
  result.client.host = options.host;  // an IPv6 address stays without brackets: they belong to URLs
  result.client.port = options.port;
  result.client.ca_pem = std::move(*ca);
  result.client.tls_files.ca = folder + "ca.crt";
  result.client.token = std::make_shared<FileToken>(folder + "token");
  result.context = result.cluster = "in-cluster";
  const Result<std::string> own = read_kubeconfig_file(folder + "namespace", where);
  result.namespace_ = own && !own->empty() ? own->substr(0, own->find_first_of(" \r\n")) : "default";
  return result;
}

}  // namespace holdfast
