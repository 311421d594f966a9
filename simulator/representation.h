// How objects are shown: whole, as metadata only, or as rows of a Table (V44).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulator/api_failure.h"
#include "simulator/object_store.h"
#include "simulator/resource_type.h"
#include "simulator/simulator_clock.h"

namespace holdfast {

enum class Shape { Object, PartialMetadata, Table };

struct Representation {
  Shape shape = Shape::Object;
  std::string include_object = "Metadata";  // of table rows: None, Metadata or Object
  bool columns = true;                      // a watch tells a table's columns once
};

// JSON is what everything is answered in, whatever else a client prefers.
bool is_acceptable(std::string_view accept);
// From an Accept header and the includeObject parameter. What asks for none of our shapes gets whole objects.
Representation negotiate(std::string_view accept, const std::string& include_object);

struct ListMetadata {
  std::string resource_version, continue_token;
  std::size_t remaining = 0;  // 0: not shown
};

// JSON without a trailing newline.
std::string show_object(const Representation& representation, const ResourceType& type, const StoredPtr& object,
                        SimulatedTime now);
std::string show_list(const Representation& representation, const ResourceType& type,
                      const std::vector<StoredPtr>& objects, const ListMetadata& metadata, SimulatedTime now);

}  // namespace holdfast
