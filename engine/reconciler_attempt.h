// Shared by the files of the Reconciler, and nobody else's.
#pragma once

#include "engine/reconciler.h"
#include "holdfast/merge/field_set.h"

namespace holdfast {

// Between attempts at one object (correctness D14).
inline constexpr std::chrono::milliseconds kFirstRetry = std::chrono::seconds{1};
inline constexpr std::chrono::milliseconds kFirstRetryOfRefusal =
    std::chrono::seconds{30};  // the same bytes will be refused again (D4)
inline constexpr std::chrono::milliseconds kLongestRetry = std::chrono::minutes{5};

// Creates the object or makes it as desired, whoever set its fields; with its apply_body, which names no uid.
ApiRequest apply_request(const Desired& desired, const FieldManager& manager);

// Deletes this very object in this very state (correctness D10), what it owns afterwards in the background, or before
// ("Foreground").
ApiRequest delete_request(const ApiResource& resource, const ObjectKey& key, const Uid& uid,
                          const ResourceVersion& version, std::string_view propagation = "Background");

// What a Record says was owned; none where it says nothing, or cannot be read.
std::optional<FieldSet> read_owned(const std::string* fields_v1);

// One visit to a key: what was known when it was judged. Lives in the coroutine that visits.
struct Reconciler::Attempt {
  bool looked_up_absent = false;
  bool gone = false;  // an apply with `applied_uid` answered that no such object exists
  Uid applied_uid;
  ResourceVersion found;  // by a GET of this visit, where the store has none
  // The body that came with it, where that has the label that watches select on: then our watch is only late.
  std::optional<json::value> found_labelled;
  LivePtr live;
  std::optional<json::value> body;   // what is live, where it is needed to decide what to send
  std::optional<HeldWrite> held;     // instead of all that is desired: the rest is left as it is live
  std::vector<DriftedField> fields;  // what is put back by it
  bool taking_over = false;          // it was somebody else's, or nobody's
  bool confirming = false;           // nothing says that it has drifted
  int applies = 0;
  Time judged{};  // of the first verdict: later passes of one visit belong to the same answer
  std::optional<Time> event_received;
  Desired desired;     // a copy: the set may change while a request is under way
  Sha256 wanted_hash;  // of all that Git describes, of which it is a part
};

}  // namespace holdfast
