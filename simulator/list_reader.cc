#include "simulator/list_reader.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

struct Selectors {
  LabelSelector labels;
  FieldSelector fields;
};

bool is_known_path(const ResourceType& type, const std::string& path) {
  if (path == "metadata.name" || path == "metadata.namespace") return true;
  static constexpr std::pair<std::string_view, std::string_view> known[] = {{"Pod", "spec.nodeName"},
                                                                            {"Pod", "status.phase"},
                                                                            {"Pod", "spec.restartPolicy"},
                                                                            {"Pod", "status.podIP"},
                                                                            {"Secret", "type"},
                                                                            {"Namespace", "status.phase"},
                                                                            {"Event", "involvedObject.kind"},
                                                                            {"Event", "involvedObject.name"},
                                                                            {"Event", "involvedObject.namespace"},
                                                                            {"Event", "involvedObject.uid"},
                                                                            {"Event", "reason"},
                                                                            {"Event", "type"},
                                                                            {"ReplicaSet", "status.replicas"},
                                                                            {"Job", "status.successful"}};
  return std::ranges::find(known, std::pair<std::string_view, std::string_view>(type.gvk.kind, path)) !=
         std::end(known);
}

// Types without fields of their own to select by have the general message.
ApiFailure unknown_field(const ResourceType& type, const std::string& path) {
  static constexpr std::string_view own[] = {"Pod", "Secret", "Namespace", "Event", "ReplicaSet", "Job", "Node"};
  if (std::ranges::find(own, type.gvk.kind) != std::end(own))
    return bad_request(fmt::format("field label not supported: {}", path));
  return bad_request(
      fmt::format("\"{}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", path));
}

Reply<Selectors> read_selectors(const ResourceType& type, const RequestQuery& query) {
  auto labels = LabelSelector::parse(query.get("labelSelector"));
  if (!labels) return std::unexpected(labels.error());
  auto fields = FieldSelector::parse(query.get("fieldSelector"));
  if (!fields) return std::unexpected(fields.error());
  for (const std::string& path : fields->paths())
    if (!is_known_path(type, path)) return std::unexpected(unknown_field(type, path));
  return Selectors{std::move(*labels), std::move(*fields)};
}

std::optional<Revision> parse_revision(const std::string& text) {
  Revision value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::string bad_version(const std::string& text) {
  return fmt::format("resourceVersion: Invalid value: \"{}\": strconv.ParseUint: parsing \"{}\": invalid syntax", text,
                     text);
}

ApiFailure forbidden_match(std::string text) {
  return invalid({"meta.k8s.io", "ListOptions"}, "",
                 {{"FieldValueForbidden", "Forbidden: " + std::move(text), "resourceVersionMatch"}});
}

std::string decode_base64url(std::string_view text) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) break;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>((bits >> count) & 0xffU));
  }
  return out;
}

// Where a page begins: the token has the form that the API server's has (V39).
struct Continuation {
  Revision revision = 0;
  std::string start;  // "/namespace/name" or "/name", exclusive
};

// Relative to what is listed: a namespace, or all of them.
std::string token_of(Revision revision, const StoredPtr& last, bool in_namespace) {
  const std::string start =
      (last->namespace_.empty() || in_namespace ? "/" + last->name
                                                : fmt::format("/{}/{}", last->namespace_, last->name)) +
      std::string(1, '\0');
  const json::object token{{"v", "meta.k8s.io/v1"}, {"rv", revision}, {"start", start}};
  return base64url_unpadded(to_json(token));
}

Reply<Continuation> parse_token(const std::string& text) {
  const auto token = parse_json(decode_base64url(text));
  const json::value* revision = token ? find(*token, {"rv"}) : nullptr;
  if (revision == nullptr || !revision->is_int64() || string_at(*token, {"start"}).empty())
    return std::unexpected(bad_request("continue key is not valid: invalid character"));
  std::string start(string_at(*token, {"start"}));
  if (start.ends_with('\0')) start.pop_back();
  return Continuation{revision->get_int64(), std::move(start)};
}

bool is_after(const StoredPtr& object, const std::string& start, const std::string& listed_namespace) {
  const std::size_t slash = start.find('/', 1);
  const auto begin = slash == std::string::npos ? std::pair(listed_namespace, start.substr(1))
                                                : std::pair(start.substr(1, slash - 1), start.substr(slash + 1));
  return std::pair(object->namespace_, object->name) > begin;
}

struct Asked {
  Revision revision = 0;  // to list at; the store's own for the newest
  std::size_t limit = 0;  // 0: no limit
  std::string start;
  bool exact = false;
};

Reply<void> check_match(const RequestQuery& query, const std::string& version, const std::string& match) {
  if (const std::string limit = query.get("limit"); !limit.empty() && !parse_revision(limit.substr(limit[0] == '-')))
    return std::unexpected(bad_request(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", limit)));
  if (match.empty()) return {};
  if (!query.get("continue").empty())
    return std::unexpected(forbidden_match("resourceVersionMatch is forbidden when continue is provided"));
  if (version.empty())
    return std::unexpected(forbidden_match("resourceVersionMatch is forbidden unless resourceVersion is provided"));
  if (match != "Exact" && match != "NotOlderThan")
    return std::unexpected(
        invalid({"meta.k8s.io", "ListOptions"}, "",
                {{"FieldValueNotSupported",
                  fmt::format("Unsupported value: \"{}\": supported values: \"Exact\", \"NotOlderThan\", \"\"", match),
                  "resourceVersionMatch"}}));
  if (match == "Exact" && version == "0")
    return std::unexpected(forbidden_match("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
  return {};
}

Reply<Asked> read_asked(const ObjectStore& store, const RequestQuery& query) {
  Asked asked;
  asked.revision = store.revision();
  asked.limit = static_cast<std::size_t>(parse_revision(query.get("limit")).value_or(0));
  const std::string version = query.get("resourceVersion"), match = query.get("resourceVersionMatch");
  if (auto checked = check_match(query, version, match); !checked) return std::unexpected(checked.error());
  if (version == "0") asked.limit = 0;  // ignored (V39)
  if (const std::string token = query.get("continue"); !token.empty()) {
    if (!version.empty() && version != "0")
      return std::unexpected(bad_request("specifying resource version is not allowed when using continue"));
    auto continuation = parse_token(token);
    if (!continuation) return std::unexpected(continuation.error());
    asked.exact = continuation->revision > 0;
    if (asked.exact) asked.revision = continuation->revision;
    asked.start = continuation->start;
    return asked;
  }
  if (version.empty() || version == "0") return asked;
  const std::optional<Revision> revision = parse_revision(version);
  if (!revision) return std::unexpected(bad_request("invalid resource version: " + bad_version(version)));
  if (*revision > store.revision())
    return std::unexpected(too_large_version(version, std::to_string(store.revision())));
  asked.exact = match == "Exact" || (match.empty() && asked.limit != 0);
  if (asked.exact) asked.revision = *revision;
  return asked;
}

Reply<void> check_include_object(const Representation& representation) {
  static constexpr std::string_view known[] = {"Metadata", "Object", "None"};
  if (representation.shape != Shape::Table ||
      std::ranges::find(known, representation.include_object) != std::end(known))
    return {};
  return std::unexpected(
      bad_request(fmt::format("Unable to convert to Table as requested: includeObject: Invalid "
                              "value: \"{}\": must be 'Metadata', 'Object', 'None', or empty",
                              representation.include_object)));
}

ApiFailure expired_list(const Asked& asked) {
  if (asked.start.empty()) return expired("The resourceVersion for the provided list is too old.");
  ApiFailure failure = expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list "
      "without "
      "the continue parameter, or use the continue token in this response to retrieve the remainder of the results.");
  const json::object token{{"v", "meta.k8s.io/v1"}, {"rv", -1}, {"start", asked.start}};
  failure.continue_token = base64url_unpadded(to_json(token));
  return failure;
}

}  // namespace

Reply<void> check_read_version(const ObjectStore& store, const std::string& version) {
  if (version.empty()) return {};
  const std::optional<Revision> revision = parse_revision(version);
  if (!revision) return std::unexpected(permanent_failure(bad_version(version)));
  if (*revision > store.revision())
    return std::unexpected(too_large_version(version, std::to_string(store.revision())));
  return {};
}

Reply<std::string> read_list(const ObjectStore& store, const ResourceType& type, const std::string& namespace_,
                             const RequestQuery& query, const Representation& representation, SimulatedTime now) {
  auto selectors = read_selectors(type, query);
  if (!selectors) return std::unexpected(selectors.error());
  if (auto checked = check_include_object(representation); !checked) return std::unexpected(checked.error());
  const auto asked = read_asked(store, query);
  if (!asked) return std::unexpected(asked.error());
  const auto all = store.list_at(type.store_key(), namespace_, asked->revision);
  if (!all) return std::unexpected(expired_list(*asked));
  std::vector<StoredPtr> page;
  std::size_t remaining = 0;
  for (const StoredPtr& object : *all) {
    if (!asked->start.empty() && !is_after(object, asked->start, namespace_)) continue;
    if (!selectors->labels.matches(object->body) || !selectors->fields.matches(object->body)) continue;
    if (asked->limit == 0 || page.size() < asked->limit)
      page.push_back(object);
    else
      ++remaining;
  }
  ListMetadata metadata{std::to_string(asked->revision), "", 0};
  if (remaining != 0) {
    metadata.continue_token = token_of(asked->revision, page.back(), !namespace_.empty());
    if (selectors->labels.empty() && selectors->fields.empty()) metadata.remaining = remaining;
  }
  return show_list(representation, type, page, metadata, now);
}

Reply<WatchOptions> read_watch(const ObjectStore& store, const ResourceTypePtr& type, const std::string& namespace_,
                               const std::string& name, const RequestQuery& query,
                               const Representation& representation) {
  auto selectors = read_selectors(*type, query);
  if (!selectors) return std::unexpected(selectors.error());
  WatchOptions options;
  options.type = type;
  options.namespace_ = namespace_;
  options.labels = std::move(selectors->labels);
  options.fields = std::move(selectors->fields);
  if (!name.empty()) options.fields = *FieldSelector::parse("metadata.name=" + name);
  options.representation = representation;
  options.bookmarks = query.flag("allowWatchBookmarks");
  if (const auto timeout = parse_revision(query.get("timeoutSeconds")); timeout && *timeout > 0)
    options.timeout = std::chrono::seconds(*timeout);
  const std::string version = query.get("resourceVersion"), match = query.get("resourceVersionMatch");
  const bool send_initial = query.flag("sendInitialEvents");
  if (send_initial && match != "NotOlderThan") {
    std::vector<ApiStatusCause> causes{
        {"FieldValueForbidden", "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
         "resourceVersionMatch"}};
    if (!match.empty())
      causes.push_back({"FieldValueNotSupported",
                        fmt::format("Unsupported value: \"{}\": supported values: \"NotOlderThan\"", match),
                        "resourceVersionMatch"});
    return std::unexpected(invalid({"meta.k8s.io", "ListOptions"}, "", causes));
  }
  if (!query.has("sendInitialEvents") && !match.empty())
    return std::unexpected(
        forbidden_match("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
  const std::optional<Revision> revision = version.empty() ? 0 : parse_revision(version);
  if (!revision) return std::unexpected(permanent_failure(bad_version(version)));
  options.initial_events = send_initial || (*revision == 0 && !query.has("sendInitialEvents"));
  if (send_initial && *revision > store.revision())
    options.refusal = too_large_version(version, std::to_string(store.revision()));
  options.from = *revision == 0 ? store.revision() : *revision;
  return options;
}

}  // namespace holdfast
