// One history of writes to one object, and what our engine says of the object at each probe (docs/drift-histories.md):
// the production functions, on the object as a watch event would bring it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/fingerprinter.h"
#include "engine/prepare.h"
#include "engine/verdict.h"
#include "holdfast/model/json_view.h"
#include "tests/merge/history.h"

namespace holdfast {

inline constexpr std::string_view kOurManager = "holdfast";

// A rule that is left out, to see that its absence is noticed.
enum class Breakage : std::uint8_t { None, Order, Empties, Ownership };

// What we say at a probe.
struct Opinion {
  bool asked = false;           // false: there is no object yet
  bool known = false;           // in sync by judge(): its fingerprint was learned, or it is the answer to our own write
  bool proven = false;          // in sync by prove()
  bool drift = false;           // it would be reported, if an apply of it then changed something
  bool paths_disagree = false;  // the fingerprint of the text is not the one of the parsed object
  std::string why_not;          // of prove()
};

// Shared by many histories, as by the objects of a cluster.
struct DriftTools {
  DigestKey key{{7, 7, 7}};
  Fingerprinter fingerprinter{key, FieldManager{std::string(kOurManager)}};
  JsonIndexer indexer;
};

class DriftRun {
 public:
  DriftRun(DriftTools& tools, Breakage breakage, const json::value& ignored)
      : tools_(tools), breakage_(breakage), state_(ignored) {}

  // `type_name` stands for the hash of the schema: what was learned with another one is not known.
  json::object run(const json::object& operation, const TypeNode& type, std::string_view type_name);

  // Of the last operation, if that was a probe.
  [[nodiscard]] const Opinion& opinion() const { return opinion_; }
  // The last apply of ours may not have settled: it is to be repeated before anything is learned from it.
  [[nodiscard]] bool wants_another_apply() const { return unsettled_applies_ != 0; }
  [[nodiscard]] const HistoryState& state() const { return state_; }

 private:
  struct Shown {  // the object as a watch event brings it
    json::value body;
    std::string text;
    LivePtr live;
    std::optional<Digest128> fingerprint;
    bool paths_disagree = false;
  };
  static Desired desired_of(const json::object& operation);
  [[nodiscard]] json::value body_now() const;
  Shown show(const Desired& desired, const TypeNode& type);
  Opinion judge_now(const Desired& desired, const TypeNode& type);
  void learn(const Desired& desired, const TypeNode& type, bool wrote);
  void note_version(const std::string& before);
  [[nodiscard]] std::string state_text() const;
  [[nodiscard]] json::value broken(json::value body, const TypeNode& type) const;
  void keep_learned_entry();

  DriftTools& tools_;
  Breakage breakage_;
  HistoryState state_;
  std::string type_name_;
  std::uint64_t version_ = 1;
  FingerprintMemory memory_;
  std::optional<Record> record_;
  std::optional<Sha256> memory_of_;  // the desired state that memory_ goes with
  json::value learned_entries_;      // for Breakage::Ownership
  int unsettled_applies_ = 0;
  Opinion opinion_;
};

}  // namespace holdfast
