#include "simulator/api_handler.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "holdfast/base/digest.h"
#include "simulator/discovery_document.h"
#include "simulator/list_reader.h"
#include "simulator/openapi_document.h"
#include "simulator/patch.h"
#include "simulator/protobuf_reader.h"
#include "simulator/scale_view.h"

namespace holdfast {

struct ApiHandler::Call {
  const SimulatedRequest* request = nullptr;
  RequestQuery query;
  ResourceTypePtr type;
  std::string namespace_, name, subresource;
  Representation representation;
};

namespace {

SimulatedAnswer ok(std::string body, int status = 200) {
  SimulatedAnswer answer;
  answer.response.status = status;
  answer.response.body = std::move(body) + "\n";
  return answer;
}

std::string path_of(const std::string& target) { return target.substr(0, target.find('?')); }
std::string query_of(const std::string& target) {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string() : target.substr(mark + 1);
}

// The name that a client goes by where it gives no fieldManager.
std::string manager_of(const SimulatedRequest& request, const RequestQuery& query) {
  if (std::string manager = query.get("fieldManager"); !manager.empty()) return manager;
  const std::string agent = request.user_agent.substr(0, request.user_agent.find('/'));
  return agent.empty() ? "unknown" : agent;
}

Reply<json::object> parse_body(const SimulatedRequest& request, const TypeRegistry& types) {
  static constexpr std::string_view written[] = {"", "application/json", "application/yaml",
                                                 "application/vnd.kubernetes.protobuf", "application/apply-patch+yaml"};
  const std::string media = request.content_type.substr(0, request.content_type.find(';'));
  if (std::ranges::find(written, media) == std::end(written))
    return std::unexpected(
        unsupported_media_type("the body of the request was in an unknown format - accepted media types include: "
                               "application/json, application/yaml, application/vnd.kubernetes.protobuf"));
  if (media == "application/vnd.kubernetes.protobuf") {
    Result<json::object> read = ProtobufReader(types.protobuf_messages(), types.definitions()).read(request.body);
    if (!read) return std::unexpected(unsupported_media_type(read.error().message));
    return std::move(*read);
  }
  if (request.body.empty() && media == "application/apply-patch+yaml") return json::object();
  Result<json::value> parsed = parse_json(request.body);
  if (!parsed || !parsed->is_object())
    return std::unexpected(bad_request(
        fmt::format("error decoding YAML: the body is no JSON object{}", parsed ? "" : ": " + parsed.error().message)));
  return std::move(parsed->get_object());
}

Reply<WriteOptions> write_options(const SimulatedRequest& request, const RequestQuery& query, std::string subresource,
                                  std::string_view options_kind) {
  WriteOptions options;
  options.manager = manager_of(request, query);
  options.subresource = std::move(subresource);
  options.force = query.flag("force");
  const auto refuse = [&](ApiStatusCause cause) {
    return std::unexpected(invalid({"meta.k8s.io", std::string(options_kind)}, "", {std::move(cause)}));
  };
  if (options.manager.size() > 128)
    return refuse({"FieldValueTooLong", "Too long: may not be more than 128 bytes", "fieldManager"});
  const std::string dry_run = query.get("dryRun");
  if (!dry_run.empty() && dry_run != "All")
    return refuse({"FieldValueNotSupported",
                   fmt::format("Unsupported value: [\"{}\"]: supported values: \"All\"", dry_run), "dryRun"});
  options.dry_run = dry_run == "All";
  if (const std::string validation = query.get("fieldValidation"); !validation.empty())
    options.field_validation = validation;
  static constexpr std::string_view validations[] = {"Ignore", "Strict", "Warn"};
  if (std::ranges::find(validations, options.field_validation) == std::end(validations))
    return refuse({"FieldValueNotSupported",
                   fmt::format("Unsupported value: \"{}\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
                               options.field_validation),
                   "fieldValidation"});
  const std::string timeout = query.get("timeout");
  if (!timeout.empty() && timeout.find_first_not_of("0123456789") == std::string::npos)
    return std::unexpected(
        bad_request(fmt::format("invalid timeout specified in the request URL - time: missing unit in "
                                "duration \"{}\"",
                                timeout)));
  return options;
}

// `both`: the body also says orphanDependents, the older way of saying it.
Reply<DeleteOptions> check_propagation(DeleteOptions options, bool both) {
  static constexpr std::string_view known[] = {"", "Foreground", "Background", "Orphan"};
  std::optional<ApiStatusCause> cause;
  if (both)
    cause = {"FieldValueInvalid",
             fmt::format("Invalid value: \"{}\": orphanDependents and deletionPropagation cannot be both set",
                         options.propagation),
             "propagationPolicy"};
  else if (std::ranges::find(known, options.propagation) == std::end(known))
    cause = {"FieldValueNotSupported",
             fmt::format("Unsupported value: \"{}\": supported values: \"Foreground\", \"Background\", \"Orphan\", "
                         "\"nil\"",
                         options.propagation),
             "propagationPolicy"};
  if (cause) return std::unexpected(invalid({"meta.k8s.io", "DeleteOptions"}, "", {*cause}));
  return options;
}

Reply<DeleteOptions> delete_options(const SimulatedRequest& request, const RequestQuery& query,
                                    const TypeRegistry& types) {
  DeleteOptions options;
  options.propagation = query.get("propagationPolicy");
  options.dry_run = query.get("dryRun") == "All";
  if (request.body.empty()) return check_propagation(std::move(options), false);
  const auto body = parse_body(request, types);
  if (!body) return std::unexpected(body.error());
  if (const json::value* uid = find(*body, {"preconditions", "uid"}); uid != nullptr && uid->is_string())
    options.uid = std::string(std::string_view(uid->get_string()));
  if (const json::value* version = find(*body, {"preconditions", "resourceVersion"});
      version != nullptr && version->is_string())
    options.resource_version = std::string(std::string_view(version->get_string()));
  if (const std::string_view policy = string_at(*body, {"propagationPolicy"}); !policy.empty())
    options.propagation = policy;
  const json::value* orphan = find(*body, {"orphanDependents"});
  const bool says_orphan = orphan != nullptr && orphan->is_bool();
  if (says_orphan && options.propagation.empty() && orphan->get_bool()) options.propagation = "Orphan";
  const bool both = says_orphan && !string_at(*body, {"propagationPolicy"}).empty();
  if (const json::value* dry_run = find(*body, {"dryRun"}); dry_run != nullptr && dry_run->is_array())
    options.dry_run = options.dry_run || !dry_run->get_array().empty();
  return check_propagation(std::move(options), both);
}

std::string deleted_status(const ResourceType& type, const StoredPtr& object) {
  json::object details{{"name", object->name}};
  if (!type.gvk.group.empty()) details["group"] = type.gvk.group;
  details["kind"] = type.plural;
  details["uid"] = string_at(object->body, {"metadata", "uid"});
  return to_json({{"kind", "Status"},
                  {"apiVersion", "v1"},
                  {"metadata", json::object()},
                  {"status", "Success"},
                  {"details", std::move(details)}});
}

}  // namespace

SimulatedAnswer ApiHandler::handle(const SimulatedRequest& request) {
  Reply<SimulatedAnswer> reply = answer(request);
  if (reply) return std::move(*reply);
  SimulatedAnswer refused;
  refused.response = to_response(reply.error());
  return refused;
}

Reply<SimulatedAnswer> ApiHandler::answer(const SimulatedRequest& request) {
  const auto parts = split_path(path_of(request.target));
  if (!parts) return std::unexpected(bad_request("the path is not properly encoded"));
  if (request.body.size() > kMaxBodyBytes)
    return std::unexpected(ApiFailure{413,
                                      "RequestEntityTooLarge",
                                      fmt::format("Request entity too large: limit is {}", kMaxBodyBytes),
                                      {},
                                      {},
                                      {},
                                      false});
  const bool is_resource = parts->size() > 2 && ((*parts)[0] == "api" || ((*parts)[0] == "apis" && parts->size() > 3));
  if (!is_resource) return answer_document(request, *parts);
  const auto call = route(request, *parts, RequestQuery(query_of(request.target)));
  if (!call) return std::unexpected(call.error());
  return answer_resource(*call);
}

const ApiHandler::Discovery& ApiHandler::discovery(bool core) const {
  Discovery& document = core ? core_discovery_ : discovery_;
  if (document.generation != types_.generation()) {
    std::string body = aggregated_discovery(types_, core);
    std::string etag = "\"" + to_hex(sha256(body)) + "\"";
    document = {types_.generation(), std::move(body), std::move(etag)};
  }
  return document;
}

Reply<SimulatedAnswer> ApiHandler::answer_document(const SimulatedRequest& request,
                                                   const std::vector<std::string>& parts) const {
  if (request.method != "GET") return std::unexpected(method_not_allowed());
  const std::string first = parts.empty() ? "" : parts[0];
  const std::size_t size = parts.size();
  if (first == "version" && size == 1) return ok(version_info());
  if ((first == "healthz" || first == "livez" || first == "readyz") && size <= 2) {
    SimulatedAnswer fine = ok("ok");
    fine.response.body = "ok";
    fine.response.content_type = "text/plain; charset=utf-8";
    return fine;
  }
  if (first == "openapi" && size >= 2 && parts[1] == "v3") {
    if (size == 2) {
      SimulatedAnswer index = ok(openapi_index(types_));
      index.response.content_type = "text/plain; charset=utf-8";  // though it is JSON
      return index;
    }
    std::string path;
    for (std::size_t i = 2; i < size; ++i) path += (path.empty() ? "" : "/") + parts[i];
    if (auto document = openapi_document(types_, path)) return ok(std::move(*document));
    SimulatedAnswer nothing;
    nothing.response.status = 404;
    nothing.response.content_type.clear();
    return nothing;
  }
  if ((first == "api" || first == "apis") && size == 1) {
    const bool aggregated = request.accept.find("g=apidiscovery.k8s.io") != std::string::npos &&
                            request.accept.find("v=v2;") != std::string::npos;
    if (!aggregated) return ok(first == "api" ? api_versions() : api_group_list(types_));
    const Discovery& document = discovery(first == "api");
    SimulatedAnswer answer = ok(document.body);
    answer.response.content_type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    answer.response.headers = {{"ETag", document.etag}, {"Vary", "Accept"}, {"Cache-Control", "public"}};
    if (request.if_none_match == document.etag) {
      answer.response.status = 304;
      answer.response.content_type.clear();
      answer.response.body.clear();
    }
    return answer;
  }
  std::optional<std::string> body;
  if (first == "api" && size == 2) body = api_resource_list(types_, "", parts[1]);
  if (first == "apis" && size == 2) body = api_group(types_, parts[1]);
  if (first == "apis" && size == 3) body = api_resource_list(types_, parts[1], parts[2]);
  if (body) return ok(std::move(*body));
  const std::string group = first == "apis" && size >= 2 ? parts[1] : "";
  const bool known = size == (first == "api" ? 2U : 3U) && types_.has_group(group) && !types_.is_custom_group(group);
  return std::unexpected(known ? resource_not_found() : page_not_found());
}

Reply<ApiHandler::Call> ApiHandler::route(const SimulatedRequest& request, const std::vector<std::string>& parts,
                                          const RequestQuery& query) const {
  Call call;
  call.request = &request;
  call.query = query;
  if (!is_acceptable(request.accept)) return std::unexpected(not_acceptable());
  call.representation = negotiate(request.accept, query.get("includeObject"));
  const bool core = parts[0] == "api";
  const std::string group = core ? "" : parts[1], version = core ? parts[1] : parts[2];
  std::vector<std::string> rest(parts.begin() + (core ? 2 : 3), parts.end());
  if (!types_.has_group(group)) return std::unexpected(page_not_found());
  // /namespaces/NAME and its subresources are the namespace itself; anything longer is inside it.
  static constexpr std::string_view own[] = {"status", "finalize"};
  const bool inside =
      rest.size() > 2 && rest[0] == "namespaces" && (group != "" || std::ranges::find(own, rest[2]) == std::end(own));
  if (inside) {
    call.namespace_ = rest[1];
    rest.erase(rest.begin(), rest.begin() + 2);
  }
  call.type = types_.find(group, version, rest[0]);
  if (call.type == nullptr)
    return std::unexpected(types_.is_custom_group(group) && !types_.has_group_version(group, version)
                               ? page_not_found()
                               : resource_not_found());
  if (rest.size() > 1) call.name = rest[1];
  if (rest.size() > 2) call.subresource = rest[2];
  if (rest.size() > 3 || (inside && !call.type->namespaced)) return std::unexpected(resource_not_found());
  const bool served = call.subresource.empty() ||
                      (call.subresource == "finalize" && call.type->store_key() == "namespaces") ||
                      (call.subresource == "status" && call.type->status_subresource) ||
                      (call.subresource == "scale" && call.type->scale);
  if (!served) return std::unexpected(resource_not_found());
  return call;
}

Reply<SimulatedAnswer> ApiHandler::answer_resource(const Call& call) {
  const std::string& method = call.request->method;
  if (!call.type->can("list")) return answer_review(call);
  if (call.subresource == "scale") return answer_scale(call);
  if (method == "GET") return answer_read(call);
  if (call.type->namespaced && call.namespace_.empty())
    return std::unexpected(call.type->custom ? page_not_found() : method_not_allowed());
  if (call.subresource == "finalize" && method != "PUT") return std::unexpected(method_not_allowed());
  if (method == "POST" && call.name.empty()) return answer_create(call);
  if (method == "PUT" && !call.name.empty()) return answer_replace(call);
  if (method == "PATCH" && !call.name.empty()) return answer_patch(call);
  if (method == "DELETE" && call.name.empty() && !call.type->can("deletecollection"))
    return std::unexpected(method_not_allowed());
  if (method == "DELETE") return call.name.empty() ? answer_delete_collection(call) : answer_delete(call);
  return std::unexpected(method_not_allowed());
}

Reply<SimulatedAnswer> ApiHandler::answer_read(const Call& call) const {
  if (call.query.flag("watch") && call.name.empty()) {
    auto options = read_watch(store_, call.type, call.namespace_, call.name, call.query, call.representation);
    if (!options) return std::unexpected(options.error());
    SimulatedAnswer answer;
    answer.watch = std::make_unique<WatchStream>(store_, types_, std::move(*options), clock_.now());
    return answer;
  }
  if (call.name.empty()) {
    auto list = read_list(store_, *call.type, call.namespace_, call.query, call.representation, clock_.now());
    if (!list) return std::unexpected(list.error());
    return ok(std::move(*list));
  }
  if (auto checked = check_read_version(store_, call.query.get("resourceVersion")); !checked)
    return std::unexpected(checked.error());
  const StoredPtr found = store_.find(call.type->store_key(), call.namespace_, call.name);
  if (found == nullptr) return std::unexpected(not_found(call.type->plural, call.type->gvk.group, call.name));
  return ok(show_object(call.representation, *call.type, found, clock_.now()));
}

SimulatedAnswer ApiHandler::written(const Call& call, const Written& written) const {
  SimulatedAnswer answer =
      ok(show_object(call.representation, *call.type, written.object, clock_.now()), written.created ? 201 : 200);
  for (const std::string& warning : written.warnings) {
    std::string quoted;
    for (const char letter : warning)
      quoted += letter == '"' || letter == '\\' ? std::string{'\\', letter} : std::string{letter};
    answer.response.headers.emplace_back("Warning", fmt::format("299 - \"{}\"", quoted));
  }
  return answer;
}

Reply<SimulatedAnswer> ApiHandler::answer_create(const Call& call) {
  const auto options = write_options(*call.request, call.query, "", "CreateOptions");
  if (!options) return std::unexpected(options.error());
  auto body = parse_body(*call.request, types_);
  if (!body) return std::unexpected(body.error());
  const auto done = writer_.create(*call.type, call.namespace_, std::move(*body), *options);
  if (!done) return std::unexpected(done.error());
  return written(call, *done);
}

Reply<SimulatedAnswer> ApiHandler::answer_replace(const Call& call) {
  const auto options = write_options(*call.request, call.query, call.subresource, "UpdateOptions");
  if (!options) return std::unexpected(options.error());
  auto body = parse_body(*call.request, types_);
  if (!body) return std::unexpected(body.error());
  const auto done = writer_.replace(*call.type, call.namespace_, call.name, std::move(*body), *options);
  if (!done) return std::unexpected(done.error());
  return written(call, *done);
}

Reply<SimulatedAnswer> ApiHandler::answer_patch(const Call& call) {
  const auto options = write_options(*call.request, call.query, call.subresource, "PatchOptions");
  if (!options) return std::unexpected(options.error());
  const std::string media = call.request->content_type.substr(0, call.request->content_type.find(';'));
  if (media == "application/apply-patch+yaml") {
    if (!call.query.has("fieldManager"))
      return std::unexpected(
          invalid({"meta.k8s.io", "PatchOptions"}, "",
                  {{"FieldValueRequired", "Required value: is required for apply patch", "fieldManager"}}));
    auto config = parse_body(*call.request, types_);
    if (!config) return std::unexpected(config.error());
    const auto done = writer_.apply(*call.type, call.namespace_, call.name, std::move(*config), *options);
    if (!done) return std::unexpected(done.error());
    return written(call, *done);
  }
  const bool strategic = media == "application/strategic-merge-patch+json";
  if ((strategic && call.type->custom) ||
      (!strategic && media != "application/merge-patch+json" && media != "application/json-patch+json"))
    return std::unexpected(call.type->custom
                               ? unsupported_media_type("the body of the request was in an unknown format - accepted "
                                                        "media types include: application/json-patch+json, "
                                                        "application/merge-patch+json, application/apply-patch+yaml")
                               : wrong_patch_type());
  if (call.query.has("force"))
    return std::unexpected(
        invalid({"meta.k8s.io", "PatchOptions"}, "",
                {{"FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force"}}));
  const Result<json::value> patch = parse_json(call.request->body);
  if (!patch) return std::unexpected(bad_request("error decoding patch: " + patch.error().message));
  const PatchKind kind = strategic                                ? PatchKind::Strategic
                         : media == "application/json-patch+json" ? PatchKind::Json
                                                                  : PatchKind::Merge;
  const auto done = writer_.patch(*call.type, call.namespace_, call.name, kind, *patch, *options);
  if (!done) return std::unexpected(done.error());
  return written(call, *done);
}

Reply<SimulatedAnswer> ApiHandler::answer_delete(const Call& call) {
  const auto options = delete_options(*call.request, call.query, types_);
  if (!options) return std::unexpected(options.error());
  const auto removed = writer_.remove(*call.type, call.namespace_, call.name, *options);
  if (!removed) return std::unexpected(removed.error());
  if (removed->gone) return ok(deleted_status(*call.type, removed->object));
  return ok(show_object(call.representation, *call.type, removed->object, clock_.now()));
}

Reply<SimulatedAnswer> ApiHandler::answer_delete_collection(const Call& call) {
  auto options = delete_options(*call.request, call.query, types_);
  if (!options) return std::unexpected(options.error());
  const auto labels = LabelSelector::parse(call.query.get("labelSelector"));
  if (!labels) return std::unexpected(labels.error());
  const auto fields = FieldSelector::parse(call.query.get("fieldSelector"));
  if (!fields) return std::unexpected(fields.error());
  std::vector<StoredPtr> removed;
  for (const StoredPtr& object : store_.list(call.type->store_key(), call.namespace_)) {
    if (!labels->matches(object->body) || !fields->matches(object->body)) continue;
    auto one = writer_.remove(*call.type, object->namespace_, object->name, *options);
    if (one) removed.push_back(one->gone ? object : one->object);
  }
  return ok(
      show_list(call.representation, *call.type, removed, {std::to_string(store_.revision()), "", 0}, clock_.now()));
}

Reply<SimulatedAnswer> ApiHandler::answer_scale(const Call& call) {
  const StoredPtr found = store_.find(call.type->store_key(), call.namespace_, call.name);
  if (found == nullptr) return std::unexpected(not_found(call.type->plural, call.type->gvk.group, call.name));
  json::object scale = scale_of(*call.type, found);
  if (call.request->method == "GET") return ok(to_json(scale));
  const auto options = write_options(*call.request, call.query, "scale", "UpdateOptions");
  if (!options) return std::unexpected(options.error());
  const Result<json::value> sent = parse_json(call.request->body);
  if (!sent) return std::unexpected(bad_request("error decoding patch: " + sent.error().message));
  if (call.request->method == "PUT") {
    if (!sent->is_object()) return std::unexpected(bad_request("the body is no Scale"));
    scale = sent->get_object();
  } else if (call.request->method == "PATCH") {
    const bool is_json = call.request->content_type.starts_with("application/json-patch+json");
    json::value patched(scale);
    if (!is_json) merge_patch(patched, *sent);
    auto result = is_json ? json_patch(std::move(patched), *sent) : Reply<json::value>(std::move(patched));
    if (!result) return std::unexpected(result.error());
    if (!result->is_object()) return std::unexpected(bad_request("the patched document is no Scale"));
    scale = std::move(result->get_object());
  } else {
    return std::unexpected(method_not_allowed());
  }
  json::object next = in_version(found, *call.type)->body;
  const std::string version(string_at(scale, {"metadata", "resourceVersion"}));
  auto scaled = with_scale(*call.type, std::move(next), scale);
  if (!scaled) return std::unexpected(scaled.error());
  (*scaled)["metadata"].as_object()["resourceVersion"] =
      version.empty() ? json::value(std::to_string(found->revision)) : json::value(version);
  const auto done = writer_.replace(*call.type, call.namespace_, call.name, std::move(*scaled), *options);
  if (!done) return std::unexpected(done.error());
  return ok(to_json(scale_of(*call.type, done->object)));
}

// Everybody may do everything here.
Reply<SimulatedAnswer> ApiHandler::answer_review(const Call& call) const {
  if (call.request->method != "POST" || !call.name.empty()) return std::unexpected(method_not_allowed());
  auto body = parse_body(*call.request, types_);
  if (!body) return std::unexpected(body.error());
  (*body)["kind"] = call.type->gvk.kind;
  (*body)["apiVersion"] = call.type->gvk.api_version();
  if (call.type->plural == "selfsubjectreviews")
    (*body)["status"] = {{"userInfo", {{"username", "simulator-admin"}, {"groups", json::array{"system:masters"}}}}};
  else
    (*body)["status"] = {{"allowed", true}};
  return ok(to_json(*body), 201);
}

}  // namespace holdfast
