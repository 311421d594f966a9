#include "app/set_preview.h"

#include "app/set_application.h"

namespace holdfast {
namespace {

std::string target_of(const ExpandedApplication& wanted) {
  return std::string(string_at(wanted.document, {"spec", "destination", "namespace"}));
}

}  // namespace

std::vector<SetPreviewRow> set_preview(const ApplicationSet& set, const Expansion& expansion,
                                       const std::map<std::string, json::value>& live) {
  std::vector<SetPreviewRow> rows;
  for (const auto& [name, wanted] : expansion.wanted) {
    SetPreviewRow row{name, target_of(wanted), wanted.element, {}, true};
    const auto found = live.find(name);
    if (found == live.end()) {
      row.what = "would be made";
    } else if (controlling_set(found->second) != set.uid || set.uid.empty()) {
      row.what = "is there, and is none of this set: it stays as it is";
      row.changes = false;
    } else if (differs(found->second, wanted.document)) {
      row.what = "would be changed";
    } else {
      row.what = "there";
      row.changes = false;
    }
    rows.push_back(std::move(row));
  }
  for (const auto& [name, body] : live) {
    if (set.uid.empty() || controlling_set(body) != set.uid || expansion.wanted.contains(name)) continue;
    const bool stays = expansion.kept.contains(name) || !expansion.complete;
    rows.push_back({name, std::string(string_at(body, {"spec", "destination", "namespace"})),
                    std::string(string_at(body, {"metadata", "annotations", kElementAnnotation})),
                    stays ? "there, and stays: it is not known whether it is wanted" : "would go", !stays});
  }
  for (const LeftOut& one : expansion.left_out)
    rows.push_back({{}, {}, one.element, one.reason + ": " + one.message, false});
  return rows;
}

}  // namespace holdfast
