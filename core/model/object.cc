#include "holdfast/model/object.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <utility>

namespace holdfast {
namespace {

constexpr std::size_t kMaxObjectBytes = 16UL * 1024 * 1024;  // correctness A15

struct KeepAnnotation {
  std::string_view name;
  std::array<std::string_view, 4> values;  // any of them; the last ones may be empty
  bool is_list = false;                    // separated by commas
  bool is_flux = false;                    // which looks at labels as well, and takes upper and lower case for the same
};
constexpr KeepAnnotation kKeepAnnotations[] = {
    {"holdfast.dev/prune", {"disabled"}},
    {.name = "kustomize.toolkit.fluxcd.io/prune", .values = {"disabled"}, .is_flux = true},
    {.name = "kustomize.toolkit.fluxcd.io/reconcile", .values = {"disabled"}, .is_flux = true},
    // What Argo CD would ask a person about is not deleted either, until its annotation says otherwise.
    {"argocd.argoproj.io/sync-options", {"Prune=false", "Delete=false", "Prune=confirm", "Delete=confirm"}, true},
    {"helm.sh/resource-policy", {"keep"}},
    {"client.lifecycle.config.k8s.io/deletion", {"detach"}},
};

bool is_same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char one, char other) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(one) == lower(other);
  });
}

bool forbids_deletion(const KeepAnnotation& annotation, std::string_view value) {
  if (annotation.is_flux) return is_same_word(value, annotation.values.front());
  while (!value.empty()) {
    const std::size_t end = annotation.is_list ? value.find(',') : std::string_view::npos;
    std::string_view part = value.substr(0, end);
    value = end == std::string_view::npos ? std::string_view() : value.substr(end + 1);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty() && std::ranges::find(annotation.values, part) != annotation.values.end()) return true;
  }
  return false;
}

const KeepAnnotation* keep_annotation(std::string_view name) {
  const auto found = std::ranges::find(kKeepAnnotations, name, &KeepAnnotation::name);
  return found == std::end(kKeepAnnotations) ? nullptr : &*found;
}

// What is between the quotes; empty where it is no readable string.
std::string unescaped(std::string_view quoted) {
  if (quoted.find('\\') == std::string_view::npos) return std::string(quoted.substr(1, quoted.size() - 2));
  const Result<json::value> value = parse_json(quoted);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

void take_string(JsonCursor& cursor, std::string& out) {
  if (cursor.peek() != '"') cursor.fail();
  const std::string_view quoted = cursor.scalar();
  if (!cursor.ok()) return;
  out = unescaped(quoted);
  if (out.empty() && quoted.size() > 2) cursor.fail();
}

void take_string_or_skip(JsonCursor& cursor, std::string& out) {
  if (cursor.peek() == '"')
    take_string(cursor, out);
  else
    cursor.skip();
}

// A label or an annotation that may forbid to delete it.
void read_mark(JsonCursor& cursor, std::string_view name, bool is_label, Ownership& out) {
  const KeepAnnotation* const keep = keep_annotation(name);
  if (keep == nullptr || (is_label && !keep->is_flux)) return cursor.skip();
  std::string value;
  take_string_or_skip(cursor, value);
  if (forbids_deletion(*keep, value)) out.kept_by = keep->name;
}

void read_labels(JsonCursor& cursor, Ownership& out) {
  if (cursor.peek() != '{') return cursor.skip();
  for (JsonMembers labels(cursor); labels.next();) {
    const std::string key = labels.escaped() ? unescaped('"' + std::string(labels.key()) + '"') : std::string();
    const std::string_view name = labels.escaped() ? std::string_view(key) : labels.key();
    if (name == kInstallationLabel)
      take_string_or_skip(cursor, out.installation);
    else if (name == kApplySetLabel)
      take_string_or_skip(cursor, out.applyset);
    else
      read_mark(cursor, name, true, out);
  }
}

void read_annotations(JsonCursor& cursor, Ownership& out) {
  if (cursor.peek() != '{') return cursor.skip();
  for (JsonMembers annotations(cursor); annotations.next();) {
    const std::string key =
        annotations.escaped() ? unescaped('"' + std::string(annotations.key()) + '"') : std::string();
    read_mark(cursor, annotations.escaped() ? std::string_view(key) : annotations.key(), false, out);
  }
}

void read_owners(JsonCursor& cursor, Ownership& out) {
  if (cursor.peek() != '[') return cursor.skip();
  for (JsonItems owners(cursor); owners.next();) {
    if (cursor.peek() != '{') {
      cursor.skip();
      continue;
    }
    std::string kind;
    std::string name;
    bool controls = false;
    for (JsonMembers owner(cursor); owner.next();) {
      if (owner.key() == "kind")
        take_string_or_skip(cursor, kind);
      else if (owner.key() == "name")
        take_string_or_skip(cursor, name);
      else if (owner.key() == "controller")
        controls = cursor.raw() == "true";
      else
        cursor.skip();
    }
    if (controls && out.controller.empty()) out.controller = kind + " " + name;
  }
}

void read_metadata(JsonCursor& cursor, LiveObject& out, Ownership& ownership) {
  if (cursor.peek() != '{') return cursor.fail();
  for (JsonMembers metadata(cursor); metadata.next();) {
    const std::string_view key = metadata.key();
    if (key == "name")
      take_string(cursor, out.key.name);
    else if (key == "namespace")
      take_string(cursor, out.key.namespace_);
    else if (key == "uid")
      take_string(cursor, out.uid.value);
    else if (key == "resourceVersion")
      take_string(cursor, out.resource_version.value);
    else if (key == "deletionTimestamp")
      out.terminating = cursor.raw() != "null";
    else if (key == "labels")
      read_labels(cursor, ownership);
    else if (key == "annotations")
      read_annotations(cursor, ownership);
    else if (key == "ownerReferences")
      read_owners(cursor, ownership);
    else
      cursor.skip();
  }
}

// The last few that were met: whatever a watch shows mostly belongs to the same.
std::shared_ptr<const Ownership> shared(Ownership&& ownership) {
  thread_local std::array<std::shared_ptr<const Ownership>, 8> met;
  thread_local std::size_t oldest = 0;
  if (ownership == Ownership{}) return nullptr;
  for (const auto& known : met)
    if (known && *known == ownership) return known;
  auto& slot = met[oldest++ % met.size()];
  slot = std::make_shared<const Ownership>(std::move(ownership));
  return slot;
}

bool is_version_of(std::string_view api_version, const GroupVersionKind& gvk) {
  if (gvk.group.empty()) return api_version == gvk.version;
  return api_version.size() == gvk.group.size() + 1 + gvk.version.size() && api_version.starts_with(gvk.group) &&
         api_version[gvk.group.size()] == '/' && api_version.ends_with(gvk.version);
}

// Where a single read would show them, and in the order in which built-in types show them.
void add_type(std::string& body, const GroupVersionKind& gvk) {
  const auto quoted = [](const std::string& text) { return json::serialize(json::string_view(text)); };
  body.insert(body.find('{') + 1,
              "\"kind\":" + quoted(gvk.kind) + ",\"apiVersion\":" + quoted(gvk.api_version()) + ",");
}

Result<void> check(const LiveObject& object) {
  const auto refuse = [&](std::string what) {
    return fail(ErrorKind::Protocol, std::move(what), to_string(object.key));
  };
  if (object.key.kind.empty() || object.gvk.version.empty())
    return refuse("an object without kind or apiVersion came from the API server");
  if (object.key.name.empty()) return refuse("an object without metadata.name");
  if (object.uid.empty()) return refuse("an object without metadata.uid");
  if (object.resource_version.empty()) return refuse("an object without metadata.resourceVersion");
  return {};
}

bool names_its_type(std::string_view text) {
  JsonIndexer indexer;
  const Result<JsonView> view = indexer.view(text);
  if (!view) return true;
  JsonCursor cursor = view->cursor();
  bool named = false;
  for (JsonMembers members(cursor); members.next(); cursor.skip())
    named = named || members.key() == "kind" || members.key() == "apiVersion";
  return named;
}

}  // namespace

Ownership ownership_of(const json::value& body) {
  Ownership out;
  out.installation = string_at(body, {"metadata", "labels", kInstallationLabel});
  out.applyset = string_at(body, {"metadata", "labels", kApplySetLabel});
  for (const KeepAnnotation& keep : kKeepAnnotations)
    if (forbids_deletion(keep, string_at(body, {"metadata", "annotations", keep.name})) ||
        (keep.is_flux && forbids_deletion(keep, string_at(body, {"metadata", "labels", keep.name}))))
      out.kept_by = keep.name;
  const json::value* owners = find(body, {"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->is_array()) return out;
  for (const json::value& owner : owners->get_array()) {
    const json::value* controller = find(owner, {"controller"});
    if (controller == nullptr || !controller->is_bool() || !controller->get_bool()) continue;
    out.controller = std::string(string_at(owner, {"kind"})) + " " + std::string(string_at(owner, {"name"}));
    break;
  }
  return out;
}

Result<std::shared_ptr<LiveObject>> read_live_object(const JsonView& view, const GroupVersionKind& fallback) {
  auto object = std::make_shared<LiveObject>();
  Ownership ownership;
  std::string_view api_version;
  std::string_view kind;
  bool has_metadata = false;
  JsonCursor cursor = view.cursor();
  for (JsonMembers root(cursor); root.next();) {
    if (root.key() == "apiVersion")
      api_version = cursor.plain_string();
    else if (root.key() == "kind")
      kind = cursor.plain_string();
    else if (root.key() != "metadata")
      cursor.skip();
    else if (std::exchange(has_metadata, true))
      cursor.fail();  // one object out of two
    else
      read_metadata(cursor, *object, ownership);
  }
  if (!cursor.ok()) return fail(ErrorKind::Protocol, "not a readable object", to_string(fallback));
  const bool untyped = api_version.empty() && kind.empty();
  const bool expected = untyped || (kind == fallback.kind && is_version_of(api_version, fallback));
  object->gvk = expected ? fallback : make_gvk(api_version, kind);
  object->key.group = object->gvk.group;
  object->key.kind = object->gvk.kind;
  object->ownership = shared(std::move(ownership));
  if (auto checked = check(*object); !checked) return std::unexpected(checked.error());
  return object;
}

void keep_body(LiveObject& object, std::string_view text) {
  object.body = text;
  if (!names_its_type(text)) add_type(object.body, object.gvk);
}

Result<LivePtr> read_live_object(std::string_view body, const GroupVersionKind& fallback) {
  if (body.size() > kMaxObjectBytes)
    return fail(ErrorKind::TooLarge, "an object of more than 16 MiB came from the API server", to_string(fallback));
  JsonIndexer indexer;
  const Result<JsonView> view = indexer.view(body);
  if (!view) return fail(ErrorKind::Protocol, "not a readable object: " + view.error().message, to_string(fallback));
  auto object = read_live_object(*view, fallback);
  if (!object) return std::unexpected(object.error());
  keep_body(**object, body);
  return *object;
}

}  // namespace holdfast
