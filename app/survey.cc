#include "app/survey.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "engine/inventory_record.h"
#include "engine/outcome.h"
#include "holdfast/base/log.h"
#include "holdfast/model/api_status.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kSchemaPatience = 20s;  // then the server is asked about what could have been proven
constexpr auto kTurnPatience = 10min;  // for one of many requests
constexpr std::size_t kLooksAtOnce = 64;
constexpr int kMostLooks = 3;       // at an object that changes meanwhile
constexpr int kMostAttempts = 5;    // at a server that is busy
constexpr auto kLongestWait = 30s;  // between them

double no_jitter() { return 0.5; }

// What comes out of a list says neither kind nor apiVersion (V44).
Result<json::value> body_of(const LiveObject& live) {
  Result<json::value> body = parse_json(live.body);
  if (!body || !body->is_object()) return fail(ErrorKind::Protocol, "not a JSON object", to_string(live.key));
  body->get_object()["apiVersion"] = live.gvk.api_version();
  body->get_object()["kind"] = live.gvk.kind;
  return body;
}

bool is_namespace(const Desired& desired) { return desired.key.kind == "Namespace" && desired.key.group.empty(); }

bool carries_label(const json::value& body, const std::string& installation) {
  return string_at(body, {"metadata", "labels", kInstallationLabel}) == installation;
}

}  // namespace

struct Survey::Looked {
  WantedApplication* wanted;
  InventoryState inventory;
  bool known = false;     // its inventory was read
  bool recorded = false;  // what is wanted is what was brought about last
  ApplicationSnapshot snapshot;
  std::map<ObjectKey, bool> hooks_done;
};

Survey::Survey(asio::any_io_executor executor, asio::any_io_executor parser, ApiServer& api, const ApiCatalog& catalog,
               const WantedApplications& applications, std::string installation, ObjectAccess* access)
    : executor_(executor),
      api_(api),
      catalog_(catalog),
      applications_(applications),
      installation_(std::move(installation)),
      access_(access),
      gate_(std::make_shared<Gate>(executor, kRequestsAtOnce)),
      looks_(std::make_shared<Gate>(executor, kLooksAtOnce)),
      schemas_(executor, std::move(parser), api, *this, no_jitter),
      changed_(executor),
      tasks_(executor),
      schema_task_(executor) {
  for (const auto& wanted : applications_)
    if (wanted->chosen) looked_.push_back(std::make_unique<Looked>(Looked{wanted.get(), {}, false, false, {}, {}}));
}

Survey::~Survey() = default;

void Survey::schema_failed(const Error& error) {
  log(LogLevel::Debug, "schema-failed", "objects are asked about instead: " + describe(error));
}

asio::awaitable<std::vector<ApplicationSnapshot>> Survey::look() {
  for (const auto& looked : looked_) tasks_.spawn(load_inventory(looked.get()));
  co_await tasks_.join();
  std::erase_if(looked_, [](const auto& looked) { return !looked->known; });
  schema_task_.spawn(schemas_.run());
  co_await list_types();
  co_await await_schemas();
  for (const bool homes : {true, false}) {  // what is in a namespace that is to come need not be asked about
    for (const auto& looked : looked_)
      for (const auto& [key, desired] : looked->wanted->prepared.desired)
        if (is_namespace(desired) == homes) tasks_.spawn(look_at(looked.get(), &desired));
    co_await tasks_.join();
  }
  for (const auto& looked : looked_)
    for (const ObjectKey& key : keys_left(*looked)) tasks_.spawn(look_at_left(looked.get(), key));
  co_await tasks_.join();
  schemas_.stop();
  co_await schema_task_.join();
  std::vector<ApplicationSnapshot> snapshot;
  snapshot.reserve(looked_.size());
  for (const auto& looked : looked_) snapshot.push_back(looked->snapshot);
  co_return snapshot;
}

const InventoryState& Survey::inventory(const ApplicationSnapshot& application) const {
  const auto found = std::ranges::find_if(
      looked_, [&](const auto& looked) { return &looked->inventory.inventory == application.inventory; });
  return (*found)->inventory;
}

asio::awaitable<void> Survey::load_inventory(Looked* looked) {
  const ApplicationSetup& setup = looked->wanted->setup;
  InventoryKeeper keeper(api_, setup.inventory);
  const Result<void> loaded = co_await keeper.load();
  if (!loaded) {
    failures_.push_back(loaded.error());
    co_return;
  }
  looked->inventory = {keeper.inventory(), keeper.record_uid(), keeper.record_version()};
  looked->known = true;
  const ManifestSetPtr wanted = as_recorded(looked->wanted->manifests, keeper.inventory());
  looked->recorded = wanted->revision == keeper.inventory().revision;
  // Hooks have names of their revision.
  if (wanted != looked->wanted->manifests) looked->wanted->prepared = prepare(*wanted, catalog_, setup.prepare);
  ApplicationSnapshot& snapshot = looked->snapshot;
  snapshot.name = setup.name;
  snapshot.namespace_ = setup.inventory.namespace_;
  snapshot.revision = looked->wanted->manifests->revision;
  snapshot.depends_on = setup.depends_on;
  snapshot.prepared = &looked->wanted->prepared;
  snapshot.inventory = &looked->inventory.inventory;
  snapshot.options = &setup.prepare;
  snapshot.prune = setup.prune;
  for (const auto& [key, desired] : looked->wanted->prepared.desired)
    if (keeper.hook_recorded(key) && keeper.hook(key)->making == desired.making) looked->hooks_done[key] = true;
}

asio::awaitable<void> Survey::list_types() {
  std::map<GroupVersionKind, ApiResource> types;
  for (const auto& looked : looked_) {
    for (const auto& [key, desired] : looked->wanted->prepared.desired) {
      types.emplace(desired.resource.gvk, desired.resource);
      schemas_.want(desired.resource.gvk);
    }
    for (const auto& [key, uid] : looked->inventory.inventory.entries) {
      const bool listed =
          std::ranges::any_of(types, [&](const auto& type) { return type.first.group_kind() == key.group_kind(); });
      const ApiResource* const served = listed ? nullptr : catalog_.find(key.group_kind());
      if (served != nullptr) types.emplace(served->gvk, *served);
    }
  }
  for (const auto& [gvk, resource] : types) tasks_.spawn(list_type(resource));
  co_await tasks_.join();
}

asio::awaitable<void> Survey::list_type(ApiResource resource) {
  std::set<std::string> namespaces;
  for (const auto& looked : looked_) {
    for (const auto& [key, desired] : looked->wanted->prepared.desired)
      if (desired.resource.gvk == resource.gvk) namespaces.insert(key.namespace_);
    for (const auto& [key, uid] : looked->inventory.inventory.entries)
      if (key.group_kind() == resource.gvk.group_kind()) namespaces.insert(key.namespace_);
  }
  const GroupVersionKind gvk = resource.gvk;
  const Result<Gate::Pass> pass = co_await gate_->enter(Clock::now() + kTurnPatience);
  if (!pass) {
    listed_.insert_or_assign(gvk, Result<LiveObjects>(std::unexpected(pass.error())));
    co_return;
  }
  Result<LiveObjects> objects = co_await list_live(api_, std::move(resource), installation_, std::move(namespaces));
  listed_.insert_or_assign(gvk, std::move(objects));
}

// Without one, every object of its type costs a request.
asio::awaitable<void> Survey::await_schemas() {
  const auto deadline = Clock::now() + kSchemaPatience;
  const auto coming = [this] {
    return std::ranges::any_of(listed_, [this](const auto& listed) {
      return listed.second && !listed.second->empty() && schemas_.type_of(listed.first).coming;
    });
  };
  while (coming() && Clock::now() < deadline) {
    changed_.expires_at(deadline);
    co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

bool Survey::brings_namespace(const std::string& name) const {
  return std::ranges::any_of(applications_, [&](const auto& wanted) {
    return wanted->prepared.desired.contains(ObjectKey{"", "Namespace", "", name});
  });
}

Circumstances Survey::circumstances(const Looked& looked, const Desired& desired, const Seen& seen) const {
  const ApplicationSetup& setup = looked.wanted->setup;
  const Inventory& inventory = looked.inventory.inventory;
  Circumstances known;
  known.prepare = &setup.prepare;
  known.yield_rules = &setup.yield_rules;
  known.policies = &setup.policies;
  known.adopt = setup.adopt;
  if (const auto entry = inventory.entries.find(desired.key); entry != inventory.entries.end())
    known.known_uid = &entry->second;
  known.revision_recorded = looked.recorded;
  known.hook_done = looked.hooks_done.contains(desired.key);
  known.home_comes = missing_homes_.contains(desired.key.namespace_);
  if (seen.body.is_null()) return known;
  known.type = schemas_.type_of(desired.resource.gvk).type.get();  // which the cache keeps
  const std::string_view set = string_at(seen.body, {"metadata", "labels", kApplySetLabel});
  for (const auto& other : applications_) {
    const bool is_other = other.get() != looked.wanted && other->setup.prepare.applyset_id == set;
    if (!is_other || other->prepared.desired.contains(desired.key)) continue;
    known.owner = OwnerState::LetGo;
    known.leaves = other->setup.name;
  }
  return known;
}

// So many bodies are in memory at once beside those that were listed, which go as they are looked at.
asio::awaitable<void> Survey::look_at(Looked* looked, const Desired* desired) {
  const Result<Gate::Pass> place = co_await looks_->enter(Clock::time_point::max());
  Finding finding = co_await find(looked, desired);
  if (is_namespace(*desired) && finding.kind == FindingKind::Create) missing_homes_.insert(desired->key.name);
  looked->snapshot.findings.insert_or_assign(desired->key, std::move(finding));
}

asio::awaitable<Result<void>> Survey::may_see(ApiResource resource, ObjectKey key) {
  if (access_ == nullptr) co_return Result<void>();
  const Result<Gate::Pass> pass = co_await gate_->enter(Clock::now() + kTurnPatience);
  if (!pass) co_return std::unexpected(pass.error());
  co_return co_await access_->may_see(std::move(resource), std::move(key));
}

// What the lists show of it. Forbidden, where we may not list its type.
Result<Seen> Survey::take_listed(const Desired& desired) {
  const auto listed = listed_.find(desired.resource.gvk);
  if (listed == listed_.end()) return fail(ErrorKind::Internal, "its type was not listed");
  if (!listed->second) return std::unexpected(listed->second.error());
  const auto live = listed->second->find(desired.key);
  if (live == listed->second->end()) return Seen{};
  Result<json::value> body = body_of(*live->second);
  if (!body) return std::unexpected(body.error());
  listed->second->erase(live);
  return Seen{std::move(*body), true};
}

asio::awaitable<Finding> Survey::find(Looked* looked, const Desired* desired) {
  const Result<void> allowed = co_await may_see(desired->resource, desired->key);
  if (!allowed) {
    const bool forbidden = allowed.error().kind == ErrorKind::Forbidden;
    co_return Finding{forbidden ? FindingKind::Refuse : FindingKind::Unknown, describe(allowed.error())};
  }
  Result<Seen> first = take_listed(*desired);
  if (!first && first.error().kind == ErrorKind::Forbidden) first = co_await read_live(desired);
  if (!first) co_return Finding{FindingKind::Unknown, describe(first.error())};
  Seen seen = std::move(*first);
  for (int look = 0; look < kMostLooks; ++look) {
    std::variant<Finding, Question> considered = consider(*desired, seen, circumstances(*looked, *desired, seen));
    if (Finding* const finding = std::get_if<Finding>(&considered)) co_return std::move(*finding);
    Question question = std::move(std::get<Question>(considered));
    if (!question.why.empty()) log(LogLevel::Debug, "asking", to_string(desired->key) + ": " + question.why);
    std::optional<Finding> finding = co_await ask(looked, &question, &seen);
    if (finding) co_return std::move(*finding);
    Result<Seen> now = co_await read_live(desired);
    if (!now) co_return Finding{FindingKind::Unknown, describe(now.error())};
    seen = std::move(*now);
  }
  co_return Finding{FindingKind::Unknown, "it changes faster than it can be looked at; try again"};
}

// Nothing: look again.
asio::awaitable<std::optional<Finding>> Survey::ask(const Looked* looked, const Question* question, const Seen* seen) {
  const FieldManager& manager = looked->wanted->setup.prepare.manager;
  ApiRequest request = to_request(*question, manager);
  const Result<ApiResponse> answer = co_await send(std::move(request));
  if (!answer) co_return Finding{FindingKind::Unknown, describe(answer.error())};
  const std::string& home = question->form.key.namespace_;
  if (seen->body.is_null() && brings_namespace(home) &&
      classify_apply(*answer).outcome == ApplyOutcome::NamespaceMissing) {
    missing_homes_.insert(home);
    co_return std::nullopt;
  }
  std::optional<Finding> finding = conclude(*question, *seen, *answer, manager);
  if (!finding) co_return std::nullopt;
  const std::optional<Question> trial = replacement_question(*question, *seen, *finding);
  if (!trial) co_return finding;
  ApiRequest try_out = to_request(*trial, manager);
  const Result<ApiResponse> tried = co_await send(std::move(try_out));
  if (!tried) co_return Finding{FindingKind::Unknown, describe(tried.error())};
  co_return conclude_replacement(std::move(*finding), *tried);
}

asio::awaitable<Result<ApiResponse>> Survey::send(ApiRequest request) {
  for (int attempt = 1;; ++attempt) {
    Result<Gate::Pass> pass = co_await gate_->enter(Clock::now() + kTurnPatience);
    if (!pass) co_return std::unexpected(pass.error());
    ApiRequest sending = request;
    Result<ApiResponse> answer = co_await api_.send(std::move(sending));
    const bool busy = answer && (answer->status == 429 || answer->status == 503);
    if (!busy || attempt == kMostAttempts) co_return answer;
    *pass = Gate::Pass();
    const auto wait = std::clamp<std::chrono::seconds>(answer->retry_after.value_or(1s), 1s, kLongestWait);
    Timer pause(executor_, Clock::now() + wait);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<Result<Seen>> Survey::read_live(const Desired* desired) {
  ApiRequest request;
  request.target = resource_path(desired->resource, desired->key.namespace_, desired->key.name);
  const Result<ApiResponse> answer = co_await send(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  if (says_no_such_object(*answer)) co_return Seen{};
  if (answer->status != 200)
    co_return std::unexpected(
        to_error(parse_api_status(answer->status, answer->content_type, answer->body), to_string(desired->key)));
  Result<json::value> body = parse_json(answer->body);
  if (!body) co_return std::unexpected(body.error());
  const bool labelled = carries_label(*body, installation_);
  co_return Seen{std::move(*body), labelled};
}

// What the inventory has and Git no longer does; notes what moves elsewhere.
std::set<ObjectKey> Survey::keys_left(Looked& looked) const {
  std::set<ObjectKey> left;
  const PreparedSet& own = looked.wanted->prepared;
  for (const auto& [key, uid] : looked.inventory.inventory.entries) {
    if (own.desired.contains(key) || own.left_alone.contains(key)) continue;
    const auto wants = [&](const auto& other) {
      return other.get() != looked.wanted && other->prepared.desired.contains(key);
    };
    const auto other = std::ranges::find_if(applications_, wants);
    if (other != applications_.end())
      looked.snapshot.moves.emplace(key, (*other)->setup.name);
    else
      left.insert(key);
  }
  return left;
}

asio::awaitable<void> Survey::look_at_left(Looked* looked, ObjectKey key) {
  ApplicationSnapshot& snapshot = looked->snapshot;
  const ApiResource* const served = catalog_.find(key.group_kind());
  if (served == nullptr) {
    if (catalog_.unknown_groups.contains(key.group))
      snapshot.left_unknown.emplace(key, Error{ErrorKind::Busy, "its API group cannot be asked now"});
    co_return;
  }
  const GroupVersionKind gvk = served->gvk;
  ApiRequest request;  // it is gone, or has lost its label
  request.target = resource_path(*served, key.namespace_, key.name);
  const Result<void> allowed = co_await may_see(*served, key);
  if (!allowed) {
    snapshot.left_unknown.emplace(key, allowed.error());
    co_return;
  }
  for (const auto& [listed, objects] : listed_) {
    if (listed.group_kind() != key.group_kind() || !objects) continue;
    if (const auto live = objects->find(key); live != objects->end()) {
      snapshot.left.emplace(key, live->second);
      co_return;
    }
  }
  const Result<ApiResponse> answer = co_await send(std::move(request));
  if (answer && says_no_such_object(*answer)) co_return;
  Result<LivePtr> found = fail(ErrorKind::Busy, "cannot be read before pruning");
  if (answer && answer->status == 200) found = read_live_object(std::string_view(answer->body), gvk);
  if (found)
    snapshot.left.emplace(key, *found);
  else
    snapshot.left_unknown.emplace(key, answer ? found.error() : answer.error());
}

}  // namespace holdfast
