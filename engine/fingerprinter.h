// Takes the fingerprint of an object from its text, as a list or a watch brings it: the same as fingerprint() of the
// parsed object, at a small part of the cost, in three steps. Mostly only the status has changed, or what else cannot
// be ours: then a digest of the bytes of the rest is the one of last time, and so is the fingerprint. Otherwise the
// object is walked along an OwnedMask, which is made from our managedFields entry and shared by all objects whose entry
// has the same bytes. What a mask gives up on is parsed.
//
// One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/fingerprint.h"
#include "engine/owned_mask.h"
#include "holdfast/model/json_view.h"

namespace holdfast {

// Our entry of managedFields as it was written (`fields`: its fieldsV1), and what it comes to.
struct KnownEntry {
  std::string api_version, fields;
  bool looks_at_status = false;
  bool names_fields = false;  // otherwise it is an odd one, whose fingerprint looks at everything
  Digest128 canonical_fields;
  std::unique_ptr<const OwnedMask> mask;  // null: forgotten, and made again when it is needed
};
using KnownEntryPtr = std::shared_ptr<KnownEntry>;

// What is remembered of an object from one look to the next, as long as the empties of its desired state stay the same.
struct FingerprintMemory {
  KnownEntryPtr entry;  // null: none of ours was found
  std::optional<Digest128> fingerprint;
  Digest128 bytes;             // of all that the fingerprint depends on, besides `entry`
  bool others_matter = false;  // it depends on the entries of others as well: it is taken anew each time
};

class Fingerprinter {
 public:
  static constexpr std::size_t kMasksKept = 4096;  // some 5 KB each; beyond, the oldest is forgotten

  Fingerprinter(const DigestKey& key, FieldManager manager);

  // `memory`: of this object, fresh at first. Leaves the fingerprint there too; none after an error. Errors as
  // fingerprint().
  Result<Digest128> read(const JsonView& live, const EmptyPaths& empties, FingerprintMemory& memory);

 private:
  // What a look at the outer members finds: our entry, and a digest of what may be owned.
  struct Outline {
    explicit Outline(const DigestKey& key) : bytes(key) {}
    std::string_view uid, api_version, fields, status;
    KeyedHasher bytes;
  };
  bool look(const JsonView& live, Outline& found) const;
  bool look_at_metadata(JsonCursor& cursor, Outline& found) const;
  bool note_if_ours(JsonCursor& cursor, Outline& found) const;
  KnownEntryPtr know(const Outline& found, const EmptyPaths& empties);
  bool make_mask(const KnownEntryPtr& entry, const EmptyPaths& empties);
  Result<Digest128> walk(const JsonView& live, std::string_view uid, const EmptyPaths& empties,
                         FingerprintMemory& memory);
  Result<Digest128> parse(const JsonView& live, const EmptyPaths& empties, FingerprintMemory& memory) const;

  DigestKey key_;
  FieldManager manager_;
  std::string quoted_manager_;
  std::map<Digest128, std::weak_ptr<KnownEntry>> entries_;  // those that some object has, by all they are made from
  std::size_t sweep_at_ = 1024;
  std::deque<std::weak_ptr<KnownEntry>> masked_;
  std::string text_;
};

}  // namespace holdfast
