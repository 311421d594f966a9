#include "watchers/schema_machine.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "holdfast/merge/schema_hash.h"
#include "holdfast/model/api_status.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

constexpr std::string_view kIndexTarget = "/openapi/v3";

std::string document_name(const GroupVersionKind& gvk) {
  return gvk.group.empty() ? "api/" + gvk.version : "apis/" + gvk.group + "/" + gvk.version;
}

// Only what another try cannot change.
bool for_good(ErrorKind kind) { return kind == ErrorKind::Invalid || kind == ErrorKind::TooLarge; }

// With what the server asked us to wait (correctness B8).
std::unexpected<Error> refused(const ApiResponse& answer, const std::string& where) {
  Error error = to_error(parse_api_status(answer.status, answer.content_type, answer.body), where);
  error.retry_after = std::max(error.retry_after, answer.retry_after.value_or(std::chrono::seconds{0}));
  return std::unexpected(std::move(error));
}

}  // namespace

Result<SchemaDocument> read_schema_document(const Result<ApiResponse>& answer, const std::string& where) {
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) return refused(*answer, where);
  if (answer->body.size() > SchemaMachine::kMostDocumentBytes)
    return fail(ErrorKind::TooLarge, "a schema document of more than 16 MiB", where);
  const Result<json::value> document = parse_json(answer->body);
  // Cut off or made by something in between: another try may bring the real one.
  if (!document) return fail(ErrorKind::Protocol, "a schema document: " + document.error().message, where);
  auto schema = Schema::from_openapi(*document);
  if (!schema) return fail(schema.error().kind, std::move(schema.error().message), where);
  return SchemaDocument{std::make_shared<const Schema>(std::move(*schema)), answer->body.size(),
                        schema_hashes(*document)};
}

void SchemaMachine::want(const GroupVersionKind& gvk) {
  if (wanted_.size() < kMostWanted) wanted_.try_emplace(document_name(gvk), random_);
}

const SchemaMachine::IndexEntry* SchemaMachine::outdated(const std::string& name, const Document& document) const {
  const auto listed = index_.find(name);
  if (listed == index_.end()) return nullptr;
  const std::string& hash = listed->second.hash;
  return hash == document.hash || hash == document.refused_hash ? nullptr : &listed->second;
}

TypeSchema SchemaMachine::type_of(const GroupVersionKind& gvk) const {
  const std::string name = document_name(gvk);
  const auto found = wanted_.find(name);
  if (found == wanted_.end()) return {};
  const Document& document = found->second;
  if (doubted_) return {nullptr, {}, !index_retry_.at.has_value()};
  if (outdated(name, document) != nullptr) return {nullptr, {}, !document.retry.at.has_value()};
  const auto listed = index_.find(name);
  if (listed == index_.end() || document.schema == nullptr || listed->second.hash != document.hash) return {};
  const TypeNode* type = document.schema->type_of(gvk);
  if (type == nullptr) return {};
  const auto hash = document.type_hashes.find(gvk);
  return {std::shared_ptr<const TypeNode>(document.schema, type),
          hash == document.type_hashes.end() ? document.hash : hash->second, false};
}

std::optional<SchemaMachine::Question> SchemaMachine::next(TimePoint now) {
  if (wanted_.empty()) return std::nullopt;
  if (again_at_ && *again_at_ <= now) {
    again_at_.reset();
    index_due_ = true;
  }
  if (index_due_ && !index_retry_.waits(now)) {
    index_due_ = false;
    return Question{std::string(kIndexTarget), {}, {}};
  }
  if (doubted_) return std::nullopt;
  for (const auto& [name, document] : wanted_)
    if (const IndexEntry* entry = outdated(name, document); entry != nullptr && !document.retry.waits(now))
      return Question{entry->target, name, entry->hash};
  return std::nullopt;
}

SchemaMachine::TimePoint SchemaMachine::due() const {
  if (wanted_.empty()) return TimePoint::max();
  TimePoint due = index_due_ ? index_retry_.at.value_or(TimePoint::min()) : TimePoint::max();
  if (again_at_) due = std::min(due, *again_at_);
  if (doubted_) return due;
  for (const auto& [name, document] : wanted_)
    if (outdated(name, document) != nullptr) due = std::min(due, document.retry.at.value_or(TimePoint::min()));
  return due;
}

Result<SchemaMachine::Index> SchemaMachine::read_index(const Result<ApiResponse>& answer) {
  const std::string where(kIndexTarget);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) return refused(*answer, where);
  if (answer->body.size() > kMostIndexBytes)
    return fail(ErrorKind::TooLarge, "an index of schemas of more than 4 MiB", where);
  const Result<json::value> body = parse_json(answer->body);
  const json::value* paths = body ? find(*body, {"paths"}) : nullptr;
  if (paths == nullptr || !paths->is_object())
    return fail(ErrorKind::Protocol, "an index of schemas without paths", where);
  Index index;
  for (const auto& [name, entry] : paths->get_object()) {
    const std::string_view target = string_at(entry, {"serverRelativeURL"});
    const std::size_t hash = target.find("?hash=");
    // Without a hash there is no telling when it changes; and we go nowhere else because a server says so.
    if (hash == std::string_view::npos || !target.starts_with("/openapi/v3/")) continue;
    index[std::string(name)] = {std::string(target), std::string(target.substr(hash + 6))};
  }
  return index;
}

std::optional<Error> SchemaMachine::index_answered(const Result<ApiResponse>& answer, TimePoint now) {
  auto index = read_index(answer);
  if (!index) {
    index_due_ = true;
    index_retry_.failed(now, index.error().retry_after);
    return std::move(index.error());
  }
  index_ = std::move(*index);
  doubted_ = index_due_;  // by a change that came after the question
  index_retry_.succeeded();
  return std::nullopt;
}

std::size_t SchemaMachine::bytes_kept() const {
  std::size_t bytes = 0;
  for (const auto& [name, document] : wanted_) bytes += document.bytes;
  return bytes;
}

std::optional<Error> SchemaMachine::document_answered(const Question& question, Result<SchemaDocument> answer,
                                                      TimePoint now) {
  const auto found = wanted_.find(question.document);
  if (found == wanted_.end()) return std::nullopt;
  Document& document = found->second;
  if (answer && bytes_kept() - document.bytes + answer->bytes > kMostBytesKept)
    answer = fail(ErrorKind::TooLarge, "the schemas that are kept are 128 MiB already", question.target);
  if (!answer) {
    if (for_good(answer.error().kind)) {
      document.refused_hash = question.hash;
    } else {
      document.retry.failed(now, answer.error().retry_after);
      index_due_ = true;  // its hash may be another one by now, or it is gone
    }
    return std::move(answer.error());
  }
  document.schema = std::move(answer->schema);
  document.bytes = answer->bytes;
  document.hash = question.hash;
  document.type_hashes = std::move(answer->type_hashes);
  document.retry.succeeded();
  return std::nullopt;
}

}  // namespace holdfast
