#include "app/narrow_view.h"

#include "holdfast/base/log.h"

namespace holdfast {
namespace {

struct Blind {
  const char* what;
  const char* follows;
  const char* rules;  // of docs/rules.md
};

constexpr Blind kBlind[] = {
    {"objects of no namespace, and those of other namespaces",
     "an application that has one says so, and prunes nothing before it is gone from its source", "D12"},
    {"CustomResourceDefinitions and APIServices",
     "a type that comes or goes is noticed when the types are asked for again, within minutes", "A20"},
    {"mutating webhooks and admission policies",
     "what a change of them does to an object is found by a daily sample of each application", "C10"},
    {"the identity of the cluster (the namespace kube-system)",
     "another cluster behind the same address is told by older resourceVersions alone", "A14"},
};

}  // namespace

void say_what_is_not_seen(const std::string& only_namespace) {
  if (only_namespace.empty()) return;
  log(LogLevel::Info, "narrow-view", "seeing nothing of the cluster but the namespace " + only_namespace,
      {{"namespace", only_namespace}});
  for (const Blind& blind : kBlind)
    log(LogLevel::Info, "not-seen", std::string("not seen: ") + blind.what + "; so " + blind.follows,
        {{"weakens", blind.rules}});
}

}  // namespace holdfast
