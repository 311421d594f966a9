#include "sources/receiver_config.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>
#include <filesystem>
#include <set>
#include <utility>

#include "holdfast/model/label.h"
#include "sources/application_fields.h"
#include "sources/field_check.h"
#include "sources/repository_identity.h"
#include "sources/yaml_document.h"
#include "sources/yaml_place.h"

namespace holdfast {
namespace {

using Field = ApplicationField;

constexpr Field kTls[] = {
    {.name = "certFile",
     .meaning = "the certificate with its chain, PEM; read again when it changes",
     .required = true},
    {.name = "keyFile", .meaning = "its private key, PEM", .required = true},
};
constexpr Field kRate[] = {
    {.name = "perSecond",
     .type = FieldKind::Integer,
     .meaning = "deliveries",
     .fallback = "20",
     .least = 1,
     .most = 10'000},
    {.name = "burst", .type = FieldKind::Integer, .meaning = "at once", .fallback = "200", .least = 1, .most = 100'000},
};
constexpr Field kRelay[] = {
    {.name = "tokenFile", .meaning = "the token that subscribers show; each line is one", .required = true},
};
constexpr Field kReceiver[] = {
    {.name = "name", .meaning = "a DNS label; the path is `/hook/NAME`", .required = true},
    {.name = "type", .meaning = "who sends: `github`, `gitlab`, … (docs/receivers.md)", .required = true},
    {.name = "secretFile", .meaning = "the secret that sender and receiver share; each line is one", .required = true},
    {.name = "path", .meaning = "another path for it, which begins with /hook/"},
    {.name = "repositories",
     .type = FieldKind::TextList,
     .meaning = "what is meant where a delivery names no repository"},
    {.name = "hosts",
     .type = FieldKind::TextList,
     .meaning = "names of the sender's host in applications, where they differ"},
};
constexpr Field kFields[] = {
    {.name = "listen", .meaning = "address and port, as in `0.0.0.0:8080`"},
    {.name = "tls", .type = FieldKind::Object, .meaning = "left out: in the clear, behind an ingress", .fields = kTls},
    {.name = "trustedProxies",
     .type = FieldKind::TextList,
     .meaning = "addresses or networks whose X-Forwarded-For counts"},
    {.name = "rate", .type = FieldKind::Object, .meaning = "what one sender may send to one receiver", .fields = kRate},
    {.name = "relay",
     .type = FieldKind::Object,
     .meaning = "hands hints on to subscribers of `/events`",
     .fields = kRelay},
    {.name = "receivers",
     .type = FieldKind::ObjectList,
     .meaning = "a list of senders that are believed",
     .required = true,
     .fields = kReceiver},
};
constexpr Field kDocument{.name = {},
                          .type = FieldKind::Object,
                          .meaning = "a receiver's configuration",
                          .required = true,
                          .fields = kFields};

class Reader {
 public:
  Reader(const SourceFile& file, std::string base) : file_(file), base_(std::move(base)) {}

  Result<ReceiverConfig> read() {
    auto documents = parse_yaml(file_.content, file_.path);
    if (!documents) return std::unexpected(std::move(documents.error()));
    if (documents->size() != 1)
      return fail(ErrorKind::Invalid, "holds no document, or several", file_.path, "it is one YAML document");
    YamlReader trees(file_.content, file_.path);
    auto tree = trees.next();
    if (!tree) return std::unexpected(std::move(tree.error()));
    tree_ = std::move(*tree);
    const json::value& document = documents->front().value;
    for (FieldProblem& problem : check_fields(document, kDocument))
      complain(problem.path, std::move(problem.message), std::move(problem.hint));
    if (errors_.empty()) take(document);
    if (errors_.empty()) return std::move(config_);
    if (errors_.size() == 1) return std::unexpected(std::move(errors_.front()));
    Error all{ErrorKind::Invalid, fmt::format("{} errors", errors_.size()), file_.path, {}};
    for (const Error& error : errors_) all.message += "\n" + describe(error);
    return std::unexpected(std::move(all));
  }

 private:
  void complain(const YamlPath& path, std::string message, std::string hint = {}) {
    errors_.push_back({ErrorKind::Invalid, std::move(message), fmt::format("{}:{}", file_.path, line_of(tree_, path)),
                       std::move(hint)});
  }

  // Empty stays empty.
  [[nodiscard]] std::string file_at(std::string_view path) const {
    if (path.empty()) return {};
    return (std::filesystem::path(base_) / path).lexically_normal().string();
  }

  static std::vector<std::string> texts_at(const json::value& value, std::string_view name) {
    std::vector<std::string> texts;
    if (const json::value* const list = find(value, {name}))
      for (const json::value& text : list->get_array()) texts.emplace_back(text.get_string());
    return texts;
  }

  static double number_at(const json::value& value, std::initializer_list<std::string_view> path, double fallback) {
    const json::value* const found = find(value, path);
    return found == nullptr ? fallback : static_cast<double>(found->get_int64());
  }

  void take(const json::value& document) {
    config_.listen = string_at(document, {"listen"});
    if (!config_.listen.empty())
      if (const auto address = parse_listen_address(config_.listen); !address)
        complain({"listen"}, "listen " + address.error().message, address.error().hint);
    config_.certificate_file = file_at(string_at(document, {"tls", "certFile"}));
    config_.key_file = file_at(string_at(document, {"tls", "keyFile"}));
    config_.trusted_proxies = texts_at(document, "trustedProxies");
    for (std::size_t i = 0; i < config_.trusted_proxies.size(); ++i) check_proxy(i);
    config_.rate_per_second = number_at(document, {"rate", "perSecond"}, config_.rate_per_second);
    config_.rate_burst = number_at(document, {"rate", "burst"}, config_.rate_burst);
    config_.relay_token_file = file_at(string_at(document, {"relay", "tokenFile"}));
    const json::array& receivers = find(document, {"receivers"})->get_array();
    if (receivers.empty()) complain({"receivers"}, "receivers is empty", "name at least one sender");
    for (std::size_t i = 0; i < receivers.size(); ++i) take_receiver(receivers[i], {"receivers", i});
  }

  void check_proxy(std::size_t i) {
    const std::string& text = config_.trusted_proxies[i];
    boost::system::error_code four, six, address;
    boost::asio::ip::make_network_v4(text, four);
    boost::asio::ip::make_network_v6(text, six);
    boost::asio::ip::make_address(text, address);
    if (four && six && address)
      complain({"trustedProxies", i}, fmt::format("trustedProxies[{}] is neither an address nor a network", i),
               "as in 10.0.0.0/8");
  }

  void take_receiver(const json::value& value, YamlPath path) {
    const auto at = [&path](const char* field) {
      YamlPath whole = path;
      whole.emplace_back(field);
      return whole;
    };
    ReceiverSpec spec;
    spec.name = string_at(value, {"name"});
    if (const std::string problem = label_problem(spec.name); !problem.empty())
      complain(at("name"), to_string(at("name")) + ": " + problem);
    const auto forge = parse_forge(string_at(value, {"type"}));
    if (forge)
      spec.forge = *forge;
    else
      complain(at("type"), to_string(at("type")) + ": " + forge.error().message, forge.error().hint);
    spec.secret_file = file_at(string_at(value, {"secretFile"}));
    spec.path = string_at(value, {"path"});
    if (spec.path.empty()) spec.path = "/hook/" + spec.name;
    if (!spec.path.starts_with("/hook/") || spec.path.find_first_of("?#% ") != std::string::npos ||
        spec.path.ends_with('/'))
      complain(at("path"), to_string(at("path")) + " is no path below /hook/", "as in /hook/team-a/github");
    spec.repositories = texts_at(value, "repositories");
    for (const std::string& url : spec.repositories)
      if (repository_identity(url).empty())
        complain(at("repositories"),
                 fmt::format("{}: \"{}\" is no URL of a repository", to_string(at("repositories")), url));
    spec.hosts = texts_at(value, "hosts");
    for (const std::string& host : spec.hosts)
      if (host.find_first_of("/:@?# ") != std::string::npos)
        complain(at("hosts"), fmt::format("{}: \"{}\" is no host", to_string(at("hosts")), host), "a name alone");
    if (!names_.insert(spec.name).second) complain(at("name"), fmt::format("the name {} is there twice", spec.name));
    if (!paths_.insert(spec.path).second) complain(at("path"), fmt::format("the path {} is there twice", spec.path));
    config_.receivers.push_back(std::move(spec));
  }

  const SourceFile& file_;
  std::string base_;
  YamlTree tree_;
  ReceiverConfig config_;
  std::set<std::string> names_, paths_;
  std::vector<Error> errors_;
};

}  // namespace

Result<ReceiverConfig> read_receiver_config(const SourceFile& file, const std::string& base) {
  return Reader(file, base).read();
}

Result<ListenAddress> parse_listen_address(const std::string& text) {
  const auto wrong = [&] {
    return fail(ErrorKind::Invalid, fmt::format("\"{}\" is no address to listen on", text.substr(0, 100)), {},
                "write it as 127.0.0.1:8080, [::1]:8080, or :8080 for every address");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong();
  ListenAddress listen{text.substr(0, colon), 0};
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + colon + 1, end, listen.port);
  if (error != std::errc{} || last != end) return wrong();
  if (listen.address.starts_with('[') && listen.address.ends_with(']'))
    listen.address = listen.address.substr(1, listen.address.size() - 2);
  if (listen.address.empty()) listen.address = "::";
  if (listen.address == "localhost") listen.address = "127.0.0.1";
  boost::system::error_code unknown;
  boost::asio::ip::make_address(listen.address, unknown);
  if (unknown) return wrong();
  return listen;
}

const ApplicationField& receiver_document() { return kDocument; }

}  // namespace holdfast
