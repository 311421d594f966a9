// `holdfast suspend`, `resume` and `reconcile`: one change of an Application object, and then until the daemon has met
// it.
#include <spdlog/fmt/fmt.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <utility>

#include "app/application_lookup.h"
#include "app/application_verbs.h"
#include "app/cluster_session.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/duration.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int kReached = 0, kNotReached = 1, kTrouble = 2;
constexpr auto kLookAgain = 200ms;

void say(const std::string& text) { std::fprintf(stderr, "holdfast: %s\n", text.c_str()); }

struct Change {
  json::object patch;
  std::string done;  // "suspended"
  // Whether the daemon has met it, and with which exit code; nothing: not yet.
  std::function<std::optional<int>(const json::value& object)> met;
};

std::int64_t number_at(const json::value& object, std::initializer_list<std::string_view> path) {
  const json::value* value = find(object, path);
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

bool is_observed(const json::value& object) {
  return number_at(object, {"status", "observedGeneration"}) == number_at(object, {"metadata", "generation"});
}

asio::awaitable<Result<json::value>> write(ApiServer& api, json::value object, json::object patch) {
  ApiRequest request;
  request.method = Method::Patch;
  request.target = application_path(object) + "?fieldManager=holdfast-cli";
  request.content_type = "application/merge-patch+json";
  request.body = to_json(json::value(std::move(patch)));
  co_return co_await ask_json(api, std::move(request));
}

asio::awaitable<Result<int>> wait_for(asio::any_io_executor executor, ApiServer& api, json::value object, Change change,
                                      std::chrono::seconds timeout) {
  Timer timer(executor);
  const auto end = Clock::now() + timeout;
  while (true) {
    Result<json::value> now = co_await read_application_object(api, object);
    if (!now) co_return std::unexpected(now.error());
    const ShownCondition ready = application_condition(*now, "Ready");
    if (const auto code = change.met(*now)) {
      std::printf("%s: %s\n", application_shown(*now).c_str(), ready.message.c_str());
      co_return *code;
    }
    if (Clock::now() >= end) {
      const bool met = is_observed(*now) && !ready.message.empty();
      say(fmt::format(
          "{} is {}, but not ready within {}: {}", application_shown(object), change.done, to_duration_text(timeout),
          met ? ready.message : "the daemon has not looked at it; is it running? (--no-wait does not wait for it)"));
      co_return kNotReached;
    }
    timer.expires_at(Clock::now() + kLookAgain);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

// What applies the Application itself would take the change back.
void warn_of_owner(const json::value& object) {
  if (!string_at(object, {"metadata", "labels", "applyset.kubernetes.io/part-of"}).empty())
    say(application_shown(object) + " is itself applied from Git, which puts this back: say it there");
}

int change_one(const ApplicationVerbOptions& options, const std::function<Change()>& make, bool warns) {
  return run_in_session(
      options.cluster, kTrouble,
      [&](asio::any_io_executor executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
        std::string name = options.name, namespace_ = options.cluster.namespace_;
        Result<json::value> object = co_await find_application(*session.client, std::move(name), std::move(namespace_));
        if (!object) co_return std::unexpected(object.error());
        if (warns) warn_of_owner(*object);
        Change change = make();
        json::object patch = change.patch;
        json::value subject = *object;
        const Result<json::value> written = co_await write(*session.client, std::move(subject), std::move(patch));
        if (!written) co_return std::unexpected(written.error());
        if (options.no_wait) {
          std::printf("%s %s\n", application_shown(*object).c_str(), change.done.c_str());
          co_return kReached;
        }
        json::value subject_again = *object;
        co_return co_await wait_for(std::move(executor), *session.client, std::move(subject_again), std::move(change),
                                    options.timeout);
      });
}

// Told by its condition: 0 where all is applied, 1 where it needs somebody; nothing while it is under way.
std::optional<int> standing(const json::value& object) {
  const ShownCondition ready = application_condition(object, "Ready");
  if (ready.status == "True") return kReached;
  if (application_condition(object, "Stalled").status == "True") return kNotReached;
  return std::nullopt;
}

}  // namespace

int suspend_command(const ApplicationVerbOptions& options) {
  return change_one(
      options,
      [] {
        return Change{
            {{"spec", {{"suspend", true}}}}, "suspended", [](const json::value& object) -> std::optional<int> {
              const bool met = is_observed(object) && application_condition(object, "Ready").reason == "Suspended";
              return met ? std::optional(kReached) : std::nullopt;
            }};
      },
      true);
}

int resume_command(const ApplicationVerbOptions& options) {
  return change_one(
      options,
      [] {
        return Change{{{"spec", {{"suspend", false}}}}, "resumed", [](const json::value& object) -> std::optional<int> {
                        if (!is_observed(object) || application_condition(object, "Ready").reason == "Suspended")
                          return std::nullopt;
                        return standing(object);
                      }};
      },
      true);
}

int reconcile_command(const ApplicationVerbOptions& options) {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const std::string when = fmt::format("{}", std::chrono::duration_cast<std::chrono::microseconds>(since).count());
  return change_one(
      options,
      [&] {
        return Change{{{"metadata", {{"annotations", {{"reconcile.fluxcd.io/requestedAt", when}}}}}},
                      "asked to look at its source",
                      [when](const json::value& object) -> std::optional<int> {
                        if (application_condition(object, "Ready").reason == "Suspended") return kNotReached;
                        if (string_at(object, {"status", "lastHandledReconcileAt"}) != when) return std::nullopt;
                        return standing(object);
                      }};
      },
      false);
}

}  // namespace holdfast
