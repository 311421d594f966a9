// `holdfast try`: shows what an Override would change, makes it, and waits until that is applied. `holdfast drop` ends
// one. Who may is the API server's word.
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <random>
#include <utility>

#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/own_definitions.h"
#include "app/plan_maker.h"
#include "app/plan_text.h"
#include "app/try_wishes.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/duration.h"
#include "holdfast/base/timestamp.h"
#include "sources/application_reader.h"
#include "sources/override_fields.h"
#include "sources/override_reader.h"
#include "sources/repository_hub.h"
#include "sources/tried_source.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int kApplied = 0, kNotApplied = 1, kTrouble = 2;
constexpr auto kLookAgainAfter = 40ms;

asio::awaitable<Result<json::value>> ask(ApiServer& api, Method method, std::string target, json::object body) {
  ApiRequest request;
  request.method = method;
  request.target = std::move(target);
  if (!body.empty()) {
    request.content_type = "application/json";
    request.body = to_json(body);
  }
  co_return co_await ask_json(api, std::move(request));
}

asio::awaitable<Result<json::value>> get(ApiServer& api, const ApiResource& resource, std::string namespace_,
                                         std::string name) {
  std::string target = resource_path(resource, namespace_, name);
  co_return co_await ask(api, Method::Get, std::move(target), {});
}

asio::awaitable<void> pause(asio::any_io_executor executor, std::chrono::milliseconds duration) {
  Timer timer(executor);
  timer.expires_at(Clock::now() + duration);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

std::string some_letters() {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::random_device random;
  std::string text;
  for (int i = 0; i < 5; ++i) text += kLetters[random() % kLetters.size()];
  return text;
}

std::string ready_message(const json::value& object) {
  const json::value* list = find(object, {"status", "conditions"});
  if (list != nullptr && list->is_array())
    for (const json::value& one : list->get_array())
      if (string_at(one, {"type"}) == "Ready")
        return fmt::format("{}: {}", string_at(one, {"reason"}), string_at(one, {"message"}));
  return "nothing is said of it yet; does a daemon hold the application?";
}

bool is_ready(const json::value& object) {
  const json::value* list = find(object, {"status", "conditions"});
  if (list == nullptr || !list->is_array()) return false;
  for (const json::value& one : list->get_array())
    if (string_at(one, {"type"}) == "Ready") return string_at(one, {"status"}) == "True";
  return false;
}

bool is_over(std::string_view phase) { return !phase.empty() && phase != "Pending" && phase != "Active"; }

class Try {
 public:
  Try(asio::any_io_executor executor, ClusterSession& session, const TryOptions& options)
      : executor_(std::move(executor)), session_(session), api_(*session.client), options_(options) {}

  asio::awaitable<Result<int>> run() {
    auto object = co_await get(api_, application_resource(), session_.namespace_, options_.application);
    if (!object && object.error().kind == ErrorKind::NotFound)
      co_return fail(
          ErrorKind::NotFound,
          fmt::format("there is no Application {} in the namespace {}", options_.application, session_.namespace_),
          session_.server, "`kubectl get hfapp -A` lists them; say -n NAMESPACE");
    if (!object) co_return std::unexpected(object.error());
    auto read = read_application(object->as_object(), {.base = "/", .own_namespace = session_.namespace_});
    if (!read) co_return std::unexpected(read.error());
    application_ = std::move(*read);
    application_.namespace_ = session_.namespace_;
    if (const Result<void> made = co_await describe_it(); !made) co_return std::unexpected(made.error());
    if (!options_.no_plan)
      if (const Result<void> shown = co_await show_plan(); !shown) co_return std::unexpected(shown.error());
    if (!options_.yes && !agreed()) co_return kNotApplied;
    co_return co_await make_and_wait();
  }

 private:
  // What is asked for, as far as it can be told without what the application wants.
  asio::awaitable<Result<void>> describe_it() {
    json::object review{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "SelfSubjectReview"}};
    const auto who =
        co_await ask(api_, Method::Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", std::move(review));
    if (!who) co_return std::unexpected(who.error());
    override_.namespace_ = session_.namespace_;
    override_.name = options_.name.empty() ? options_.application + "-" + some_letters() : options_.name;
    override_.application = options_.application;
    override_.reason = options_.reason;
    override_.requested_by = string_at(*who, {"status", "userInfo", "username"});
    override_.expires_after = std::chrono::duration_cast<std::chrono::seconds>(*parse_duration(options_.period));
    if (override_.expires_after < kShortestOverride || override_.expires_after > kLongestOverride)
      co_return fail(ErrorKind::Invalid, "--for " + options_.period + " is not a time of 1s to 168h");
    OverrideRef ref{options_.branch, options_.tag, options_.commit};
    const bool commit =
        ref.branch.size() == 40 && ref.branch.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (commit) std::swap(ref.branch, ref.commit);
    if (!ref.name().empty())
      override_.ref = std::move(ref);
    else if (options_.sets.empty() && options_.images.empty() && options_.scale < 0)
      co_return fail(ErrorKind::Invalid, "nothing is asked for", {}, "say --ref, --set, --scale or --image");
    if (!override_.ref && options_.no_plan) co_return wish(nullptr);
    co_return Result<void>();
  }

  Result<void> wish(const ManifestSet* set) {
    auto patches = wished_patches(options_, set);
    if (!patches) return std::unexpected(patches.error());
    override_.patches = std::move(*patches);
    return {};
  }

  // Where what Git says cannot be read from here, that is said, and no reason not to go on.
  asio::awaitable<Result<void>> show_plan() {
    SetupContext context{options_.cluster.installation, session_.namespace_, options_.cache_dir, false,
                         session_.values.get()};
    context.programs = {options_.kustomize_program, options_.helm_program};
    auto setup = make_setup(application_, context);
    if (!setup) co_return std::unexpected(setup.error());
    const auto hub = std::make_shared<RepositoryHub>(executor_);
    setup->source.hub = hub;
    setup->source.workers = hub->workers();
    auto source = make_source(executor_, setup->source);
    if (!source) co_return std::unexpected(source.error());
    Result<ManifestSetPtr> base = co_await (*source)->load();
    if (!base) {
      (*source)->stop();
      std::fprintf(stderr, "holdfast: what it would change cannot be shown, for Git cannot be read from here: %s\n",
                   describe(base.error()).c_str());
      co_return override_.ref ? Result<void>() : wish(nullptr);
    }
    Result<ManifestSetPtr> tried = co_await tried_set(*base, setup->source);
    (*source)->stop();
    if (!tried) co_return std::unexpected(tried.error());
    auto wanted = std::make_unique<WantedApplication>();
    wanted->setup = std::move(*setup);
    wanted->manifests = std::move(*tried);
    ReadApplications read;
    read.applications.push_back(std::move(wanted));
    const auto plan = co_await make_plan(executor_, api_, std::move(read), options_.cluster.installation);
    if (!plan) {
      std::fprintf(stderr, "holdfast: what it would change cannot be shown: %s\n", describe(plan.error()).c_str());
      co_return Result<void>();
    }
    for (const Error& failure : plan->failures) std::fprintf(stderr, "holdfast: %s\n", describe(failure).c_str());
    std::fputs(plan_text(plan->plan, {}).c_str(), stdout);
    std::fflush(stdout);
    co_return Result<void>();
  }

  asio::awaitable<Result<ManifestSetPtr>> tried_set(ManifestSetPtr base, SourceOptions source) {
    if (!override_.ref) {
      if (const Result<void> wished = wish(base.get()); !wished) co_return std::unexpected(wished.error());
      PatchedSet patched = with_patches(base, {{override_.name, override_.patches}});
      if (const auto& error = patched.parts[override_.name].error) co_return std::unexpected(*error);
      co_return std::move(patched.set);
    }
    const TriedRefSource make = tried_ref_source(executor_, std::move(source));
    auto of_ref = make(*override_.ref);
    if (!of_ref) co_return std::unexpected(of_ref.error());
    const Result<ManifestSetPtr> read = co_await (*of_ref)->load();
    (*of_ref)->stop();
    if (!read) co_return std::unexpected(read.error());
    co_return with_ref(base, *read);
  }

  bool agreed() const {
    if (isatty(STDIN_FILENO) == 0) {
      std::fputs("holdfast: nobody is there to ask; add --yes\n", stderr);
      return false;
    }
    std::printf("Try %s on %s/%s for %s? [y/N] ", what_is_tried(override_).c_str(), session_.namespace_.c_str(),
                override_.application.c_str(), to_duration_text(override_.expires_after).c_str());
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
  }

  asio::awaitable<Result<int>> make_and_wait() {
    const auto begun = Clock::now();
    std::string collection = resource_path(override_resource(), session_.namespace_, "");
    const auto made = co_await ask(api_, Method::Post, std::move(collection), override_object(override_));
    if (!made) co_return std::unexpected(made.error());
    std::printf("override %s made; `holdfast drop %s` ends it, `holdfast keep %s` makes a commit of it\n",
                override_.name.c_str(), override_.name.c_str(), override_.name.c_str());
    std::fflush(stdout);
    const auto deadline = begun + *parse_duration(options_.timeout);
    while (Clock::now() < deadline) {
      const auto now = co_await get(api_, override_resource(), session_.namespace_, override_.name);
      if (!now) co_return std::unexpected(now.error());
      const std::string_view phase = string_at(*now, {"status", "phase"});
      if (is_over(phase)) {
        std::fprintf(stderr, "holdfast: %s: %s\n", std::string(phase).c_str(), ready_message(*now).c_str());
        co_return kNotApplied;
      }
      if (phase == "Active" && is_ready(*now)) {
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
        std::printf("applied after %ld ms; it ends by itself at %s\n", static_cast<long>(took.count()),
                    std::string(string_at(*now, {"status", "endsAt"})).c_str());
        co_return kApplied;
      }
      last_ = ready_message(*now);
      co_await pause(executor_, kLookAgainAfter);
    }
    std::fprintf(stderr, "holdfast: not applied within %s: %s\n", options_.timeout.c_str(), last_.c_str());
    co_return kNotApplied;
  }

  asio::any_io_executor executor_;
  ClusterSession& session_;
  ApiServer& api_;
  const TryOptions& options_;
  Application application_;
  Override override_;
  std::string last_;
};

asio::awaitable<Result<int>> drop(asio::any_io_executor executor, ClusterSession* session, std::string name) {
  ApiServer& api = *session->client;
  const auto begun = Clock::now();
  const auto before = co_await get(api, override_resource(), session->namespace_, name);
  if (!before && before.error().kind == ErrorKind::NotFound)
    co_return fail(ErrorKind::NotFound,
                   fmt::format("there is no Override {} in the namespace {}", name, session->namespace_),
                   session->server, "`kubectl get overrides -A` lists them; say -n NAMESPACE");
  if (!before) co_return std::unexpected(before.error());
  const std::string application(string_at(*before, {"spec", "application"}));
  std::string target = resource_path(override_resource(), session->namespace_, name);
  const auto deleted = co_await ask(api, Method::Delete, std::move(target), {});
  if (!deleted) co_return std::unexpected(deleted.error());
  // It goes once nothing of it is in the cluster, or the application says so.
  for (const auto deadline = begun + 60s; Clock::now() < deadline;) {
    const auto now = co_await get(api, override_resource(), session->namespace_, name);
    const auto held = co_await get(api, application_resource(), session->namespace_, application);
    const bool gone = !now && now.error().kind == ErrorKind::NotFound;
    bool tried = false;
    if (held)
      if (const json::value* list = find(*held, {"status", "overrides"}); list != nullptr && list->is_array())
        for (const json::value& one : list->get_array())
          tried = tried || (one.is_string() && std::string_view(one.get_string()).starts_with(name + ":"));
    if (gone && !tried) {
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
      std::printf("%s has ended after %ld ms\n", name.c_str(), static_cast<long>(took.count()));
      co_return kApplied;
    }
    co_await pause(executor, kLookAgainAfter);
  }
  std::fprintf(stderr, "holdfast: %s is deleted, and not all of it is put back yet\n", name.c_str());
  co_return kNotApplied;
}

}  // namespace

int try_command(const TryOptions& options) {
  return run_in_session(options.cluster, kTrouble,
                        [&](asio::any_io_executor executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          Try attempt(std::move(executor), session, options);
                          co_return co_await attempt.run();
                        });
}

int drop_command(const OverrideOptions& options) {
  return run_in_session(options.cluster, kTrouble,
                        [&](asio::any_io_executor executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          co_return co_await drop(std::move(executor), &session, options.name);
                        });
}

}  // namespace holdfast
