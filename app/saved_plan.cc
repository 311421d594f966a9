#include "app/saved_plan.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "app/plan_document.h"
#include "holdfast/base/file_descriptor.h"

namespace holdfast {
namespace {

constexpr std::size_t kMostBytes = 256UL * 1024 * 1024;
constexpr const char* kPlanAgain = "make a new one with holdfast plan --save";

// Relative to nowhere, so that the file may be applied from another folder.
std::string absolute(const std::string& path) {
  std::error_code failed;
  if (path.empty() || !std::filesystem::exists(path, failed)) return path;  // a URL, mostly
  const std::filesystem::path whole = std::filesystem::absolute(path, failed);
  return failed ? path : whole.lexically_normal().string();
}

// Each option once, for writing and for reading.
template <class Options, class Text, class Flag>
void each_option(Options& options, const Text& text, const Flag& flag) {
  text("kubeconfig", options.cluster.kubeconfig);
  text("context", options.cluster.context);
  text("installation", options.cluster.installation);
  text("namespace", options.cluster.namespace_);
  text("config", options.config);
  auto& application = options.application;
  text("repo", application.repo);
  text("ref", application.ref);
  text("path", application.path);
  text("name", application.name);
  text("inventoryNamespace", application.inventory_namespace);
  text("cacheDir", application.cache_dir);
  text("kustomizeProgram", application.kustomize_program);
  text("helmProgram", application.helm_program);
  text("gitUsername", application.git.username);
  text("gitPasswordFile", application.git.password_file);
  text("sshKey", application.git.ssh_key);
  text("knownHosts", application.git.known_hosts);
  text("gitCaFile", application.git.ca_file);
  flag("files", application.files);
  flag("adopt", application.adopt);
  flag("moveSource", application.move_source);
}

json::object options_document(RunOptions options) {
  for (std::string* path :
       {&options.cluster.kubeconfig, &options.config, &options.application.repo, &options.application.cache_dir,
        &options.application.git.password_file, &options.application.git.ssh_key, &options.application.git.known_hosts,
        &options.application.git.ca_file, &options.application.kustomize_program, &options.application.helm_program})
    *path = absolute(*path);
  json::object document;
  each_option(
      std::as_const(options),
      [&](std::string_view name, const std::string& value) {
        if (!value.empty()) document[name] = value;
      },
      [&](std::string_view name, bool value) {
        if (value) document[name] = true;
      });
  document["pruneLimit"] = options.application.prune_limit;
  document["allowPrune"] = json::array(options.application.allow_prune.begin(), options.application.allow_prune.end());
  return document;
}

RunOptions read_options(const json::value& document) {
  RunOptions options;
  each_option(
      options, [&](std::string_view name, std::string& value) { value = string_at(document, {name}); },
      [&](std::string_view name, bool& value) {
        const json::value* const found = find(document, {name});
        value = found != nullptr && found->is_bool() && found->get_bool();
      });
  if (const json::value* const limit = find(document, {"pruneLimit"}); limit != nullptr && limit->is_int64())
    options.application.prune_limit = static_cast<std::size_t>(std::max<std::int64_t>(0, limit->get_int64()));
  if (const json::value* const allowed = find(document, {"allowPrune"}); allowed != nullptr && allowed->is_array())
    for (const json::value& one : allowed->get_array())
      if (one.is_string()) options.application.allow_prune.emplace(std::string_view(one.get_string()));
  return options;
}

std::string shown(const ApplicationPlan& plan) { return plan.namespace_ + "/" + plan.name; }

// Compares one application as it was planned with what would be planned now.
class Comparison {
 public:
  Comparison(const ApplicationPlan& then, const ApplicationPlan& now, std::vector<std::string>& found)
      : then_(then), now_(now), found_(found) {
    for (const PlannedChange& change : now.changes) changes_.emplace(change.key, &change);
    for (const SettledObject& object : now.settled) settled_.emplace(object.key, &object);
  }

  void compare() {
    if (then_.revision != now_.revision) {
      found_.push_back(
          fmt::format("{} is at {} now, and was planned at {}", shown(then_), now_.revision, then_.revision));
      return;  // all else would follow from it
    }
    std::set<ObjectKey> planned;
    for (const PlannedChange& change : then_.changes) {
      planned.insert(change.key);
      compare(change);
    }
    for (const PlannedChange& change : now_.changes)
      if (!planned.contains(change.key))
        found_.push_back(fmt::format("{} was not in the plan: {} now{}", to_string(change.key), to_string(change.verb),
                                     change.fields.empty() ? "" : " for " + change.fields.front().path));
  }

 private:
  void compare(const PlannedChange& then) {
    const std::string name = to_string(then.key);
    if (const auto settled = settled_.find(then.key); settled != settled_.end()) {
      found_.push_back(fmt::format("{} is as Git says by now (the plan: {})", name, to_string(then.verb)));
      return;
    }
    const auto found = changes_.find(then.key);
    if (found == changes_.end()) {
      found_.push_back(fmt::format("{} is gone by now (the plan: {})", name, to_string(then.verb)));
      return;
    }
    const PlannedChange& now = *found->second;
    const bool same_content = then.content && now.content && *then.content == *now.content;
    if (then.uid != now.uid)
      found_.push_back(then.uid.empty()  ? name + " was made since"
                       : now.uid.empty() ? name + " was deleted since"
                                         : fmt::format("{} is another object now (uid {}, was {})", name, now.uid.value,
                                                       then.uid.value));
    else if (then.version != now.version && !same_content)
      found_.push_back(fmt::format("{} was changed since (resourceVersion {}, was {})", name, now.version.value,
                                   then.version.value));
    else if (then.desired != now.desired)
      found_.push_back(name + " is desired in another form");
    else if (then.verb != now.verb || then.to != now.to)
      found_.push_back(fmt::format("{}: {} now (the plan: {})", name, to_string(now.verb), to_string(then.verb)));
  }

  const ApplicationPlan& then_;
  const ApplicationPlan& now_;
  std::vector<std::string>& found_;
  std::map<ObjectKey, const PlannedChange*> changes_;
  std::map<ObjectKey, const SettledObject*> settled_;
};

void compare_inventory(const ApplicationPlan& plan, const SavedPlan& saved, const MadePlan& now,
                       std::vector<std::string>& found) {
  const ApplicationName name{plan.namespace_, plan.name};
  const auto then = saved.inventories.find(name);
  const auto record = now.inventories.find(name);
  if (then == saved.inventories.end() || record == now.inventories.end()) return;
  const InventoryState& state = record->second;
  if (then->second == RecordedInventory{state.uid, state.version}) return;
  found.push_back(then->second.uid == state.uid
                      ? fmt::format("the inventory of {} was written since (resourceVersion {}, was {})", shown(plan),
                                    state.version.value, then->second.version.value)
                      : fmt::format("{} has another inventory now", shown(plan)));
}

}  // namespace

json::object saved_plan(const MadePlan& made, const RunOptions& options, const std::string& namespace_,
                        const std::string& cluster) {
  json::object document = plan_document(made.plan, true);
  RunOptions recorded = options;
  recorded.cluster.namespace_ = namespace_;
  document["made"] = {{"options", options_document(std::move(recorded))}, {"cluster", cluster}};
  for (json::value& application : document["applications"].as_array()) {
    const ApplicationName name{std::string(string_at(application, {"namespace"})),
                               std::string(string_at(application, {"name"}))};
    if (const auto found = made.inventories.find(name); found != made.inventories.end())
      application.as_object()["inventory"] = {{"uid", found->second.uid.value},
                                              {"resourceVersion", found->second.version.value}};
  }
  return document;
}

Result<void> write_plan(const std::string& file, const json::object& plan) {
  const auto refuse = [&] {
    return fail(ErrorKind::Invalid, std::string("cannot write the plan: ") + std::strerror(errno), file,
                "check --save");
  };
  const std::string beside = file + ".new-" + std::to_string(::getpid());
  FileDescriptor descriptor(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (descriptor.get() < 0) return refuse();
  const std::string text = to_json(plan) + "\n";
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(descriptor.get(), text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    written += static_cast<std::size_t>(count);
  }
  if (written == text.size() && ::rename(beside.c_str(), file.c_str()) == 0) return {};
  const auto failure = refuse();
  ::unlink(beside.c_str());
  return failure;
}

Result<SavedPlan> read_plan(const std::string& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) return fail(ErrorKind::NotFound, "there is no such plan, or it may not be read", file, kPlanAgain);
  const std::streamoff size = stream.tellg();
  if (size < 0 || static_cast<std::size_t>(size) > kMostBytes)
    return fail(ErrorKind::TooLarge, "more than 256 MiB", file);
  std::string text(static_cast<std::size_t>(size), '\0');
  stream.seekg(0);
  if (!stream.read(text.data(), size)) return fail(ErrorKind::Invalid, "cannot be read", file, kPlanAgain);
  const Result<json::value> document = parse_json(text);
  if (!document) return fail(ErrorKind::Invalid, "not a plan: " + document.error().message, file, kPlanAgain);
  const json::value* const made = find(*document, {"made", "options"});
  if (made == nullptr) return fail(ErrorKind::Invalid, "not a saved plan", file, kPlanAgain);
  Result<std::vector<ApplicationPlan>> applications = read_plan_document(*document);
  if (!applications) {
    applications.error().where = file;
    return std::unexpected(applications.error());
  }
  SavedPlan saved{
      read_options(*made), std::string(string_at(*document, {"made", "cluster"})), std::move(*applications), {}};
  for (const json::value& application : document->at("applications").get_array())
    saved.inventories.emplace(
        ApplicationName{std::string(string_at(application, {"namespace"})),
                        std::string(string_at(application, {"name"}))},
        RecordedInventory{{std::string(string_at(application, {"inventory", "uid"}))},
                          {std::string(string_at(application, {"inventory", "resourceVersion"}))}});
  return saved;
}

std::vector<std::string> changes_since(const SavedPlan& saved, const MadePlan& now, const std::string& cluster) {
  if (!saved.cluster.empty() && !cluster.empty() && saved.cluster != cluster) return {"it is another cluster"};
  std::vector<std::string> found;
  std::map<ApplicationName, const ApplicationPlan*> plans;
  for (const ApplicationPlan& plan : now.plan.applications)
    plans.emplace(ApplicationName{plan.namespace_, plan.name}, &plan);
  for (const ApplicationPlan& then : saved.applications) {
    const auto plan = plans.find({then.namespace_, then.name});
    if (plan == plans.end()) {
      found.push_back(shown(then) + " is no longer among the applications");
      continue;
    }
    compare_inventory(then, saved, now, found);
    Comparison(then, *plan->second, found).compare();
    plans.erase(plan);
  }
  for (const auto& [name, plan] : plans) found.push_back(shown(*plan) + " was not among the applications");
  return found;
}

}  // namespace holdfast
