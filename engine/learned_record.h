// What answers have taught us of an application's objects, packed to be kept in the cluster beside its inventory
// (correctness C3, C5.4, C7), so that a new process judges without a call. Losing any of it costs a call an object;
// whatever stands there, it hides no drift: every shard is sealed with a key that is elsewhere (in a Secret) for the
// one application it is of, and what is in it counts only for the uid, desired state and schema that it was learned
// for.
//
// A shard is a text of bytes: "HFLEARN1"; its generation (64 bits), number and how many there are (16 each); of the
// first, which is the head, the state of admission (128) and the seals of all others, in their order; how many objects
// follow (32); these; and the seal, a keyed digest of all before it and of the owner. An object: which one it is (64),
// what it was learned for (64), flags and how many fingerprints (8), these (128 each); so mostly 33 bytes. Numbers have
// their lowest byte first. An object is in the shard of its first number modulo how many there are.
//
// Shards are written one by one, changed ones only, the head last. A shard that the head does not name by its seal is
// of a save that never ended, or of another one: nothing of it is used. The digit of the first word goes up whenever
// fingerprints are taken of another text than before (fingerprint_text.h). Pure.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/digest.h"
#include "holdfast/base/result.h"
#include "holdfast/model/object_key.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

// The API server refuses an object above 1 MiB. Shards are half as many again as soon as they reach the first bound on
// average; the second one no shard passes, nor is one read that does.
inline constexpr std::size_t kShardBytes = 160UL * 1024;
inline constexpr std::size_t kMostShardBytes = 256UL * 1024;
inline constexpr std::size_t kMostShards = 1024;
inline constexpr std::size_t kMostFingerprintsKept = 8;  // of one object

struct LearnedObject {
  std::uint64_t object = 0;   // LearnedCodec::object()
  std::uint64_t context = 0;  // LearnedCodec::context()
  bool rewritten = false;     // it converged to something else than what is desired: admission had a hand in it (C10)
  boost::container::small_vector<Digest128, 1> converged;  // newest last
  bool operator==(const LearnedObject&) const = default;
};

struct LearnedSet {
  Digest128 admission;  // of the configurations under which all of this was learned; zero: not known
  std::vector<LearnedObject> objects;
};

// The first shard, besides its objects.
struct LearnedHead {
  std::uint64_t generation = 0;
  Digest128 admission;
  std::vector<Digest128> seals;  // of all shards; the first one's own is zero
};

class LearnedCodec {
 public:
  // `owner`: names the application and its installation; what was sealed for another one is not read.
  LearnedCodec(const DigestKey& key, std::string owner) : key_(key), owner_(std::move(owner)) {}

  [[nodiscard]] std::uint64_t object(const ObjectKey& key) const;
  // What a fingerprint counts for. `schema`: of its type; never 0, which is an unknown one.
  [[nodiscard]] std::uint64_t context(const Uid& uid, const Sha256& desired, std::uint64_t schema) const;

  // How many shards the objects need: a power of two.
  static std::size_t shards_for(const std::vector<LearnedObject>& objects);
  // The packed objects of each shard, in the order of their numbers, so that equal sets have equal bytes. What would
  // make a shard too large is left out.
  static std::vector<std::string> pack(std::vector<LearnedObject> objects, std::size_t shards);
  [[nodiscard]] std::string seal_shard(std::uint64_t generation, std::size_t number, std::size_t shards,
                                       std::string_view packed) const;
  [[nodiscard]] std::string seal_head(const LearnedHead& head, std::string_view packed) const;
  static Digest128 seal_of(std::string_view shard);  // its last 16 bytes

  // Adds the objects of the head. Invalid where anything is not as it was sealed.
  [[nodiscard]] Result<LearnedHead> read_head(std::string_view bytes, std::vector<LearnedObject>& into) const;
  // Of the others. Invalid besides where the head does not name this very shard.
  [[nodiscard]] Result<void> read_shard(const LearnedHead& head, std::size_t number, std::string_view bytes,
                                        std::vector<LearnedObject>& into) const;

 private:
  [[nodiscard]] Digest128 seal(std::string_view bytes) const;

  DigestKey key_;
  std::string owner_;
};

}  // namespace holdfast
