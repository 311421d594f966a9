// An application's Inventory as the ConfigMap that is its ApplySet parent (correctness D11, verified V52-V54). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/inventory.h"
#include "holdfast/model/json.h"
#include "holdfast/model/manifest_set.h"

namespace holdfast {

struct InventoryLocation {
  std::string namespace_;
  std::string name;
  std::string installation;
  std::string source = {};   // what the application is read from; recorded, so that a name is not used for two of them
  bool move_source = false;  // take the record over although it names another source
};

// The identity that members carry as their label applyset.kubernetes.io/part-of, from the parent's name and type.
std::string applyset_id(std::string_view name, std::string_view namespace_, std::string_view kind,
                        std::string_view group);

// A whole body for server-side apply, without uid and resourceVersion. Its data: "inventory", one JSON object a line in
// the order of the keys ("hook" is there for a hook: begun or done; "failed" where it has, and "making"), "revision",
// and "newest", which is begun: when it was committed, and its name, and "content", which is that of the revision. The
// API server refuses it above 1 MiB, some 7,000 objects.
json::object to_config_map(const Inventory& inventory, const InventoryLocation& location);

// What the record says it is read from; empty where it does not say.
std::string recorded_source(const json::value& body);

// Reads it back from a live body. Conflict where it belongs to another tool, or to another installation (where one is
// given); Invalid where anything in it cannot be read. A record that cannot be read is never an empty one.
Result<Inventory> from_config_map(const json::value& body, std::string_view installation = {});
// Whether that was refused because another installation holds the application.
bool is_held_elsewhere(const Error& error);

// The newest revision that an application is at by what is said of all of its repository; empty: its own record tells.
std::string seen_revision(const Inventory& own, const std::string& namespace_, const std::string& name,
                          const std::vector<SeenRevision>& said);

// What was read, under the revision by which it is on record, where that is of the same ref and content and nothing was
// begun since: a process that starts goes on with it, though commits that do not concern the application have come
// meanwhile.
ManifestSetPtr as_recorded(ManifestSetPtr read, const Inventory& recorded);

}  // namespace holdfast
