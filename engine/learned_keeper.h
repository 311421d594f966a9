// Keeps what was learned of an application's objects (learned_record.h) in ConfigMaps beside its inventory, and the key
// of its digests in a Secret; both are of that application alone. One process writes them, as the inventory. One
// thread.
//
// All of it may be missing, refused or broken: then there is less to go by, and an object costs a call. The key is made
// once, by whoever creates the Secret first, and never changed. Nothing is written that is there already.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/inventory_record.h"
#include "engine/learned_record.h"
#include "holdfast/base/secret.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/api_status.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

class LearnedKeeper {
 public:
  LearnedKeeper(ApiServer& api, const InventoryLocation& location);

  // Reads the key and what was saved with it; no Secret is no error: a new key waits for the first save. An error other
  // than Forbidden and Invalid may pass; until a load has gone well, the key is one of this process alone and nothing
  // is saved.
  boost::asio::awaitable<Result<void>> load();
  // What of it could not be used, in words; empty: nothing.
  [[nodiscard]] const std::string& lost() const { return lost_; }

  [[nodiscard]] const DigestKey& key() const { return key_; }
  [[nodiscard]] const LearnedCodec& codec() const { return codec_; }
  // Whether save() does anything.
  [[nodiscard]] bool keeps() const { return state_ != State::Unusable; }
  // As it was loaded; null: nothing. Valid until the next call that is not const.
  [[nodiscard]] const LearnedObject* find(const ObjectKey& key) const;
  void forget(const ObjectKey& key) { loaded_.erase(codec_.object(key)); }
  void forget_all() { loaded_.clear(); }
  [[nodiscard]] const Digest128& admission() const { return admission_; }

  // Writes the shards that differ from what is there, the head last. One at a time. After an error, all are written the
  // next time. Conflict: another process has made the key meanwhile; Forbidden: it may not be written. Nothing is saved
  // any more then, nor after close().
  boost::asio::awaitable<Result<void>> save(LearnedSet set);
  // Deletes all of it.
  boost::asio::awaitable<Result<void>> remove();
  void close() { state_ = State::Unusable; }

 private:
  enum class State { Unusable, KeyToBeMade, Usable };
  struct Saved {
    std::vector<Digest128> contents, seals;  // of each shard; a zero content is one that is not known
  };

  [[nodiscard]] std::string shard_name(std::size_t number) const;
  [[nodiscard]] std::string secret_name() const { return location_.name + ".key"; }
  [[nodiscard]] std::string target(const ApiResource& type, const std::string& name) const;
  [[nodiscard]] json::object metadata(const std::string& name) const;
  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request);
  // Null: it is not there.
  boost::asio::awaitable<Result<std::optional<json::value>>> read(ApiResource type, std::string name);
  boost::asio::awaitable<Result<void>> read_shards();
  boost::asio::awaitable<Result<std::optional<std::string>>> read_bytes(std::size_t number);
  boost::asio::awaitable<Result<void>> make_key();
  boost::asio::awaitable<Result<void>> write(std::size_t number, std::string bytes);
  boost::asio::awaitable<Result<bool>> remove_one(ApiResource type, std::string name);
  Result<void> accept_key(const json::value& secret);
  void use(const DigestKey& key);
  [[nodiscard]] std::vector<Digest128> contents_of(const std::vector<std::string>& packed) const;
  std::unexpected<Error> refused(const std::string& name, const ApiResponse& response);

  ApiServer& api_;
  InventoryLocation location_;
  State state_ = State::Unusable;
  DigestKey key_ = DigestKey::random();
  LearnedCodec codec_;
  boost::unordered_flat_map<std::uint64_t, LearnedObject> loaded_;
  Digest128 admission_;
  std::uint64_t generation_ = 0;
  std::optional<Saved> saved_;
  std::size_t most_shards_ = 0;  // that may be there
  std::string lost_;
};

}  // namespace holdfast
