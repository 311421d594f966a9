#include "app/takeover_command.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <utility>

#include "app/application_lookup.h"
#include "app/cluster_session.h"
#include "app/own_definitions.h"
#include "app/takeover_plan.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/duration.h"
#include "holdfast/model/api_status.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kLookAgain = 500ms;  // while something is waited for
constexpr int kMostConflicts = 20;  // one after the other, each with another version of the object

constexpr const char* kNoEquivalent = "it has no equivalent as a whole";

void say(const std::string& text) {
  std::fprintf(stderr, "holdfast: %s\n", text.c_str());
  std::fflush(stderr);
}

class Takeover {
 public:
  Takeover(asio::any_io_executor executor, ApiServer& api, ImportOptions options)
      : timer_(executor), api_(api), options_(std::move(options)) {}

  // Sets aside what cannot be taken over, and says why.
  void choose(ImportInput& input, Imported& imported) {
    for (ImportedDocument& document : imported.documents) {
      const json::value* object = nullptr;
      for (const json::value& each : input.objects)
        if (foreign_name(each) == document.from) object = &each;
      const ApiResource* const resource =
          object == nullptr
              ? nullptr
              : input.catalog.find(make_gvk(string_at(*object, {"apiVersion"}), string_at(*object, {"kind"})));
      if (object == nullptr || resource == nullptr) continue;
      TakeoverSubject subject{document.from, *resource, document.object, *object, {}, false, {}};
      json::object& spec = subject.application["spec"].as_object();
      spec["adopt"] = true;
      for (const char* waits : {"suspend", "policy"}) spec.erase(waits);  // who takes it over wants it held
      losses_[document.from] = losses_of(document);
      subjects_.push_back(std::move(subject));
    }
    find_children(subjects_);
    std::erase_if(subjects_, [&](const TakeoverSubject& subject) { return !wanted(subject); });
  }

  asio::awaitable<Result<int>> run() {
    for (const TakeoverSubject& subject : subjects_)
      if (const std::string why = hindered(subject); !why.empty()) {
        say(why);
        hindered_ = true;
      }
    std::erase_if(subjects_, [&](const TakeoverSubject& subject) { return !hindered(subject).empty(); });
    int conflicts = 0;
    while (true) {
      if (Result<void> read = co_await look(); !read) co_return std::unexpected(read.error());
      const std::vector<TakeoverStep> plan = takeover_plan(subjects_);
      if (options_.dry_run) co_return print(plan);
      if (plan.empty()) co_return finished();
      const TakeoverStep& step = plan.front();
      if (!step.request) {
        if (Result<bool> waited = co_await wait_a_little(step); !waited || !*waited)
          co_return waited ? Result<int>(1) : std::unexpected(waited.error());
        continue;
      }
      Result<bool> done = co_await perform(step);
      if (!done) co_return std::unexpected(done.error());
      conflicts = *done ? 0 : conflicts + 1;
      if (conflicts > kMostConflicts)
        co_return fail(ErrorKind::Conflict, "somebody else keeps writing to " + subjects_[step.subject].from, {},
                       "stop what does so, and run this again");
      if (*done && options_.one_step) co_return 1;
    }
  }

 private:
  static std::string losses_of(const ImportedDocument& document) {
    if (!document.complete) return kNoEquivalent;
    std::string text;
    const json::value* suspended = find(document.object, {"spec", "suspend"});
    if ((suspended != nullptr && suspended->is_bool() && suspended->get_bool()) ||
        string_at(document.object, {"spec", "policy"}) == "Approve")
      text = "it was suspended, or applied by hand alone, so what runs need not be what Git says";
    for (const ImportNote& note : document.notes)
      if (note.alters) text += (text.empty() ? "" : "; ") + to_string(note);
    return text;
  }

  [[nodiscard]] bool named(const TakeoverSubject& subject) const {
    if (options_.names.empty()) return true;
    const std::string whole = subject.from.substr(subject.from.find(' ') + 1);
    return std::ranges::any_of(options_.names, [&](const std::string& name) {
      return name == whole || name == whole.substr(whole.find('/') + 1) || name == subject.from;
    });
  }

  // Those that were named, and those that apply them.
  [[nodiscard]] bool wanted(const TakeoverSubject& subject) const {
    return named(subject) || std::ranges::any_of(subject.children, [&](const std::string& child) {
             return std::ranges::any_of(
                 subjects_, [&](const TakeoverSubject& other) { return other.from == child && named(other); });
           });
  }

  [[nodiscard]] std::string hindered(const TakeoverSubject& subject) const {
    if (const auto obstacle = takeover_obstacle(subject)) return *obstacle;
    const auto losses = losses_.find(subject.from);
    if (!subject.children.empty() || losses == losses_.end() || losses->second.empty()) return {};
    if (options_.despite_losses && losses->second != kNoEquivalent) return {};
    return fmt::format(
        "{} is not taken over, for other objects would come out: {} (--despite-losses does it all the "
        "same)",
        subject.from, losses->second);
  }

  // An object by its path; null: there is none.
  asio::awaitable<Result<json::value>> read(std::string target) {
    ApiRequest request;
    request.target = std::move(target);
    Result<json::value> body = co_await ask_json(api_, std::move(request));
    if (!body && body.error().kind == ErrorKind::NotFound) co_return json::value();
    co_return body;
  }

  asio::awaitable<Result<void>> look() {
    for (TakeoverSubject& subject : subjects_) {  // nobody else changes the list
      const auto target = [](const ApiResource& resource, const json::value& object) {
        return resource_path(resource, string_at(object, {"metadata", "namespace"}),
                             string_at(object, {"metadata", "name"}));
      };
      if (!subject.theirs.is_null()) {
        std::string path = target(subject.resource, subject.theirs);
        Result<json::value> theirs = co_await read(std::move(path));
        if (!theirs) co_return std::unexpected(theirs.error());
        // Another one that took its name is not the one that was imported.
        const bool same = string_at(*theirs, {"metadata", "uid"}) == string_at(subject.theirs, {"metadata", "uid"});
        subject.theirs = same ? *std::move(theirs) : json::value();
      }
      std::string path = target(application_resource(), json::value(subject.application));
      Result<json::value> ours = co_await read(std::move(path));
      if (!ours) co_return std::unexpected(ours.error());
      subject.ours = *std::move(ours);
    }
    co_return Result<void>{};
  }

  int print(const std::vector<TakeoverStep>& plan) const {
    std::size_t number = 0;
    for (const TakeoverStep& step : plan) {
      std::printf("%zu. %s\n", ++number, step.what.c_str());
      if (!step.undo.empty()) std::printf("   back: %s\n", step.undo.c_str());
    }
    tell_parents();
    if (plan.empty()) std::puts("nothing is left to do");
    return plan.empty() && !hindered_ ? 0 : 1;
  }

  void tell_parents() const {
    for (const TakeoverSubject& subject : subjects_)
      if (!subject.children.empty() && !subject.theirs.is_null())
        say(
            fmt::format("{} stays suspended, for it applies {}: commit that these are replaced by Applications, and "
                        "run this again",
                        subject.from, fmt::join(subject.children, ", ")));
  }

  [[nodiscard]] int finished() const {
    tell_parents();
    const bool parents = std::ranges::any_of(subjects_, [](const TakeoverSubject& subject) {
      return !subject.children.empty() && !subject.theirs.is_null();
    });
    if (!hindered_ && !parents) say("nothing is left to do");
    return hindered_ || parents ? 1 : 0;
  }

  // False: in vain.
  asio::awaitable<Result<bool>> wait_a_little(TakeoverStep step) {
    const auto now = Clock::now();
    if (waiting_for_ != step.what) {
      say(step.what);
      waiting_for_ = step.what;
      waiting_since_ = now;
    }
    if (now - waiting_since_ > options_.timeout) {
      const std::string why = application_condition(subjects_[step.subject].ours, "Ready").message;
      say(fmt::format("{}: not within {}{}{}; nothing is lost: correct it, and run this again", step.what,
                      to_duration_text(options_.timeout), why.empty() ? "" : ", for it says: ", why));
      co_return false;
    }
    timer_.expires_at(Clock::now() + kLookAgain);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return true;
  }

  // False: the object was another one meanwhile.
  asio::awaitable<Result<bool>> perform(TakeoverStep step) {
    ApiRequest request = *step.request;
    const std::string target = request.target;
    const Result<ApiResponse> response = co_await api_.send(std::move(request));
    if (!response) co_return std::unexpected(response.error());
    if (response->status == 409 || (step.act == TakeoverAct::Delete && response->status == 404)) co_return false;
    if (response->status / 100 != 2)
      co_return std::unexpected(
          to_error(parse_api_status(response->status, response->content_type, response->body), target));
    if (step.act == TakeoverAct::RemoveFinalizer) subjects_[step.subject].finalizer_removed = true;
    say("done: " + step.what);
    co_return true;
  }

  Timer timer_;
  ApiServer& api_;
  ImportOptions options_;
  std::vector<TakeoverSubject> subjects_;
  std::map<std::string, std::string> losses_;
  bool hindered_ = false;
  std::string waiting_for_;
  Clock::time_point waiting_since_;
};

}  // namespace

asio::awaitable<Result<int>> take_over(asio::any_io_executor executor, ApiServer& api, ImportInput input,
                                       Imported imported, ImportOptions options) {
  Takeover takeover(std::move(executor), api, std::move(options));
  takeover.choose(input, imported);
  co_return co_await takeover.run();
}

}  // namespace holdfast
