// Drives a ReflectorMachine as its runner would, and tells what it asked for: "list", "watch", "wait 800", ...
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "watchers/reflector_machine.h"

namespace holdfast {

inline const ApiResource kDeployments{{"apps", "v1", "Deployment"}, "deployments", true, {"list", "watch"}};

inline std::string item(const std::string& name, const std::string& version) {
  return R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":")" + name +
         R"(","namespace":"web","uid":"u-)" + name + R"(","resourceVersion":")" + version + "\"}}";
}

inline ApiResponse page(const std::string& version, const std::string& items = "", const std::string& token = "") {
  return {200,
          "application/json",
          {},
          R"({"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":")" + version +
              R"(","continue":")" + token + R"("},"items":[)" + items + "]}"};
}

inline ApiResponse status(int code, const std::string& reason, const std::string& details = "{}") {
  return {code,
          "application/json",
          {},
          R"({"kind":"Status","status":"Failure","message":"m","reason":")" + reason + R"(","details":)" + details +
              R"(,"code":)" + std::to_string(code) + "}"};
}

inline const ApiResponse kTooLargeVersion =
    status(504, "Timeout", R"({"causes":[{"reason":"ResourceVersionTooLarge"}],"retryAfterSeconds":1})");

// Drives the machine as a runner would, and tells what it asked for.
class ReflectorMachineFixture : public testing::Test {
 protected:
  double random_ = 0.0;
  std::shared_ptr<ClusterKnowledge> knowledge_ = std::make_shared<ClusterKnowledge>();
  ReflectorMachine machine_{kDeployments, "app=x", [this] { return random_; }, knowledge_};
  ReflectorMachine::TimePoint now_{std::chrono::seconds(1000)};
  ReflectorActions last_;

  std::vector<std::string> told(ReflectorActions actions) {
    last_ = std::move(actions);
    std::vector<std::string> lines;
    for (const ReflectorAction& action : last_) lines.push_back(tell(action));
    return lines;
  }

  std::string tell(const ReflectorAction& action) const {
    if (const auto* list = std::get_if<SendList>(&action)) return list->target.contains("limit=1&") ? "probe" : "list";
    if (const auto* watch = std::get_if<OpenWatch>(&action)) return watch->lists ? "stream" : "watch";
    if (std::holds_alternative<AskCluster>(action)) return "which cluster";
    if (std::holds_alternative<ClusterRestored>(action)) return "restored";
    if (const auto* replaced = std::get_if<ClusterReplaced>(&action))
      return std::string("replaced ") + to_string(replaced->error.kind);
    if (std::holds_alternative<MarkUnsynced>(action)) return "unsynced";
    if (const auto* wait = std::get_if<Wait>(&action))
      return "wait " +
             std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(wait->until - now_).count());
    if (const auto* replace = std::get_if<ReplaceStore>(&action))
      return "replace " + std::to_string(replace->items.size()) + "@" + replace->resource_version.value;
    if (const auto* apply = std::get_if<ApplyEvent>(&action)) return "apply " + apply->object->key.name;
    const auto& status = std::get<ReflectorStatus>(action);
    return std::string(to_string(status.state)) +
           (status.error ? std::string(" ") + to_string(status.error->kind) : "");
  }

  std::string target() const {
    for (const ReflectorAction& action : last_) {
      if (const auto* list = std::get_if<SendList>(&action)) return list->target;
      if (const auto* watch = std::get_if<OpenWatch>(&action)) return watch->target;
    }
    return "(none)";
  }

  auto start() { return told(machine_.start(now_)); }
  auto list(Result<ApiResponse> answer) { return told(machine_.list_answered(std::move(answer), now_)); }
  auto opened(Result<ApiResponse> head = ApiResponse{200, "application/json", {}, ""}) {
    return told(machine_.watch_opened(head, now_));
  }
  auto event(WatchEventType type, const std::string& object) {
    return told(machine_.watch_event({type, object}, now_));
  }
  auto error_event(const ApiResponse& answer) { return event(WatchEventType::Error, answer.body); }
  auto bookmark(const std::string& version) {
    return event(WatchEventType::Bookmark, R"({"metadata":{"resourceVersion":")" + version + "\"}}");
  }
  auto ended(std::optional<Error> error = std::nullopt) { return told(machine_.watch_ended(std::move(error), now_)); }
  auto timer() { return told(machine_.timer(now_)); }
  auto silent() { return told(machine_.watch_silent(now_)); }
  auto end_mark(const std::string& version) {
    return event(WatchEventType::Bookmark, R"({"metadata":{"resourceVersion":")" + version +
                                               R"(","annotations":{"k8s.io/initial-events-end":"true"}}})");
  }

  void watching_at(const std::string& version) {
    start();
    list(page(version));
    opened();
  }
};

constexpr char kBase[] = "/apis/apps/v1/deployments?";

}  // namespace holdfast
