#include "engine/learned_record.h"

#include <algorithm>
#include <bit>

namespace holdfast {
namespace {

constexpr std::string_view kMagic = "HFLEARN1";
constexpr std::size_t kDigestBytes = 16;
constexpr std::uint8_t kRewritten = 0x80;
constexpr std::uint8_t kCount = 0x0F;

// Keeps what is digested for one purpose from being taken for another.
constexpr std::string_view kObject = "learned object", kContext = "learned context", kShard = "learned shard";

void put(std::string& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>((number >> (8 * i)) & 0xFFU));
}

void put(std::string& out, const Digest128& digest) {
  put(out, digest.high, 8);
  put(out, digest.low, 8);
}

void add_text(KeyedHasher& hasher, std::string_view text) {
  hasher.update(text.size());
  hasher.update(text);
}

// Reads what was put; once it asked for more than there is, everything is 0 and ok() false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number(std::size_t bytes) {
    if (bytes_.size() < bytes) {
      ok_ = false;
      bytes_ = {};
      return 0;
    }
    std::uint64_t read = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      read |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[i])) << (8 * i);
    bytes_.remove_prefix(bytes);
    return read;
  }
  Digest128 digest() {
    Digest128 read;
    read.high = number(8);
    read.low = number(8);
    return read;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

std::size_t packed_bytes(const LearnedObject& object) {
  return 8 + 8 + 1 + kDigestBytes * std::min(object.converged.size(), kMostFingerprintsKept);
}

void put(std::string& out, const LearnedObject& object) {
  const std::size_t count = std::min(object.converged.size(), kMostFingerprintsKept);
  put(out, object.object, 8);
  put(out, object.context, 8);
  put(out, count | (object.rewritten ? kRewritten : 0U), 1);
  for (std::size_t i = object.converged.size() - count; i < object.converged.size(); ++i) put(out, object.converged[i]);
}

std::string begin_shard(std::uint64_t generation, std::size_t number, std::size_t shards) {
  std::string out(kMagic);
  put(out, generation, 8);
  put(out, number, 2);
  put(out, shards, 2);
  return out;
}

std::unexpected<Error> unusable(std::string why) { return fail(ErrorKind::Invalid, std::move(why)); }

Result<void> read_objects(Reader& reader, std::size_t number, std::size_t shards, std::vector<LearnedObject>& into) {
  const std::uint64_t count = reader.number(4);
  std::vector<LearnedObject> objects;
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    LearnedObject& object = objects.emplace_back();
    object.object = reader.number(8);
    object.context = reader.number(8);
    const std::uint64_t flags = reader.number(1);
    object.rewritten = (flags & kRewritten) != 0;
    const std::size_t prints = flags & kCount;
    if (prints > kMostFingerprintsKept || object.object % shards != number) return unusable("has an odd object");
    for (std::size_t print = 0; print < prints; ++print) object.converged.push_back(reader.digest());
  }
  if (!reader.ok() || reader.left() != kDigestBytes) return unusable("has another length than it says");
  into.insert(into.end(), objects.begin(), objects.end());
  return {};
}

}  // namespace

std::uint64_t LearnedCodec::object(const ObjectKey& key) const {
  KeyedHasher hasher(key_);
  add_text(hasher, kObject);
  for (const std::string* part : {&key.group, &key.kind, &key.namespace_, &key.name}) add_text(hasher, *part);
  return hasher.finish().low;
}

std::uint64_t LearnedCodec::context(const Uid& uid, const Sha256& desired, std::uint64_t schema) const {
  KeyedHasher hasher(key_);
  add_text(hasher, kContext);
  add_text(hasher, uid.value);
  hasher.update(std::string_view(reinterpret_cast<const char*>(desired.bytes.data()), desired.bytes.size()));
  hasher.update(schema);
  return hasher.finish().low;
}

std::size_t LearnedCodec::shards_for(const std::vector<LearnedObject>& objects) {
  std::size_t bytes = 0;
  for (const LearnedObject& object : objects) bytes += packed_bytes(object);
  return std::min(kMostShards, std::bit_ceil(std::max<std::size_t>(1, (bytes + kShardBytes - 1) / kShardBytes)));
}

std::vector<std::string> LearnedCodec::pack(std::vector<LearnedObject> objects, std::size_t shards) {
  // Room for what comes around it, the seals of all shards included.
  constexpr std::size_t kAround = 1024;
  const std::size_t most = kMostShardBytes - kAround - kDigestBytes * shards;
  std::ranges::sort(objects, {}, &LearnedObject::object);
  std::vector<std::string> bodies(shards);
  std::vector<std::uint64_t> counts(shards, 0);
  for (const LearnedObject& object : objects) {
    std::string& body = bodies[object.object % shards];
    if (body.size() + packed_bytes(object) > most) continue;
    put(body, object);
    ++counts[object.object % shards];
  }
  std::vector<std::string> packed(shards);
  for (std::size_t i = 0; i < shards; ++i) {
    put(packed[i], counts[i], 4);
    packed[i] += bodies[i];
  }
  return packed;
}

Digest128 LearnedCodec::seal(std::string_view bytes) const {
  KeyedHasher hasher(key_);
  add_text(hasher, kShard);
  add_text(hasher, owner_);
  hasher.update(bytes);
  return hasher.finish();
}

Digest128 LearnedCodec::seal_of(std::string_view shard) {
  if (shard.size() < kDigestBytes) return {};
  return Reader(shard.substr(shard.size() - kDigestBytes)).digest();
}

std::string LearnedCodec::seal_shard(std::uint64_t generation, std::size_t number, std::size_t shards,
                                     std::string_view packed) const {
  std::string out = begin_shard(generation, number, shards);
  out += packed;
  put(out, seal(out));
  return out;
}

std::string LearnedCodec::seal_head(const LearnedHead& head, std::string_view packed) const {
  std::string out = begin_shard(head.generation, 0, head.seals.size());
  put(out, head.admission);
  for (std::size_t i = 1; i < head.seals.size(); ++i) put(out, head.seals[i]);
  out += packed;
  put(out, seal(out));
  return out;
}

Result<LearnedHead> LearnedCodec::read_head(std::string_view bytes, std::vector<LearnedObject>& into) const {
  if (bytes.size() > kMostShardBytes || !bytes.starts_with(kMagic)) return unusable("is no record of this format");
  if (bytes.size() < kMagic.size() + kDigestBytes ||
      seal(bytes.substr(0, bytes.size() - kDigestBytes)) != seal_of(bytes))
    return unusable("is not as it was sealed, or was sealed by another key or for another application");
  Reader reader(bytes.substr(kMagic.size()));
  LearnedHead head;
  head.generation = reader.number(8);
  const std::uint64_t number = reader.number(2);
  const std::size_t shards = reader.number(2);
  if (number != 0 || shards == 0 || shards > kMostShards) return unusable("is not the first shard");
  head.admission = reader.digest();
  head.seals.emplace_back();
  for (std::size_t i = 1; i < shards && reader.ok(); ++i) head.seals.push_back(reader.digest());
  if (Result<void> read = read_objects(reader, 0, shards, into); !read) return std::unexpected(read.error());
  return head;
}

Result<void> LearnedCodec::read_shard(const LearnedHead& head, std::size_t number, std::string_view bytes,
                                      std::vector<LearnedObject>& into) const {
  if (bytes.size() > kMostShardBytes || !bytes.starts_with(kMagic)) return unusable("is no record of this format");
  const bool sealed = bytes.size() >= kMagic.size() + kDigestBytes &&
                      seal(bytes.substr(0, bytes.size() - kDigestBytes)) == seal_of(bytes);
  if (!sealed || number >= head.seals.size() || seal_of(bytes) != head.seals[number])
    return unusable("is not the shard that the first one names");
  Reader reader(bytes.substr(kMagic.size()));
  reader.number(8);
  if (reader.number(2) != number || reader.number(2) != head.seals.size()) return unusable("is another shard");
  return read_objects(reader, number, head.seals.size(), into);
}

}  // namespace holdfast
