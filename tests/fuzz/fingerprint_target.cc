// The fingerprint that is taken from text, mostly by an owned mask, is the one of the parsed object (correctness C3).
#include "engine/fingerprint.h"

#include "engine/fingerprinter.h"
#include "fuzz/target.h"

namespace holdfast::fuzz {
namespace {

const DigestKey kKey{{7, 7, 7}};
const FieldManager kManager{"holdfast"};

struct Look {
  Fingerprinter& reader;
  const EmptyPaths& empties;
  FingerprintMemory& memory;

  void at(std::string_view text) const {
    JsonIndexer indexer;
    const auto view = indexer.view(text);
    if (!view) return;
    const auto quick = reader.read(*view, empties, memory);
    // What is no JSON is not looked at in full, and may pass.
    const auto body = parse_json(text);
    if (!body) return;
    const auto slow = fingerprint(kKey, *body, kManager, empties);
    hold(quick.has_value() == slow.has_value(), "one way of taking a fingerprint fails");
    if (quick) hold(*quick == *slow, "the fingerprint of the text is not that of the object");
    hold(memory.fingerprint.has_value() == quick.has_value(), "what is remembered is not what was found");
  }
};

}  // namespace

// The desired object, and two looks at the live one.
void run_fingerprint(std::string_view bytes) {
  const auto parts = split(bytes, 3);
  const auto desired = parse_json(parts[0]);
  if (!desired || !desired->is_object()) return;
  const EmptyPaths empties = collect_empty_paths(desired->get_object());
  Fingerprinter reader(kKey, kManager);
  FingerprintMemory memory;
  const Look look{reader, empties, memory};
  look.at(parts[1]);
  look.at(parts[2]);
  look.at(parts[1]);
}

}  // namespace holdfast::fuzz
