#include "engine/object_options.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace holdfast {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(at);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::unexpected<Error> unclear(std::string_view name, std::string_view value, std::string_view wanted) {
  return fail(ErrorKind::Invalid, fmt::format("the annotation {} is {:?}", name, value), {},
              fmt::format("it may be {}", wanted));
}

class OptionsReader {
 public:
  explicit OptionsReader(const json::object& body) {
    const json::value* found = find(body, {"metadata", "annotations"});
    if (found != nullptr && found->is_object()) annotations_ = &found->get_object();
    found = find(body, {"metadata", "labels"});
    if (found != nullptr && found->is_object()) labels_ = &found->get_object();
  }

  Result<ObjectOptions> read() {
    if (annotations_ == nullptr && labels_ == nullptr) return ObjectOptions{};
    for (const auto& step :
         {&OptionsReader::wave, &OptionsReader::hook, &OptionsReader::hook_deletion, &OptionsReader::health,
          &OptionsReader::management, &OptionsReader::replace, &OptionsReader::dependencies})
      if (Result<void> done = (this->*step)(); !done) return std::unexpected(done.error());
    return std::move(options_);
  }

 private:
  // Empty where it is absent, or no string, which the API server refuses anyhow.
  [[nodiscard]] std::string_view value(std::string_view name) const { return text(annotations_, name); }

  static std::string_view text(const json::object* all, std::string_view name) {
    const json::value* found = all == nullptr ? nullptr : all->if_contains(name);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
  }

  // Flux looks at labels as well, and takes upper and lower case for the same.
  [[nodiscard]] bool flux_says(std::string_view what, std::string_view word) const {
    const std::string name = fmt::format("kustomize.toolkit.fluxcd.io/{}", what);
    const auto is_it = [&](std::string_view given) {
      return std::ranges::equal(given, word, [](char one, char other) { return (one | 0x20) == (other | 0x20); });
    };
    return is_it(text(annotations_, name)) || is_it(text(labels_, name));
  }

  Result<void> wave() {
    for (const char* name : {"helm.sh/hook-weight", "argocd.argoproj.io/sync-wave", "holdfast.dev/wave"}) {
      std::string_view text = trimmed(value(name));
      if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
      if (text.empty()) continue;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), options_.wave);
      if (error != std::errc{} || end != text.data() + text.size()) return unclear(name, text, "an integer");
    }
    return {};
  }

  Result<void> hook() {
    bool left_out = false, before = false, during = false, after = false;
    for (const std::string_view part : split(value("helm.sh/hook"), ',')) {
      before = before || part == "pre-install" || part == "pre-upgrade";
      after = after || part == "post-install" || part == "post-upgrade";
      // Those of other moments of a Helm release have none here, and nothing else is to be done with them.
      left_out = left_out || (!part.empty() && part != "crd-install");
    }
    for (const std::string_view part : split(value("argocd.argoproj.io/hook"), ',')) {
      before = before || part == "PreSync";
      during = during || part == "Sync";
      after = after || part == "PostSync";
      left_out = left_out || part == "Skip" || part == "SyncFail" || part == "PreDelete" || part == "PostDelete";
    }
    if (before || after || during)
      options_.hook = before ? HookPhase::Before : after ? HookPhase::After : HookPhase::During;
    options_.again_after = before && after;
    const std::string_view ours = value("holdfast.dev/hook");
    if (ours.empty()) {
      if (left_out && !options_.hook) options_.management = Management::None;
      return {};
    }
    if (ours != "pre" && ours != "post") return unclear("holdfast.dev/hook", ours, "pre or post");
    options_.hook = ours == "pre" ? HookPhase::Before : HookPhase::After;
    options_.again_after = false;
    return {};
  }

  // Argo CD and Helm pass over what they do not know; here it is said, and nothing else comes of it.
  Result<void> hook_deletion() {
    static constexpr std::array<std::string_view, 3> kArgoCd{"BeforeHookCreation", "HookSucceeded", "HookFailed"};
    static constexpr std::array<std::string_view, 3> kHelm{"before-hook-creation", "hook-succeeded", "hook-failed"};
    if (!options_.hook) return {};
    const Result<bool> ours = read_policies("holdfast.dev/hook-delete-policy", kHelm, true);
    if (!ours) return std::unexpected(ours.error());
    if (*ours) return {};
    const Result<bool> argo_cd = read_policies("argocd.argoproj.io/hook-delete-policy", kArgoCd, false);
    const Result<bool> helm = read_policies("helm.sh/hook-delete-policy", kHelm, false);
    if (!argo_cd || !helm) return std::unexpected((argo_cd ? helm : argo_cd).error());
    return {};
  }

  // True: it says something; then that and what the others say is all.
  Result<bool> read_policies(std::string_view name, const std::array<std::string_view, 3>& words, bool ours) {
    for (const std::string_view part : split(value(name), ',')) {
      if (part.empty()) continue;
      const auto word = static_cast<std::size_t>(std::ranges::find(words, part) - words.begin());
      if (word == words.size()) {
        const std::string known = fmt::format("{}", fmt::join(words, ", "));
        if (ours) return unclear(name, part, known);
        options_.remark =
            fmt::format("the annotation {} has {:?}, which does nothing; known are {}", name, part, known);
        continue;
      }
      if (!std::exchange(deletion_said_, true)) options_.hook_deletion = {false, false, false, false};
      options_.hook_deletion.at_once = options_.hook_deletion.at_once || word == 0;
      bool* const policies[] = {&options_.hook_deletion.before_creation, &options_.hook_deletion.succeeded,
                                &options_.hook_deletion.failed};
      *policies[word] = true;
    }
    return deletion_said_;
  }

  Result<void> health() {
    options_.ignores_health = value("argocd.argoproj.io/ignore-healthcheck") == "true";
    return {};
  }

  Result<void> management() {
    if (flux_says("reconcile", "disabled") || flux_says("ssa", "ignore")) options_.management = Management::None;
    if (flux_says("ssa", "ifnotpresent")) options_.management = Management::Once;
    const std::string_view ours = value("holdfast.dev/manage");
    if (ours.empty()) return {};
    if (ours == "full")
      options_.management = Management::Full;
    else if (ours == "once")
      options_.management = Management::Once;
    else if (ours == "none")
      options_.management = Management::None;
    else
      return unclear("holdfast.dev/manage", ours, "full, once or none");
    return {};
  }

  Result<void> replace() {
    for (const std::string_view option : split(value("argocd.argoproj.io/sync-options"), ','))
      if (option == "Replace=true" || option == "Force=true") options_.replace = true;
    if (flux_says("force", "enabled")) options_.replace = true;
    const std::string_view ours = value("holdfast.dev/replace");
    if (!ours.empty() && ours != "enabled" && ours != "disabled")
      return unclear("holdfast.dev/replace", ours, "enabled or disabled");
    if (!ours.empty()) options_.replace = ours == "enabled";
    return {};
  }

  Result<void> dependencies() {
    for (const char* name : {"config.kubernetes.io/depends-on", "holdfast.dev/depends-on"}) {
      const std::string_view text = value(name);
      if (trimmed(text).empty()) continue;
      for (const std::string_view part : split(text, ',')) {
        const std::vector<std::string_view> words = split(part, '/');
        const bool in_namespace = words.size() == 5 && words[1] == "namespaces";
        if (!in_namespace && words.size() != 3)
          return unclear(name, part, "GROUP/namespaces/NAMESPACE/KIND/NAME or GROUP/KIND/NAME");
        options_.depends_on.push_back({std::string(words[0]), std::string(words[words.size() - 2]),
                                       in_namespace ? std::string(words[2]) : std::string(),
                                       std::string(words.back())});
      }
    }
    return {};
  }

  const json::object *annotations_ = nullptr, *labels_ = nullptr;
  ObjectOptions options_;
  bool deletion_said_ = false;
};

}  // namespace

Result<ObjectOptions> read_object_options(const json::object& body) { return OptionsReader(body).read(); }

}  // namespace holdfast
