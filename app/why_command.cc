// `holdfast why`: who owns each field of an object, and which line of which commit declares it.
#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <optional>

#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/object_query.h"
#include "app/progress.h"
#include "app/wanted_applications.h"
#include "app/why_report.h"
#include "app/yaml_text.h"
#include "engine/adoption.h"
#include "engine/deletion.h"
#include "engine/inventory_keeper.h"
#include "engine/verdict.h"
#include "holdfast/model/api_status.h"
#include "holdfast/model/json.h"
#include "sources/git_url.h"
#include "sources/source.h"
#include "watchers/discovery.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr int kTold = 0, kNothingThere = 1, kTrouble = 2;

void say(const std::string& text) { std::fprintf(stderr, "holdfast: %s\n", text.c_str()); }

// On a terminal, for as long as it lives: the first time may take a while.
class Note {
 public:
  explicit Note(const std::string& text) {
    if (shown_) std::fprintf(stderr, "%s ...", text.c_str());
  }
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;
  ~Note() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

 private:
  bool shown_ = Progress::on_terminal();
};

// A desired object, and the application that wants it.
struct Declared {
  const WantedApplication* application = nullptr;
  const Desired* desired = nullptr;
};

class Why {
 public:
  Why(asio::any_io_executor executor, ClusterSession& session, const WhyOptions& options)
      : executor_(std::move(executor)), api_(*session.client), session_(session), options_(options) {}

  asio::awaitable<Result<int>> run() {
    const auto query = parse_object_query(options_.words);
    if (!query) co_return std::unexpected(query.error());
    if (const Result<void> narrowed = narrow(query->field); !narrowed) co_return std::unexpected(narrowed.error());
    const Result<ApiCatalog> catalog = co_await discover(api_);
    if (!catalog) co_return std::unexpected(catalog.error());
    const auto types = find_types(*catalog, query->kind);
    if (types.empty())
      co_return fail(ErrorKind::NotFound, "the API server has no type " + query->kind, session_.server,
                     "`kubectl api-resources` lists those that it has");
    if (Result<void> read = co_await read_git(*catalog); !read) co_return std::unexpected(read.error());
    Result<std::optional<json::value>> live = co_await find(types, query->name);
    if (!live) co_return std::unexpected(live.error());
    if (!*live && declared_.desired == nullptr) co_return nothing_there(*query);
    co_return co_await tell(std::move(*live));
  }

 private:
  Result<void> narrow(const std::string& field) {
    if (field.empty()) return {};
    auto pattern = FieldPattern::parse(field);
    if (!pattern) return std::unexpected(pattern.error());
    pattern_ = std::move(*pattern);
    return {};
  }

  asio::awaitable<Result<void>> read_git(const ApiCatalog& catalog) {
    if (options_.run.config.empty() && options_.run.application.repo.empty()) {
      no_git_ = "nothing is known of Git: name it by --repo and --path, or by --config";
      co_return Result<void>();
    }
    SetupContext context{options_.run.cluster.installation, session_.namespace_, options_.run.application.cache_dir,
                         false, session_.values.get()};
    context.programs = programs_of(options_.run.application);
    Result<ReadApplications> read =
        co_await read_applications(executor_, options_.run, std::move(context), Sources::Kept);
    if (!read) co_return std::unexpected(read.error());
    for (const std::string& note : read->notes) say(note);
    for (const Error& failure : read->failures) say(describe(failure));
    if (!read->failures.empty())
      no_git_ = "not all of Git could be read, so that something may declare it all the same";
    read_ = std::move(*read);
    prepare_all(read_.applications, catalog);
    co_return Result<void>();
  }

  // The first type that has such an object, in Git or in the cluster. Of an object in a namespace: the one that was
  // named; without one, where Git has it just once, there.
  asio::awaitable<Result<std::optional<json::value>>> find(std::vector<const ApiResource*> types, std::string name) {
    for (const ApiResource* type : types) {
      key_ = {type->gvk.group, type->gvk.kind, type->namespaced ? session_.namespace_ : std::string(), name};
      resource_ = *type;
      declared_ = declared(key_);
      if (declared_.desired == nullptr && options_.run.cluster.namespace_.empty()) take_only_one(*type, name);
      if (declared_.desired != nullptr) resource_ = declared_.desired->resource;
      Result<std::optional<json::value>> live = co_await get();
      if (!live || *live || declared_.desired != nullptr) co_return live;
    }
    co_return std::optional<json::value>();
  }

  [[nodiscard]] Declared declared(const ObjectKey& key) const {
    for (const auto& application : read_.applications) {
      if (!application->chosen) continue;
      if (const auto found = application->prepared.desired.find(key); found != application->prepared.desired.end())
        return {application.get(), &found->second};
    }
    return {};
  }

  void take_only_one(const ApiResource& type, const std::string& name) {
    std::vector<ObjectKey> keys;
    for (const auto& application : read_.applications)
      for (const auto& [key, desired] : application->prepared.desired)
        if (application->chosen && key.group_kind() == type.gvk.group_kind() && key.name == name) keys.push_back(key);
    if (keys.size() != 1) return;
    key_ = keys.front();
    declared_ = declared(key_);
  }

  asio::awaitable<Result<std::optional<json::value>>> get() {
    ApiRequest request;
    request.target = resource_path(resource_, key_.namespace_, key_.name);
    const Result<ApiResponse> response = co_await api_.send(std::move(request));
    if (!response) co_return std::unexpected(response.error());
    if (response->status == 404) co_return std::optional<json::value>();
    if (response->status != 200)
      co_return std::unexpected(
          to_error(parse_api_status(response->status, response->content_type, response->body), to_string(key_)));
    Result<json::value> body = parse_json(response->body);
    if (!body) co_return std::unexpected(body.error());
    co_return std::optional(std::move(*body));
  }

  int nothing_there(const ObjectQuery& query) const {
    const std::string where = key_.namespace_.empty() ? std::string() : " in the namespace " + key_.namespace_;
    say("there is no " + query.kind + " " + query.name + where + (no_git_.empty() ? ", and Git declares none" : "") +
        " (-n names another namespace)");
    if (!no_git_.empty()) say(no_git_);
    return kNothingThere;
  }

  asio::awaitable<Result<int>> tell(std::optional<json::value> live) {
    WhyReport report;
    report.key = key_;
    report.in_cluster = live.has_value();
    report.no_git = why_no_git();
    if (declared_.application != nullptr) report.application = declared_.application->setup.name;
    if (live) {
      report.terminating = !string_at(*live, {"metadata", "deletionTimestamp"}).empty();
      if (report.terminating) report.held_up_by = what_holds_up(*live);
      if (declared_.desired != nullptr) report.untouched = co_await why_untouched(*live);
      Result<std::vector<FieldAccount>> fields = account(*live, report.untouched);
      if (!fields) co_return std::unexpected(fields.error());
      report.fields = std::move(*fields);
    }
    if (!live) report.about_absence = about_absence(*declared_.desired, declared_.application->setup.policies);
    if (declared_.desired != nullptr) co_await trace(&report);
    report.one_field = pattern_ && report.fields.size() == 1;
    print(report);
    if (std::fflush(stdout) != 0) co_return fail(ErrorKind::Internal, "the result cannot be written");
    if (live && report.fields.empty() && pattern_) {
      say("neither the object nor Git has a field " + pattern_->text());
      co_return kNothingThere;
    }
    co_return live ? kTold : kNothingThere;
  }

  // What stands against knowing more of Git; empty where it declares the object.
  [[nodiscard]] std::string why_no_git() const {
    if (declared_.desired != nullptr) return {};
    for (const auto& application : read_.applications)
      if (application->prepared.left_alone.contains(key_))
        return "Git declares it in the application " + application->setup.name +
               ", and an annotation there says that it is left alone";
    return no_git_.empty() ? "Git does not declare it" : no_git_;
  }

  // As the daemon would judge whose it is (correctness D15).
  asio::awaitable<std::string> why_untouched(json::value live) {
    const ApplicationSetup& setup = declared_.application->setup;
    const Ownership ownership = ownership_of(live);
    const OwnerState state = is_let_go(ownership.applyset) ? OwnerState::LetGo : OwnerState::Other;
    if (const auto owner = other_owner(ownership, setup.prepare.applyset_id, setup.prepare.installation, state))
      co_return "it belongs to " + *owner;
    if (ownership.applyset == setup.prepare.applyset_id || state == OwnerState::LetGo || setup.adopt)
      co_return std::string();
    InventoryKeeper inventory(api_, setup.inventory);
    if (const Result<void> loaded = co_await inventory.load(); !loaded) {
      say(describe(loaded.error()));
      co_return std::string();
    }
    const Uid* const known = inventory.uid(key_);
    if (known != nullptr && !known->empty()) co_return std::string();
    const auto tool = managing_tool(live);
    co_return (tool ? "it is managed by " + *tool : std::string("it was there before this application")) +
        "; --adopt takes it over";
  }

  // Another application that was read has the object, and wants it no longer.
  [[nodiscard]] bool is_let_go(const std::string& applyset) const {
    return std::ranges::any_of(read_.applications, [&](const auto& application) {
      return application->setup.prepare.applyset_id == applyset && application.get() != declared_.application &&
             !application->prepared.desired.contains(key_);
    });
  }

  Result<std::vector<FieldAccount>> account(const json::value& live, const std::string& untouched) const {
    AccountQuestion question;
    question.untouched = untouched;
    question.desired = declared_.desired;
    question.git_is_known = no_git_.empty() || declared_.desired != nullptr;
    question.manager = FieldManager{"holdfast"};
    if (declared_.application != nullptr) {
      question.yield_rules = &declared_.application->setup.yield_rules;
      question.policies = &declared_.application->setup.policies;
      question.manager = declared_.application->setup.prepare.manager;
    }
    question.narrowed_to = pattern_ ? &*pattern_ : nullptr;
    return account_for(live, question);
  }

  asio::awaitable<void> trace(WhyReport* report) {
    TraceRequest request{declared_.desired->origin, key_.kind, key_.name, {FieldPath()}};
    for (const FieldAccount& field : report->fields)
      if (!field.desired_text.empty() || (field.owners.empty() && !field.about.empty()))
        request.fields.push_back(field.path);
    const Note note("reading the history of " + without_credentials(declared_.application->setup.source.repo));
    Result<ObjectOrigin> origin = co_await declared_.application->source->trace(std::move(request));
    if (origin)
      report->origin = std::move(*origin);
    else
      report->no_origin = describe(origin.error());
  }

  void print(const WhyReport& report) const {
    std::string text;
    switch (options_.output) {
      case WhyOutput::Text:
        text = why_text(report);
        break;
      case WhyOutput::Json:
        text = to_json(why_document(report)) + "\n";
        break;
      case WhyOutput::Yaml:
        text = yaml_text(why_document(report));
        break;
    }
    std::fputs(text.c_str(), stdout);
  }

  asio::any_io_executor executor_;
  ApiServer& api_;
  ClusterSession& session_;
  const WhyOptions& options_;
  std::optional<FieldPattern> pattern_;
  ReadApplications read_;
  std::string no_git_;
  ObjectKey key_;
  ApiResource resource_;
  Declared declared_;
};

}  // namespace

int why_command(const WhyOptions& options) {
  return run_in_session(options.run.cluster, kTrouble,
                        [&](asio::any_io_executor executor, ClusterSession& session) -> asio::awaitable<Result<int>> {
                          Why why(std::move(executor), session, options);
                          co_return co_await why.run();
                        });
}

}  // namespace holdfast
