// The parts of a Marathon app that belong to a pod: ports, volumes, probes, and where it may run. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/foreign_fields.h"

namespace holdfast {

struct MarathonPort {
  std::string name, protocol = "TCP";
  std::int64_t container = 0;  // the port that the process listens on
  std::int64_t service = 0;    // that it is reached at inside the cluster
  bool chosen = false;         // Marathon would have chosen one; the process learns it by PORT0, PORT1, …
};

struct MarathonClaim {
  std::string name, volume;  // of the claim, and of the pod's volume that it is
  json::object spec;
};

struct MarathonVolumes {
  json::array volumes, mounts;  // of the pod, of its container
  std::vector<MarathonClaim> claims;
};

// From `container.portMappings`, `container.docker.portMappings`, `portDefinitions` and `ports`, whichever is there.
std::vector<MarathonPort> take_marathon_ports(ForeignFields& app, ForeignFields& container, ForeignFields& docker);
// Their names have to be labels, each once.
void name_marathon_ports(std::vector<MarathonPort>& ports);
// "/web:80" in a label VIP_0 of a port: the one that DC/OS balanced it at; 0 where there is none.
std::int64_t marathon_virtual_port(ForeignFields& port);
// `app_name` is what claims are named after.
MarathonVolumes take_marathon_volumes(ForeignFields& container, const std::string& app_name);
// Probes of the first check that has an equivalent, set in `pod_container`.
void take_marathon_checks(ForeignFields& app, const std::vector<MarathonPort>& ports, json::object& pod_container);
// The probes of one check, which are `probe` at the times that it says; false, and a note: `probe` is empty.
bool set_marathon_probes(ForeignFields& check, json::object probe, json::object& pod_container);
// Constraints, into the pod's spec. `selector` is what its pods have as labels.
void take_marathon_constraints(ForeignFields& app, const json::object& selector, json::object& pod);

}  // namespace holdfast
