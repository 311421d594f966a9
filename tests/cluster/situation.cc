#include "cluster/situation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

#include "cluster/situation_world.h"

namespace holdfast::cluster {
namespace {

std::string word_of(SituationKind kind) {
  switch (kind) {
    case SituationKind::ConfigMap:
      return "configmap";
    case SituationKind::Secret:
      return "secret";
    case SituationKind::Service:
      return "service";
    case SituationKind::Deployment:
      return "deployment";
    case SituationKind::Gadget:
      return "gadget";
  }
  return {};
}

}  // namespace

Act kubectl(std::vector<std::string> words, std::string input) {
  return {[words = std::move(words), input = std::move(input)](SituationWorld& world, const Situation& situation) {
    world.kubectl(situation, words, input);
  }};
}

Act helm_upgrade(std::string data) {
  return {[data = std::move(data)](SituationWorld& world, const Situation& situation) {
    world.helm(situation, {"upgrade", "--install", "--take-ownership", "--set-json", "data=" + data, "$NAME",
                           world.chart().string()});
  }};
}

Act helm_uninstall() {
  return {[](SituationWorld& world, const Situation& situation) { world.helm(situation, {"uninstall", "$NAME"}); }};
}

Act in_vain(Act act) {
  return {[act = std::move(act)](SituationWorld& world, const Situation& situation) {
            try {
              act.perform(world, situation);
            } catch (const std::exception&) {  // refused, as it may be
            }
          },
          0};
}

Act patch(const std::string& kind, const std::string& type, const std::string& body, const std::string& manager) {
  std::vector<std::string> words{"patch", kind, "$NAME", "--type=" + type, "-p", body};
  if (!manager.empty()) words.push_back("--field-manager=" + manager);
  return kubectl(std::move(words));
}

Act edit(const std::string& from, const std::string& to) {
  return {[=](SituationWorld& world, const Situation& situation) {
    setenv("KUBE_EDITOR", ("sed -i s/" + from + "/" + to + "/").c_str(), 1);
    world.kubectl(situation, {"edit", word_of(situation.kind), "$NAME"});
  }};
}

Act rewrite(const std::string& from, const std::string& to) {
  return {[=](SituationWorld& world, const Situation& situation) {
    std::string object = world.kubectl(situation, {"get", word_of(situation.kind), "$NAME", "-o", "json"});
    for (std::size_t at = object.find(from); at != std::string::npos; at = object.find(from, at + to.size()))
      object.replace(at, from.size(), to);
    world.kubectl(situation, {"replace", "-f", "-"}, object);
  }};
}

Act commit(std::string manifest) {
  return {[manifest = std::move(manifest)](SituationWorld& world, const Situation& situation) {
            world.write(situation, manifest);
            world.commit_and_wait(situation);
          },
          0};
}

Act await(const std::string& event, std::size_t count) {
  return {[=](SituationWorld& world, const Situation& situation) {
            EXPECT_TRUE(world.wait_for(situation, event, count, world.acts_from)) << world.output();
          },
          0};
}

}  // namespace holdfast::cluster
