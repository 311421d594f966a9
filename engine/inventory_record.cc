#include "engine/inventory_record.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <set>

#include "holdfast/base/digest.h"
#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

constexpr std::string_view kId = "applyset.kubernetes.io/id";
constexpr std::string_view kSource = "holdfast.dev/source";
constexpr std::string_view kTooling = "applyset.kubernetes.io/tooling";
constexpr std::string_view kGroupKinds = "applyset.kubernetes.io/contains-group-kinds";
constexpr std::string_view kNamespaces = "applyset.kubernetes.io/additional-namespaces";
constexpr std::string_view kInstallation = "holdfast.dev/installation";
constexpr std::string_view kHeldElsewhere = "belongs to the installation ";
constexpr std::string_view kTool = "holdfast";
constexpr std::string_view kHookDone = "done", kHookBegun = "begun";

std::string joined(const std::set<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

std::string to_line(const ObjectKey& key, const Uid& uid, const Inventory& inventory) {
  json::object line{
      {"group", key.group}, {"kind", key.kind}, {"namespace", key.namespace_}, {"name", key.name}, {"uid", uid.value}};
  if (const auto hook = inventory.hooks.find(key); hook != inventory.hooks.end()) {
    line["hook"] = hook->second.state == HookState::Done ? kHookDone : kHookBegun;
    // Beside it: a version that does not know of it takes the hook for one that has vanished, and does not run it.
    if (hook->second.state == HookState::Failed) line["failed"] = true;
    if (!hook->second.making.empty()) line["making"] = hook->second.making;
  }
  return value_text(line);
}

std::string name_of(const json::value& body) {
  return fmt::format("inventory ConfigMap {}/{}", string_at(body, {"metadata", "namespace"}),
                     string_at(body, {"metadata", "name"}));
}

// "1700000000 main@sha1:…"; what cannot be read is not known.
BegunRevision read_newest(std::string_view text) {
  BegunRevision newest;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), newest.committed_s);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || length + 1 >= text.size() || text[length] != ' ') return {};
  newest.revision = text.substr(length + 1);
  return newest;
}

// A line for what was seen, and one for each application that it does not cover.
std::string to_text(const SeenRevision& seen) {
  std::string text = fmt::format("{} {}\n", seen.repository, seen.revision);
  for (const std::string& name : seen.open) text += name + "\n";
  return text;
}

// What cannot be read says nothing.
SeenRevision read_seen(std::string_view text) {
  SeenRevision seen;
  const std::size_t line = std::min(text.find('\n'), text.size()), space = text.substr(0, line).find(' ');
  if (space == std::string_view::npos) return {};
  seen.repository = text.substr(0, space);
  seen.revision = text.substr(space + 1, line - space - 1);
  while ((text = text.substr(std::min(text.find('\n'), text.size()))).size() > 1) {
    text.remove_prefix(1);
    seen.open.emplace(text.substr(0, text.find('\n')));
  }
  return seen;
}

// "main" of "main@sha1:…", "files" of a folder.
std::string_view ref_of(std::string_view revision) { return revision.substr(0, revision.rfind('@')); }

bool begun_since_completed(const Inventory& recorded) {
  return !recorded.newest.revision.empty() && recorded.newest.revision != recorded.revision;
}

Result<void> check_owner(const json::value& body, std::string_view installation) {
  const std::string where = name_of(body);
  const std::string hint = "choose another name or namespace for the inventory, or remove this ConfigMap";
  const std::string_view tooling = string_at(body, {"metadata", "annotations", kTooling});
  if (tooling.empty())
    return fail(ErrorKind::Conflict,
                "exists, and is no ApplySet of ours: it lacks the annotation " + std::string(kTooling), where, hint);
  if (tooling.substr(0, tooling.find('/')) != kTool)
    return fail(ErrorKind::Conflict, fmt::format("is the ApplySet of another tool, {}", tooling), where, hint);
  const std::string id =
      applyset_id(string_at(body, {"metadata", "name"}), string_at(body, {"metadata", "namespace"}), "ConfigMap", "");
  // A label that somebody removed comes back with the next write; another one means a copy of some other record.
  const std::string_view label = string_at(body, {"metadata", "labels", kId});
  if (!label.empty() && label != id)
    return fail(ErrorKind::Invalid, fmt::format("its label {} is {} instead of {}", kId, label, id), where, hint);
  const std::string_view theirs = string_at(body, {"metadata", "labels", kInstallation});
  if (!installation.empty() && !theirs.empty() && theirs != installation)
    return fail(
        ErrorKind::Conflict, fmt::format("{}{:?}, not {:?}", kHeldElsewhere, theirs, installation), where,
        "label the application holdfast.dev/installation with the one that is to hold it; to move it, remove this "
        "ConfigMap as well, and adopt its objects");
  return {};
}

Result<void> read_line(std::string_view line, Inventory& inventory) {
  const Result<json::value> entry = parse_json(line);
  if (!entry) return std::unexpected(entry.error());
  for (const std::string_view part : {"group", "kind", "namespace", "name", "uid"}) {
    const json::value* value = find(*entry, {part});
    if (value == nullptr || !value->is_string())
      return fail(ErrorKind::Invalid, fmt::format("has no string {:?}", part));
  }
  const auto text = [&](std::string_view part) { return std::string(string_at(*entry, {part})); };
  ObjectKey key{text("group"), text("kind"), text("namespace"), text("name")};
  if (key.kind.empty() || key.name.empty()) return fail(ErrorKind::Invalid, "names no object");
  if (!inventory.entries.emplace(key, Uid{text("uid")}).second)
    return fail(ErrorKind::Invalid, to_string(key) + " is there twice");
  if (const std::string hook = text("hook"); !hook.empty()) {
    if (hook != kHookDone && hook != kHookBegun) return fail(ErrorKind::Invalid, "has an unknown state of a hook");
    const json::value* failed = find(*entry, {"failed"});
    const bool has_failed = failed != nullptr && failed->is_bool() && failed->get_bool();
    inventory.hooks[key] = {hook == kHookDone ? HookState::Done
                            : has_failed      ? HookState::Failed
                                              : HookState::Begun,
                            text("making")};
  }
  return {};
}

}  // namespace

std::string applyset_id(std::string_view name, std::string_view namespace_, std::string_view kind,
                        std::string_view group) {
  const Sha256 digest = sha256(fmt::format("{}.{}.{}.{}", name, namespace_, kind, group));
  const std::string bytes(digest.bytes.begin(), digest.bytes.end());
  return "applyset-" + base64url_unpadded(bytes) + "-v1";
}

json::object to_config_map(const Inventory& inventory, const InventoryLocation& location) {
  std::set<std::string> types, namespaces;
  std::string lines;
  for (const auto& [key, uid] : inventory.entries) {
    types.insert(to_string(key.group_kind()));
    if (!key.namespace_.empty() && key.namespace_ != location.namespace_) namespaces.insert(key.namespace_);
    lines += to_line(key, uid, inventory) + "\n";
  }
  const json::object labels{{kId, applyset_id(location.name, location.namespace_, "ConfigMap", "")},
                            {kInstallation, location.installation}};
  json::object annotations{{kTooling, std::string(kTool) + "/v" HOLDFAST_VERSION},
                           {kGroupKinds, joined(types)},
                           {kNamespaces, joined(namespaces)}};
  if (!location.source.empty()) annotations[kSource] = location.source;
  json::object data{{"inventory", lines}, {"revision", inventory.revision}};
  if (inventory.newest.committed_s != 0)
    data["newest"] = fmt::format("{} {}", inventory.newest.committed_s, inventory.newest.revision);
  if (!inventory.content.empty()) data["content"] = inventory.content;
  if (!inventory.repository.empty()) data["repository"] = inventory.repository;
  if (!inventory.seen.repository.empty()) data["seen"] = to_text(inventory.seen);
  if (!inventory.roll_outs.empty()) data["rollOuts"] = inventory.roll_outs;
  return {
      {"apiVersion", "v1"},
      {"kind", "ConfigMap"},
      {"metadata",
       {{"name", location.name}, {"namespace", location.namespace_}, {"labels", labels}, {"annotations", annotations}}},
      {"data", std::move(data)}};
}

std::string recorded_source(const json::value& body) {
  return std::string(string_at(body, {"metadata", "annotations", kSource}));
}

bool is_held_elsewhere(const Error& error) {
  return error.kind == ErrorKind::Conflict && error.message.starts_with(kHeldElsewhere);
}

Result<Inventory> from_config_map(const json::value& body, std::string_view installation) {
  if (auto owned = check_owner(body, installation); !owned) return std::unexpected(owned.error());
  const std::string hint = "restore its data from a backup, or delete it and adopt the objects anew";
  const json::value* lines = find(body, {"data", "inventory"});
  const json::value* revision = find(body, {"data", "revision"});
  if (lines == nullptr || !lines->is_string() || revision == nullptr || !revision->is_string())
    return fail(ErrorKind::Invalid, "has lost its data.inventory or data.revision", name_of(body), hint);
  Inventory inventory;
  inventory.revision = std::string(revision->get_string());
  inventory.newest = read_newest(string_at(body, {"data", "newest"}));
  inventory.content = std::string(string_at(body, {"data", "content"}));
  inventory.repository = std::string(string_at(body, {"data", "repository"}));
  inventory.seen = read_seen(string_at(body, {"data", "seen"}));
  inventory.roll_outs = std::string(string_at(body, {"data", "rollOuts"}));
  std::string_view rest = lines->get_string();
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (line.empty()) continue;
    if (auto read = read_line(line, inventory); !read)
      return fail(ErrorKind::Invalid, fmt::format("line {} of data.inventory {}", number, read.error().message),
                  name_of(body), hint);
  }
  return inventory;
}

std::string seen_revision(const Inventory& own, const std::string& namespace_, const std::string& name,
                          const std::vector<SeenRevision>& said) {
  if (own.repository.empty() || own.revision.empty() || begun_since_completed(own)) return {};
  for (const SeenRevision& seen : said)
    if (seen.repository == own.repository && !seen.open.contains(namespace_ + "/" + name)) return seen.revision;
  return {};
}

ManifestSetPtr as_recorded(ManifestSetPtr read, const Inventory& recorded) {
  if (recorded.revision.empty() || recorded.content.empty() || recorded.content != read->content ||
      begun_since_completed(recorded) || ref_of(recorded.revision) != ref_of(read->revision))
    return read;
  if (recorded.revision == read->revision) return read;
  ManifestSet same = *read;
  same.revision = recorded.revision;
  same.committed_s = recorded.newest.committed_s;
  return std::make_shared<const ManifestSet>(std::move(same));
}

}  // namespace holdfast
