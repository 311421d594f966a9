#include "engine/learned_keeper.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "engine/outcome.h"
#include "engine/reconciler_attempt.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

const ApiResource kConfigMaps{{"", "v1", "ConfigMap"}, "configmaps", true, {}};
const ApiResource kSecrets{{"", "v1", "Secret"}, "secrets", true, {}};
constexpr std::string_view kInstallation = "holdfast.dev/installation";
constexpr const char* kKeyField = "key";
constexpr const char* kBytesField = "objects";
constexpr auto kDeadline = 10s;  // a stop does not wait longer for what may be lost

std::string owner_of(const InventoryLocation& location) {
  return location.installation + "\n" + location.namespace_ + "\n" + location.name;
}

}  // namespace

LearnedKeeper::LearnedKeeper(ApiServer& api, const InventoryLocation& location)
    : api_(api), location_(location), codec_(key_, owner_of(location)) {}

std::string LearnedKeeper::shard_name(std::size_t number) const {
  return fmt::format("{}.learned-{}", location_.name, number);
}

std::string LearnedKeeper::target(const ApiResource& type, const std::string& name) const {
  return resource_path(type, location_.namespace_, name);
}

// The label by which `get` finds inventories is not here, and neither is the one that watches select on.
json::object LearnedKeeper::metadata(const std::string& name) const {
  return {{"name", name},
          {"namespace", location_.namespace_},
          {"labels", {{"app.kubernetes.io/managed-by", "holdfast"}}},
          {"annotations", {{kInstallation, location_.installation}, {"holdfast.dev/inventory", location_.name}}}};
}

void LearnedKeeper::use(const DigestKey& key) {
  key_ = key;
  codec_ = LearnedCodec(key_, owner_of(location_));
}

boost::asio::awaitable<Result<ApiResponse>> LearnedKeeper::send(ApiRequest request) {
  request.deadline = kDeadline;
  co_return co_await api_.send(std::move(request));
}

std::unexpected<Error> LearnedKeeper::refused(const std::string& name, const ApiResponse& response) {
  const ClassifiedApply answer = classify_apply(response);
  const ErrorKind kind = response.status == 403 || response.status == 401 ? ErrorKind::Forbidden : ErrorKind::Busy;
  Error error{kind, answer.message, location_.namespace_ + "/" + name};
  error.retry_after = answer.retry_after;
  return std::unexpected(std::move(error));
}

boost::asio::awaitable<Result<std::optional<json::value>>> LearnedKeeper::read(ApiResource type, std::string name) {
  ApiRequest request;
  request.target = target(type, name);
  const Result<ApiResponse> response = co_await send(std::move(request));
  if (!response) co_return std::unexpected(response.error());
  if (says_no_such_object(*response)) co_return std::nullopt;
  if (response->status != 200) co_return refused(name, *response);
  Result<json::value> body = parse_json(response->body);
  if (!body) co_return std::unexpected(body.error());
  co_return std::optional(std::move(*body));
}

Result<void> LearnedKeeper::accept_key(const json::value& secret) {
  const std::string where = "Secret " + location_.namespace_ + "/" + secret_name();
  const std::string hint = "delete it, and it is made anew at the next start";
  if (string_at(secret, {"metadata", "annotations", kInstallation}) != location_.installation)
    return fail(ErrorKind::Invalid, "was not made by this installation", where, "give it another name, or delete it");
  std::optional<std::string> decoded = base64_decode(std::string(string_at(secret, {"data", kKeyField})));
  const Secret bytes(decoded ? std::move(*decoded) : std::string());
  DigestKey key;
  if (bytes.reveal().size() != key.bytes.size())
    return fail(ErrorKind::Invalid, "holds no key of 16 bytes", where, hint);
  std::ranges::copy(bytes.reveal(), key.bytes.begin());
  use(key);
  return {};
}

boost::asio::awaitable<Result<void>> LearnedKeeper::load() {
  state_ = State::Unusable;
  loaded_.clear();
  lost_.clear();
  saved_.reset();
  Result<std::optional<json::value>> secret = co_await read(kSecrets, secret_name());
  if (!secret) co_return std::unexpected(secret.error());
  if (!*secret) {  // whatever was saved cannot be read without it
    state_ = State::KeyToBeMade;
    co_return Result<void>{};
  }
  if (Result<void> accepted = accept_key(**secret); !accepted) co_return accepted;
  if (Result<void> read = co_await read_shards(); !read) co_return read;
  state_ = State::Usable;
  co_return Result<void>{};
}

// What it holds; empty where there is nothing in it that could be.
boost::asio::awaitable<Result<std::optional<std::string>>> LearnedKeeper::read_bytes(std::size_t number) {
  Result<std::optional<json::value>> body = co_await read(kConfigMaps, shard_name(number));
  if (!body) co_return std::unexpected(body.error());
  if (!*body) co_return std::nullopt;
  co_return base64_decode(std::string(string_at(**body, {"binaryData", kBytesField}))).value_or("");
}

boost::asio::awaitable<Result<void>> LearnedKeeper::read_shards() {
  Result<std::optional<std::string>> first = co_await read_bytes(0);
  if (!first) co_return std::unexpected(first.error());
  if (!*first) co_return Result<void>{};
  most_shards_ = 1;
  std::vector<LearnedObject> objects;
  const Result<LearnedHead> head = codec_.read_head(**first, objects);
  if (!head) {
    lost_ = shard_name(0) + " " + head.error().message;
    co_return Result<void>{};
  }
  std::vector<std::size_t> unread;
  for (std::size_t number = 1; number < head->seals.size(); ++number) {
    Result<std::optional<std::string>> bytes = co_await read_bytes(number);
    if (!bytes) co_return std::unexpected(bytes.error());
    const Result<void> read =
        *bytes ? codec_.read_shard(*head, number, **bytes, objects) : fail(ErrorKind::NotFound, "is not there");
    if (read) continue;
    unread.push_back(number);
    if (lost_.empty()) lost_ = shard_name(number) + " " + read.error().message;
  }
  Saved saved{contents_of(LearnedCodec::pack(objects, head->seals.size())), head->seals};
  for (const std::size_t number : unread) saved.contents[number] = {};
  generation_ = head->generation;
  admission_ = head->admission;
  most_shards_ = head->seals.size();
  saved_ = std::move(saved);
  for (LearnedObject& object : objects) loaded_[object.object] = std::move(object);
  co_return Result<void>{};
}

const LearnedObject* LearnedKeeper::find(const ObjectKey& key) const {
  if (loaded_.empty()) return nullptr;
  const auto found = loaded_.find(codec_.object(key));
  return found == loaded_.end() ? nullptr : &found->second;
}

std::vector<Digest128> LearnedKeeper::contents_of(const std::vector<std::string>& packed) const {
  std::vector<Digest128> contents;
  contents.reserve(packed.size());
  for (const std::string& shard : packed) contents.push_back(keyed_digest(key_, shard));
  return contents;
}

// By POST, which makes it or fails: two processes that begin at the same time never have two keys in the cluster.
boost::asio::awaitable<Result<void>> LearnedKeeper::make_key() {
  const std::string_view bytes(reinterpret_cast<const char*>(key_.bytes.data()), key_.bytes.size());
  const json::object body{{"apiVersion", "v1"},
                          {"kind", "Secret"},
                          {"metadata", metadata(secret_name())},
                          {"type", "holdfast.dev/digest-key"},
                          {"immutable", true},
                          {"data", {{kKeyField, base64_encode(bytes)}}}};
  ApiRequest request;
  request.method = Method::Post;
  request.target = target(kSecrets, "") + "?fieldManager=holdfast&fieldValidation=Strict";
  request.content_type = "application/json";
  request.body = to_json(body);
  const Result<ApiResponse> response = co_await send(std::move(request));
  if (response && response->status == 201) {
    if (state_ == State::KeyToBeMade) state_ = State::Usable;
    co_return Result<void>{};
  }
  // It may be ours, where the answer to an attempt before was lost.
  const bool taken = response && response->status == 409;
  if (!response || !taken) co_return response ? refused(secret_name(), *response) : std::unexpected(response.error());
  const DigestKey ours = key_;
  const Result<std::optional<json::value>> secret = co_await read(kSecrets, secret_name());
  if (!secret) co_return std::unexpected(secret.error());
  const bool same = *secret && accept_key(**secret) && key_.bytes == ours.bytes;
  use(ours);
  if (!same) {
    close();
    co_return fail(ErrorKind::Conflict, "was made by another process meanwhile", "Secret " + secret_name(),
                   "make sure that only one Holdfast runs this application");
  }
  if (state_ == State::KeyToBeMade) state_ = State::Usable;
  co_return Result<void>{};
}

boost::asio::awaitable<Result<void>> LearnedKeeper::write(std::size_t number, std::string bytes) {
  const std::string name = shard_name(number);
  const json::object body{{"apiVersion", "v1"},
                          {"kind", "ConfigMap"},
                          {"metadata", metadata(name)},
                          {"binaryData", {{kBytesField, base64_encode(bytes)}}}};
  ApiRequest request;
  request.method = Method::Patch;
  request.target = target(kConfigMaps, name) + "?fieldManager=holdfast&force=true&fieldValidation=Strict&timeout=10s";
  request.content_type = "application/apply-patch+yaml";
  request.body = to_json(body);
  const Result<ApiResponse> response = co_await send(std::move(request));
  if (!response) co_return std::unexpected(response.error());
  if (response->status != 200 && response->status != 201) co_return refused(name, *response);
  co_return Result<void>{};
}

boost::asio::awaitable<Result<void>> LearnedKeeper::save(LearnedSet set) {
  if (!keeps() || (state_ == State::KeyToBeMade && set.objects.empty())) co_return Result<void>{};
  const std::size_t before = saved_ ? saved_->seals.size() : 0;
  std::size_t shards = LearnedCodec::shards_for(set.objects);
  if (shards < before && shards * 4 > before) shards = before;  // not to and fro
  const std::vector<std::string> packed = LearnedCodec::pack(std::move(set.objects), shards);
  Saved saved{contents_of(packed), std::vector<Digest128>(shards)};
  const bool resized = shards != before;
  if (!resized && saved.contents == saved_->contents && set.admission == admission_) co_return Result<void>{};
  if (state_ == State::KeyToBeMade)
    if (Result<void> made = co_await make_key(); !made) co_return made;
  const std::optional<Saved> old = std::exchange(saved_, std::nullopt);
  most_shards_ = std::max(most_shards_, shards);
  LearnedHead head{++generation_, set.admission, {}};
  for (std::size_t number = 1; number < shards; ++number) {
    saved.seals[number] = resized ? Digest128{} : old->seals[number];
    if (!resized && saved.contents[number] == old->contents[number]) continue;
    std::string bytes = codec_.seal_shard(generation_, number, shards, packed[number]);
    saved.seals[number] = LearnedCodec::seal_of(bytes);
    if (Result<void> written = co_await write(number, std::move(bytes)); !written) co_return written;
    if (!keeps()) co_return Result<void>{};
  }
  head.seals = saved.seals;
  std::string bytes = codec_.seal_head(head, packed[0]);
  if (Result<void> written = co_await write(0, std::move(bytes)); !written) co_return written;
  saved_ = std::move(saved);
  admission_ = set.admission;
  while (most_shards_ > shards && keeps()) {
    if (!co_await remove_one(kConfigMaps, shard_name(most_shards_ - 1))) break;  // the head does not name it
    --most_shards_;
  }
  co_return Result<void>{};
}

// False: there was nothing of ours.
boost::asio::awaitable<Result<bool>> LearnedKeeper::remove_one(ApiResource type, std::string name) {
  const Result<std::optional<json::value>> body = co_await read(type, name);
  if (!body) co_return std::unexpected(body.error());
  if (!*body || string_at(**body, {"metadata", "annotations", kInstallation}) != location_.installation)
    co_return false;
  const ObjectKey key{type.gvk.group, type.gvk.kind, location_.namespace_, name};
  ApiRequest request = delete_request(type, key, Uid{std::string(string_at(**body, {"metadata", "uid"}))},
                                      ResourceVersion{std::string(string_at(**body, {"metadata", "resourceVersion"}))});
  const Result<ApiResponse> response = co_await send(std::move(request));
  if (!response) co_return std::unexpected(response.error());
  const ClassifiedDelete answer = classify_delete(*response);
  if (answer.outcome == DeleteOutcome::Deleted || answer.outcome == DeleteOutcome::AlreadyGone) co_return true;
  co_return refused(name, *response);
}

boost::asio::awaitable<Result<void>> LearnedKeeper::remove() {
  close();
  for (std::size_t number = 0; number < kMostShards; ++number) {
    const Result<bool> removed = co_await remove_one(kConfigMaps, shard_name(number));
    if (!removed) co_return std::unexpected(removed.error());
    if (!*removed && number >= most_shards_) break;
  }
  const Result<bool> removed = co_await remove_one(kSecrets, secret_name());
  if (!removed) co_return std::unexpected(removed.error());
  co_return Result<void>{};
}

}  // namespace holdfast
