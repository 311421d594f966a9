#include "engine/fingerprinter.h"

#include <algorithm>

#include "engine/fingerprint_text.h"
#include "holdfast/merge/field_set.h"
#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

// Tells the trees of empties apart.
void append_key(const EmptyPaths& empties, std::string& out) {
  append_number(out, static_cast<std::size_t>(empties.holds));
  append_number(out, empties.fields.size());
  for (const auto& [name, below] : empties.fields) {
    append_text(out, name);
    append_key(below, out);
  }
  append_text(out, canonical_json(empties.item_scalars));
  for (const EmptyPaths& item : empties.items) append_key(item, out);
}

void add_text(std::string_view text, KeyedHasher& bytes) {
  bytes.update(text.size());
  bytes.update(text);
}

}  // namespace

Fingerprinter::Fingerprinter(const DigestKey& key, FieldManager manager)
    : key_(key), manager_(std::move(manager)), quoted_manager_(value_text(json::value(manager_.value))) {}

Result<Digest128> Fingerprinter::read(const JsonView& live, const EmptyPaths& empties, FingerprintMemory& memory) {
  Outline found(key_);
  if (!look(live, found)) {
    memory = {};
    const Result<Digest128> print = parse(live, empties, memory);
    if (print) memory.fingerprint = *print;
    return print;
  }
  const bool same_entry =
      memory.entry && memory.entry->fields == found.fields && memory.entry->api_version == found.api_version;
  if (!same_entry) memory.entry = know(found, empties);
  if (memory.entry->looks_at_status) add_text(found.status, found.bytes);
  const Digest128 bytes = found.bytes.finish();
  const bool same = same_entry && memory.entry->names_fields && memory.bytes == bytes && !memory.others_matter;
  if (same && memory.fingerprint) return *memory.fingerprint;
  const Result<Digest128> print = walk(live, found.uid, empties, memory);
  memory.fingerprint = print ? std::optional(*print) : std::nullopt;
  memory.bytes = bytes;
  return print;
}

Result<Digest128> Fingerprinter::walk(const JsonView& live, std::string_view uid, const EmptyPaths& empties,
                                      FingerprintMemory& memory) {
  memory.others_matter = false;
  const KnownEntryPtr& entry = memory.entry;
  if (!entry->mask && !make_mask(entry, empties)) return parse(live, empties, memory);
  text_.clear();
  append_ownership(text_, uid, entry->api_version, entry->canonical_fields);
  if (!entry->mask->append(live, text_)) return parse(live, empties, memory);
  return keyed_digest(key_, text_);
}

Result<Digest128> Fingerprinter::parse(const JsonView& live, const EmptyPaths& empties,
                                       FingerprintMemory& memory) const {
  const Result<json::value> body = parse_json(live.text());
  if (!body) return std::unexpected(body.error());
  return fingerprint(key_, *body, manager_, empties, &memory.others_matter);
}

// False where there is no entry of ours, or two, or something about it is unusual. What an apply cannot own is left out
// of the bytes: kind and apiVersion (list items have none, V44), resourceVersion, generation, managedFields.
bool Fingerprinter::look(const JsonView& live, Outline& found) const {
  JsonCursor cursor = live.cursor();
  for (JsonMembers root(cursor); root.next();) {
    const std::string_view key = root.key();
    if (key == "metadata") {
      if (!look_at_metadata(cursor, found)) return false;
    } else if (key == "status") {
      found.status = cursor.raw();
    } else if (key == "kind" || key == "apiVersion") {
      cursor.skip();
    } else {
      add_text(key, found.bytes);
      add_text(cursor.raw(), found.bytes);
    }
  }
  return cursor.ok() && !found.uid.empty() && !found.fields.empty();
}

bool Fingerprinter::look_at_metadata(JsonCursor& cursor, Outline& found) const {
  if (cursor.peek() != '{') return false;
  add_text("metadata", found.bytes);
  for (JsonMembers metadata(cursor); metadata.next();) {
    const std::string_view key = metadata.key();
    if (key == "managedFields") {
      if (cursor.peek() != '[') return false;
      for (JsonItems entries(cursor); entries.next();)
        if (!note_if_ours(cursor, found)) return false;
    } else if (key == "resourceVersion" || key == "generation") {
      cursor.skip();
    } else {
      if (key == "uid") {
        JsonCursor uid = cursor;
        found.uid = uid.plain_string();
      }
      add_text(key, found.bytes);
      add_text(cursor.raw(), found.bytes);
    }
  }
  add_text("}", found.bytes);  // no name of a member
  return cursor.ok();
}

bool Fingerprinter::note_if_ours(JsonCursor& cursor, Outline& found) const {
  if (cursor.peek() != '{') return false;
  bool ours = false;
  bool applied = false;
  bool of_subresource = false;
  bool understood = false;
  std::string_view api_version;
  std::string_view fields;
  for (JsonMembers members(cursor); members.next();) {
    const std::string_view name = members.key();
    if (name == "manager")
      ours = cursor.raw() == quoted_manager_;
    else if (name == "operation")
      applied = cursor.raw() == "\"Apply\"";
    else if (name == "subresource")
      of_subresource = cursor.raw() != "\"\"";
    else if (name == "apiVersion")
      api_version = cursor.plain_string();
    else if (name == "fieldsType")
      understood = cursor.raw() == "\"FieldsV1\"";
    else if (name == "fieldsV1")
      fields = cursor.raw();
    else
      cursor.skip();
  }
  if (!ours || !applied || of_subresource) return cursor.ok();
  if (!understood || !found.fields.empty()) return false;
  found.api_version = api_version;
  found.fields = fields;
  return cursor.ok();
}

KnownEntryPtr Fingerprinter::know(const Outline& found, const EmptyPaths& empties) {
  std::string made_from;
  append_text(made_from, found.api_version);
  append_text(made_from, found.fields);
  append_key(empties, made_from);
  std::weak_ptr<KnownEntry>& slot = entries_[keyed_digest(key_, made_from)];
  if (KnownEntryPtr met = slot.lock()) return met;
  auto known = std::make_shared<KnownEntry>();
  known->api_version = found.api_version;
  known->fields = found.fields;
  known->looks_at_status =
      found.fields.find("\"f:status\"") != std::string_view::npos || empties.fields.contains("status");
  slot = known;
  if (entries_.size() >= sweep_at_) {
    std::erase_if(entries_, [](const auto& met) { return met.second.expired(); });
    sweep_at_ = std::max<std::size_t>(1024, 2 * entries_.size());
  }
  return known;
}

bool Fingerprinter::make_mask(const KnownEntryPtr& entry, const EmptyPaths& empties) {
  const Result<json::value> fields = parse_json(entry->fields);
  if (!fields) return false;
  const Result<FieldSet> set = FieldSet::parse(*fields);
  if (!set) return false;
  entry->names_fields = !set->root().children.empty();
  entry->canonical_fields = keyed_digest(key_, set->serialize());
  entry->mask = std::make_unique<const OwnedMask>(*set, empties);
  masked_.push_back(entry);
  if (masked_.size() > kMasksKept) {
    if (const KnownEntryPtr oldest = masked_.front().lock()) oldest->mask.reset();
    masked_.pop_front();
  }
  return true;
}

}  // namespace holdfast
