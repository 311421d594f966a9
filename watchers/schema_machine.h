// Which OpenAPI documents to ask an API server for, and what to believe of them (correctness C11; V46). Pure: time and
// chance are given.
//
// There is an index of all groups and versions, with a hash of each document; a document is asked for only if its types
// are wanted, and again only when its hash in the index is another one. Failures throw nothing away and are tried
// again, one document's without holding up the others; a document that cannot be used is not asked for again until its
// hash changes. From a change of types until the index was read again, everything is unknown: a proof from an outdated
// schema would be wrong.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "holdfast/base/clock.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/schema_view.h"
#include "net/backoff.h"

namespace holdfast {

struct SchemaDocument {
  std::shared_ptr<const Schema> schema;
  std::size_t bytes = 0;  // of its text
  std::map<GroupVersionKind, std::string> type_hashes;
};
// What a document is answered with. Errors: as to_error() of the status (another hash by now: 301), TooLarge beyond
// 16 MiB, Invalid where the merge cannot use it. Slow (some 20 ms for the core group); any thread.
Result<SchemaDocument> read_schema_document(const Result<ApiResponse>& answer, const std::string& where);

class SchemaMachine {
 public:
  using TimePoint = Clock::time_point;
  static constexpr std::size_t kMostIndexBytes = 4UL * 1024 * 1024;
  static constexpr std::size_t kMostDocumentBytes = 16UL * 1024 * 1024;
  static constexpr std::size_t kMostBytesKept = 128UL * 1024 * 1024;  // of text; what comes of it is smaller
  static constexpr std::size_t kMostWanted = 1024;                    // groups and versions; further ones stay unknown
  // After a change of a type its new schema may be published somewhat later: a server asks its own parts for them every
  // second. So the index is read once more, without doubting what is known meanwhile.
  static constexpr std::chrono::seconds kPublished{3};

  struct Question {
    std::string target;
    std::string document;  // "apis/apps/v1"; empty: the index
    std::string hash;      // that the document is to have
  };

  explicit SchemaMachine(std::function<double()> random) : random_(std::move(random)), index_retry_(random_) {}

  void want(const GroupVersionKind& gvk);
  // A CustomResourceDefinition or an APIService came, went or changed, or the catalog was read anew.
  void refresh(TimePoint now) {
    index_due_ = doubted_ = true;
    again_at_ = now + kPublished;
  }
  [[nodiscard]] TypeSchema type_of(const GroupVersionKind& gvk) const;

  // What to ask now, one at a time; nothing before due().
  std::optional<Question> next(TimePoint now);
  [[nodiscard]] TimePoint due() const;
  // The answers to it. A failure is returned for people; it has been taken care of.
  std::optional<Error> index_answered(const Result<ApiResponse>& answer, TimePoint now);
  std::optional<Error> document_answered(const Question& question, Result<SchemaDocument> answer, TimePoint now);

 private:
  // When to try again what failed.
  struct Retry {
    explicit Retry(const std::function<double()>& random) : backoff(Backoff::list_watch(), random) {}
    Backoff backoff;
    std::optional<TimePoint> at;
    void failed(TimePoint now, Clock::duration least) {
      at = now + std::max<Clock::duration>(backoff.next(now), least);
    }
    void succeeded() {
      backoff.reset();
      at.reset();
    }
    [[nodiscard]] bool waits(TimePoint now) const { return at && now < *at; }
  };
  struct Document {
    explicit Document(const std::function<double()>& random) : retry(random) {}
    std::shared_ptr<const Schema> schema;
    std::string hash;  // of `schema`
    std::map<GroupVersionKind, std::string> type_hashes;
    std::size_t bytes = 0;
    std::string refused_hash;  // with which it cannot be used
    Retry retry;
  };
  struct IndexEntry {
    std::string target, hash;
  };
  using Index = std::map<std::string, IndexEntry, std::less<>>;
  static Result<Index> read_index(const Result<ApiResponse>& answer);
  // Null: there is nothing to ask about it.
  [[nodiscard]] const IndexEntry* outdated(const std::string& name, const Document& document) const;
  [[nodiscard]] std::size_t bytes_kept() const;

  std::function<double()> random_;
  Index index_;
  bool index_due_ = true;  // to be asked for; false from the question on
  std::optional<TimePoint> again_at_;
  bool doubted_ = true;  // types may have changed since the index was asked for
  Retry index_retry_;
  std::map<std::string, Document, std::less<>> wanted_;
};

}  // namespace holdfast
