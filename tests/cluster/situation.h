// One row of the table of situations: what somebody does to an object, and what Holdfast has to make of it.
//
// In all texts $NAME is the object's name and $NS the namespace. The rows are in situations_*.cc, by kind of object;
// situations_test.cc plays them, and SituationWorld (situation_world.h) is where they happen.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace holdfast::cluster {

class SituationWorld;
struct Situation;

struct Act {
  std::function<void(SituationWorld&, const Situation&)> perform;
  int events = 1;  // that the API server sends of the object because of it
};

enum class SituationKind { ConfigMap, Secret, Service, Deployment, Gadget };

struct Expected {
  // The events of the log about the object, in their order, each said once: "repaired", "drifted repaired", "yielded",
  // "fight", "refused", "failed", "configured"; empty: nothing at all.
  std::string verdict;
  int requests = 0;                    // of ours about the object, watches and lists left out
  int writes = 0;                      // of those, what moved its resourceVersion
  std::vector<std::string> says = {};  // each in some line about it: fields, and who took them
  std::string field = {}, value = {};  // JSONPath, and what is there in the end
  int restart_requests = 0;            // of a new process; -1: does not matter. It writes nothing, whatever this is
};

struct Situation {
  std::string name;  // of the test; the object's with - for _
  SituationKind kind = SituationKind::ConfigMap;
  std::string manifest;     // empty: it is not in Git at first
  std::vector<Act> before;  // performed and settled first
  std::vector<Act> acts;
  Expected expected;
  std::string application = "plain";  // "tuned" has rules, "broken" what cannot be applied
  bool at_once = false;               // Holdfast does not run while it happens, and sees only what came of it
  bool asked_again = false;           // with each commit: not settled, or nowhere to be seen
};

// kubectl WORD...; a failure of it is one of the test.
Act kubectl(std::vector<std::string> words, std::string input = "");
// helm upgrade --install of a chart whose one object is the ConfigMap, with that data in JSON; it takes over what is
// there. And helm uninstall of the same.
Act helm_upgrade(std::string data);
Act helm_uninstall();
// What has no effect on the object, and need not succeed.
Act in_vain(Act act);
// kubectl patch; of the types json, merge or strategic.
Act patch(const std::string& kind, const std::string& type, const std::string& body, const std::string& manager = "");
// The object as it is, with one text for another, by `kubectl edit` or by `kubectl replace`.
Act edit(const std::string& from, const std::string& to);
Act rewrite(const std::string& from, const std::string& to);
// Another manifest in Git, applied when this returns; empty: none any more.
Act commit(std::string manifest);
// Returns when the log has so many lines of that event about the object since the acts began.
Act await(const std::string& event, std::size_t count);

std::vector<Situation> config_map_situations();
std::vector<Situation> secret_and_service_situations();
std::vector<Situation> deployment_situations();
std::vector<Situation> custom_situations();
std::vector<Situation> rule_situations();
std::vector<Situation> webhook_situations();

}  // namespace holdfast::cluster
