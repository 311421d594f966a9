#include "tests/drift/drift_maker.h"

#include <algorithm>
#include <utility>

#include "engine/normalize.h"
#include "holdfast/model/manifest_set.h"

namespace holdfast {
namespace {

const std::vector<std::string> kAppliers = {"x", "y", "holdfast:status"};
const std::vector<std::string> kUpdaters = {"u", "v", "holdfast:update"};
const std::vector<std::string> kWords = {"a", "b", "c"};
const GroupVersionKind kType{"ex.io", "v1", "Thing"};
constexpr std::size_t kMostSteps = 2, kMostStepsOfFew = 10;

// The identity of an object, which the server strips from every owner.
const json::value& not_tracked() {
  static const json::value kFields = *parse_json(
      R"({"f:apiVersion":{},"f:kind":{},"f:metadata":{"f:name":{},"f:namespace":{},"f:uid":{},"f:resourceVersion":{},
          "f:generation":{},"f:creationTimestamp":{},"f:managedFields":{}}})");
  return kFields;
}

constexpr std::string_view kObjectMeta = R"({"type":"object","properties":{
  "name":{"type":"string"},"namespace":{"type":"string"},"uid":{"type":"string"},"resourceVersion":{"type":"string"},
  "generation":{"type":"integer"},
  "labels":{"type":"object","additionalProperties":{"type":"string"}},
  "annotations":{"type":"object","additionalProperties":{"type":"string"}},
  "finalizers":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set",
                "x-kubernetes-patch-strategy":"merge"}}})";

const ApiCatalog& catalog() {
  static const ApiCatalog kCatalog = [] {
    ApiCatalog made;
    made.resources[kType] = {kType, "things", true, {"get", "list", "watch", "patch"}};
    made.preferred[kType.group_kind()] = "v1";
    return made;
  }();
  return kCatalog;
}

}  // namespace

struct DriftMaker::Story {
  Story(DriftTools& tools, Breakage breakage, const TypeNode& type)
      : run(tools, breakage, not_tracked()), root(&type) {}
  DriftRun run;
  const TypeNode* root;
  std::string type_name = "Root";
  json::array operations;
  std::vector<json::object> answers;
  std::vector<Opinion> opinions;
  json::value desired;
  json::value converged;  // the object after our last apply
  int style = 0;          // how the desired state is prepared
};

void DriftMaker::renew_types() {
  definitions_ = SchemaMaker(choice_).definitions();
  definitions_["test.ObjectMeta"] = *parse_json(kObjectMeta);
  // The merge has its own histories of documents that lack a type, or whose types are references themselves.
  definitions_["not.There"] = {{"type", "object"}};
  if (const json::object& anything = definitions_.at("one.Anything").as_object();
      anything.contains("$ref") || anything.contains("allOf"))
    definitions_["one.Anything"] = {{"type", "object"}};
  json::value status = definitions_.at("one.Struct");
  for (const std::string_view root : {"Root", "Changed"}) {
    json::object& fields = definitions_.at(root).as_object().at("properties").as_object();
    fields["apiVersion"] = {{"type", "string"}};
    fields["kind"] = {{"type", "string"}};
    fields["metadata"] = {{"$ref", "#/components/schemas/test.ObjectMeta"}};
    fields["status"] = status;
  }
  definitions_text_ = to_json(definitions_);
  schema_.reset();
  if (auto schema = Schema::from_definitions(definitions_)) schema_ = std::move(*schema);
  left_ = 64;
}

json::value DriftMaker::with_identity(json::value object, const json::value* metadata) {
  if (!object.is_object()) object.emplace_object();
  json::object& fields = object.get_object();
  fields["apiVersion"] = kType.api_version();
  fields["kind"] = kType.kind;
  json::value& meta = fields["metadata"];
  if (metadata != nullptr && choice_.one_in(2)) meta = *metadata;
  if (!meta.is_object()) meta.emplace_object();
  json::object& members = meta.get_object();
  for (const std::string_view name : {"uid", "resourceVersion", "generation", "managedFields"}) members.erase(name);
  members["name"] = "thing";
  members["namespace"] = "web";
  return object;
}

// Valid, and prepared as the engine does it (mostly), or with its nulls; a change of `old`, or a new one.
std::optional<json::value> DriftMaker::desired(const Story& story, const json::value* old) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    ValueMaker values(choice_);
    json::value object;
    if (old != nullptr)
      object = values.mutated(*old, *story.root, 0);
    else if (choice_.one_in(4) && story.run.state().live().as_object().size() > 1)
      object = values.mutated(story.run.state().live(), *story.root, 0);
    else
      object = values.value(*story.root, 0);
    object = with_identity(std::move(object), nullptr);
    if (story.style == 0) {
      const ManifestSet set{"r", {Manifest{kType, "web", "thing", object.get_object(), "made"}}};
      PreparedSet prepared = prepare(set, catalog(), {"web", "home", "set", FieldManager{std::string(kOurManager)}});
      if (prepared.desired.empty()) continue;
      object = std::move(prepared.desired.begin()->second.body);
    } else if (story.style == 1) {
      if (!normalize(object.get_object(), kType.group_kind())) continue;
    }
    if (TypedValue::make(object, story.root, Duplicates::Refused)) return object;
  }
  return std::nullopt;
}

void DriftMaker::run(Story& story, json::object operation) {
  if (story.type_name != "Root") operation["type"] = story.type_name;
  story.answers.push_back(story.run.run(operation, *story.root, story.type_name));
  story.opinions.push_back(story.run.opinion());
  story.operations.push_back(std::move(operation));
}

void DriftMaker::apply_ours(Story& story) {
  const json::object operation{{"op", "apply"}, {"manager", kOurManager}, {"object", story.desired}, {"force", true}};
  run(story, operation);
  while (story.run.wants_another_apply()) run(story, operation);
  story.converged = story.run.state().live();
}

// Our engine looks at the object, and mostly acts on it at once.
void DriftMaker::look(Story& story) {
  const json::object probe{{"op", "probe"}, {"manager", kOurManager}, {"object", story.desired}};
  run(story, probe);
  const Opinion opinion = story.opinions.back();
  if (opinion.known || opinion.proven || choice_.one_in(6)) return;
  apply_ours(story);
  run(story, probe);
}

void DriftMaker::foreign_update(Story& story, json::value object) {
  const json::value& live = story.run.state().live();
  run(story, {{"op", "update"},
              {"manager", choice_.pick(kUpdaters)},
              {"object", with_identity(std::move(object), find(live, {"metadata"}))}});
}

// Somebody puts back what we had, or a part of it.
void DriftMaker::restore(Story& story) {
  json::value object = story.run.state().live();
  if (choice_.one_in(2) || !object.is_object()) {
    object = story.converged;
  } else {
    for (const auto& [name, value] : story.converged.as_object())
      if (!choice_.one_in(3)) object.get_object()[name] = value;
  }
  foreign_update(story, std::move(object));
}

void DriftMaker::foreign_apply(Story& story) {
  ValueMaker values(choice_);
  json::value object;
  switch (choice_.below(3)) {
    case 0:  // the very same: both own it then
      object = story.desired;
      break;
    case 1:
      object = values.mutated(story.desired, *story.root, 0);
      break;
    default:
      object = values.mutated(story.run.state().live(), *story.root, 0);
      break;
  }
  json::object operation{{"op", "apply"},
                         {"manager", choice_.pick(kAppliers)},
                         {"object", with_identity(std::move(object), find(story.desired, {"metadata"}))}};
  if (!choice_.one_in(4)) operation["force"] = true;
  run(story, std::move(operation));
}

// Somebody writes metadata.managedFields itself.
void DriftMaker::rewrite_managers(Story& story) {
  json::object managers;
  for (const auto& [name, managed] : story.run.state().managers())
    managers[name] = {{"applied", managed.applied},
                      {"fields", *parse_json(managed.fields.serialize())},
                      {"version", managed.api_version}};
  json::value* ours = managers.if_contains(kOurManager);
  switch (choice_.below(6)) {
    case 0:
      managers.clear();
      break;
    case 1:
      managers.erase(kOurManager);
      break;
    case 2:  // somebody else's now
      if (ours != nullptr) {
        json::value entry = *ours;
        managers.erase(kOurManager);
        managers["x"] = std::move(entry);
      }
      break;
    case 3:
      if (ours != nullptr) ours->as_object()["version"] = "v1beta1";
      break;
    case 4:  // a field less at the top, and perhaps one more
      if (ours != nullptr) {
        json::object& fields = ours->as_object().at("fields").as_object();
        if (!fields.empty())
          fields.erase(std::next(fields.begin(), static_cast<std::ptrdiff_t>(choice_.below(fields.size()))));
        // (Of a field whose type the document does not tell, the judge knows nothing.)
        const std::string& name = choice_.pick(kWords);
        const TypeNode* type = story.root->map->type_of_key(name);
        if (choice_.one_in(2) && (type == nullptr || type->scalar || type->map || type->list))
          fields["f:" + name] = json::object();
      }
      break;
    default:  // only others lose theirs
      for (auto entry = managers.begin(); entry != managers.end();)
        entry = entry->key() == kOurManager ? std::next(entry) : managers.erase(entry);
      break;
  }
  run(story, {{"op", "own"}, {"managers", std::move(managers)}});
}

void DriftMaker::reorder(json::value& value) {
  if (json::object* object = value.if_object()) {
    for (auto& member : *object) reorder(member.value());
  } else if (json::array* list = value.if_array(); list != nullptr && list->size() > 1) {
    for (json::value& item : *list) reorder(item);
    if (choice_.one_in(2))
      std::ranges::reverse(*list);
    else
      std::swap((*list)[choice_.below(list->size())], (*list)[choice_.below(list->size())]);
  }
}

// A container becomes empty, or an empty one goes.
void DriftMaker::empty_something(json::value& value) {
  json::object* object = value.if_object();
  if (json::array* list = value.if_array())
    for (json::value& item : *list)
      if (choice_.one_in(2)) empty_something(item);
  if (object == nullptr) return;
  for (auto member = object->begin(); member != object->end();) {
    json::value& below = member->value();
    const bool is_list = below.is_array(), is_map = below.is_object();
    const bool is_empty = (is_list && below.get_array().empty()) || (is_map && below.get_object().empty());
    if (is_empty && choice_.one_in(2)) {
      member = object->erase(member);
      continue;
    }
    if ((is_list || is_map) && choice_.one_in(5))
      below = is_list ? json::value(json::array()) : json::value(json::object());
    else
      empty_something(below);
    ++member;
  }
}

void DriftMaker::disturb(Story& story) {
  ValueMaker values(choice_);
  json::value live = story.run.state().live();
  switch (choice_.below(16)) {
    case 0:
    case 1:
    case 2:
      return foreign_update(story, values.mutated(live, *story.root, 0));
    case 3:
      return restore(story);
    case 4:
    case 5:
      return foreign_apply(story);
    case 6:
      return rewrite_managers(story);
    case 7:
    case 8:
      reorder(live);
      return foreign_update(story, std::move(live));
    case 9:
      empty_something(live);
      return foreign_update(story, std::move(live));
    case 10: {  // Git says something else from here on
      if (auto next = desired(story, &story.desired)) story.desired = std::move(*next);
      return;
    }
    case 11:
      return run(story, {{"op", "forget"}});
    case 12:
    case 13: {  // what controllers do all day
      if (const FieldType* status = story.root->map->find_field("status"))
        live.as_object()["status"] = values.value(*status->type, 4);
      return foreign_update(story, std::move(live));
    }
    case 14: {  // labels and annotations of others
      json::value& metadata = live.as_object()["metadata"];
      if (!metadata.is_object()) return;
      json::value& labels = metadata.get_object()[choice_.one_in(2) ? "labels" : "annotations"];
      if (!labels.is_object()) labels.emplace_object();
      labels.get_object()["theirs"] = choice_.pick(kWords);
      return foreign_update(story, std::move(live));
    }
    default:
      if (!choice_.one_in(3) || story.type_name != "Root") return;
      story.type_name = "Changed";
      story.root = schema_->type_named("Changed");
      return;
  }
}

MadeHistory DriftMaker::make() {
  while (left_ == 0 || !schema_) renew_types();
  --left_;
  Story story(tools_, breakage_, *schema_->type_named("Root"));
  story.style = choice_.one_in(8) ? 2 : choice_.one_in(4) ? 1 : 0;
  if (choice_.one_in(4)) foreign_update(story, ValueMaker(choice_).value(*story.root, 0));
  if (auto first = desired(story, nullptr)) {
    story.desired = std::move(*first);
    apply_ours(story);
    for (std::size_t n = 1 + choice_.below(choice_.one_in(8) ? kMostStepsOfFew : kMostSteps); n > 0; --n) {
      disturb(story);
      look(story);
    }
  }
  MadeHistory made;
  const json::object rest{{"type", "Root"}, {"ignored", not_tracked()}, {"operations", std::move(story.operations)}};
  made.line = R"({"definitions":)" + definitions_text_ + "," + to_json(rest).substr(1);
  made.answers = std::move(story.answers);
  made.opinions = std::move(story.opinions);
  return made;
}

}  // namespace holdfast
