// A branch that is pushed has its preview at once, where somebody tells of it: the whole way from a forge's delivery,
// on a simulated cluster whose namespaces are emptied, by a daemon that looks by itself after a day alone.
#include <cstdio>

#include "holdfast/model/json.h"
#include "sim/served_receiver.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

class PreviewsOnSimulator : public ServedReceiver {
 protected:
  PreviewsOnSimulator() {
    must({"apply", "-f", "-"}, HoldfastProcess::run({"install", "--definitions-only"}).out);
    kubectl_->wait_until_established("applicationsets.holdfast.dev", 20s);
    holding_ = std::make_unique<HoldfastProcess>(
        here({"run", "--previews", "--cache-dir", file("holdfast"), "--receiver-config", file("receivers.yaml"),
              "--receiver", "127.0.0.1:0"}));
    port_ = port_of(holding_->wait_for_line("receiving pushes at ", 20s));
    must({"apply", "-f", "-"},
         "apiVersion: holdfast.dev/v1alpha1\nkind: ApplicationSet\nmetadata: {name: previews, namespace: default}\n"
         "spec:\n"
         "  generators:\n"
         "  - branches: {repoURL: " +
             url() +
             ", match: feature/*, interval: 24h}\n"
             "  template:\n"
             "    metadata: {name: 'web-{{branchSlug}}'}\n"
             "    spec: {source: {repoURL: " +
             url() +
             ", ref: {branch: '{{branch}}'}, path: preview, interval: 24h}}\n"
             "  preview: {namespace: 'preview-{{branchSlug}}'}\n");
    EXPECT_TRUE(eventually([&] { return number("matched") == "0"; }, 20s)) << holding_->output();
  }
  ~PreviewsOnSimulator() override { holding_.reset(); }

  // Without a look at which types there are: kubectl keeps what it has seen of that, and types have come since.
  [[nodiscard]] json::value at(const std::string& path) const {
    return parse_json(kubectl_->run({"get", "--raw", path}).out).value_or(json::value());
  }
  [[nodiscard]] json::value status() const {
    const json::value set = at("/apis/holdfast.dev/v1alpha1/namespaces/default/applicationsets/previews");
    const json::value* found = find(set, {"status"});
    return found == nullptr ? json::value() : *found;
  }
  // Of the first preview on record; empty: none is.
  [[nodiscard]] std::string space() const {
    const json::value now = status();
    const json::value* previews = find(now, {"previews"});
    if (previews == nullptr || !previews->is_array() || previews->get_array().empty()) return {};
    return std::string(string_at(previews->get_array().front(), {"namespace"}));
  }
  [[nodiscard]] std::string color() const {
    return std::string(string_at(at("/api/v1/namespaces/" + space() + "/configmaps/page"), {"data", "color"}));
  }
  [[nodiscard]] std::string number(const std::string& name) const {
    const json::value now = status();
    const json::value* found = find(now, {name});
    return found == nullptr ? "" : to_json(*found);
  }
  void tell(const std::string& ref, const std::string& commit) const {
    PushedRef moved = pushed(commit);
    moved.ref = ref;
    const ReceivedRequest request = delivery_of(Forge::GitLab, moved);
    HookClient forge(port_);
    EXPECT_EQ(forge.post(request.target, request.headers, request.body), 202);
  }

  std::unique_ptr<HoldfastProcess> holding_;
  unsigned port_ = 0;
};

TEST_F(PreviewsOnSimulator, ask_7_a_push_is_a_running_preview_within_10_s_and_its_end_within_60_s) {
  repository_.git({"checkout", "-q", "-b", "feature/login"});
  repository_.write("preview/page.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page}\ndata: {color: green}\n");
  const std::string commit = repository_.commit("Try a login");
  repository_.git({"checkout", "-q", "main"});
  const auto begun = std::chrono::steady_clock::now();
  const auto took = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  };
  tell("refs/heads/feature/login", commit);
  EXPECT_TRUE(eventually([&] { return color() == "green"; }, 20s)) << holding_->output();
  std::printf("delivery to running preview: %lld ms\n", static_cast<long long>(took().count()));
  EXPECT_LE(took(), 10s);
  EXPECT_TRUE(eventually([&] { return number("ready") == "1"; }, 20s)) << holding_->output();

  const std::string name = space();
  repository_.git({"branch", "-D", "feature/login"});
  const auto deleted = took();
  tell("refs/heads/feature/login", std::string(40, '0'));
  EXPECT_TRUE(eventually([&] { return string_at(at("/api/v1/namespaces/" + name), {"metadata", "uid"}).empty(); }, 60s))
      << holding_->output();
  std::printf("branch deleted to namespace gone: %lld ms\n", static_cast<long long>((took() - deleted).count()));
  EXPECT_TRUE(eventually([&] { return number("applied") == "0"; }, 20s));
  EXPECT_EQ(string_at(at("/api/v1/namespaces/default"), {"metadata", "name"}), "default");
}

TEST_F(PreviewsOnSimulator, what_a_set_comes_to_is_shown_and_not_made) {
  repository_.git({"branch", "feature/a"});
  repository_.git({"branch", "feature/b"});
  const Finished shown =
      HoldfastProcess::run(here({"previews", "previews", "-n", "default", "--cache-dir", file("shown")}));
  EXPECT_EQ(shown.exit_code, 1) << shown.err;
  EXPECT_TRUE(shown.out.contains("branch feature/a")) << shown.out;
  EXPECT_TRUE(shown.out.contains("would be made")) << shown.out;
  write("set.yaml",
        "apiVersion: holdfast.dev/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n"
        "  generators: [{list: {elements: [{env: test}, {env: live}]}}]\n"
        "  template: {metadata: {name: 'web-{{env}}'}, spec: {source: {repoURL: " +
            url() + "}}}\n");
  const Finished listed = HoldfastProcess::run({"previews", "--file", file("set.yaml"), "-o", "json"});
  EXPECT_EQ(listed.exit_code, 1) << listed.err;
  EXPECT_TRUE(listed.out.contains(R"("application":"web-live")")) << listed.out;
  write("set.yaml", "kind: ApplicationSet\n");
  EXPECT_EQ(HoldfastProcess::run({"previews", "--file", file("set.yaml")}).exit_code, 2);
  EXPECT_EQ(kubectl_->run({"-n", "default", "get", "hfapp", "-o", "name"}).out, "");
}

}  // namespace
}  // namespace holdfast::cluster
