#include "app/plan_document.h"

#include <array>
#include <utility>

namespace holdfast {
namespace {

constexpr std::string_view kAbsent = "(absent)";
constexpr std::array kPhases = {std::pair(-1, "before"), std::pair(0, "main"), std::pair(1, "after")};

json::object object_of(const ObjectKey& key) {
  json::object object{{"group", key.group}, {"kind", key.kind}};
  if (!key.namespace_.empty()) object["namespace"] = key.namespace_;
  object["name"] = key.name;
  return object;
}

void set(json::object& into, std::string_view name, const std::string& text) {
  if (!text.empty()) into[name] = text;
}

void set_judged(json::object& into, const Uid& uid, const ResourceVersion& version,
                const std::optional<Sha256>& desired) {
  set(into, "uid", uid.value);
  set(into, "resourceVersion", version.value);
  if (desired) into["desired"] = to_hex(*desired);
}

json::value shown(const std::string& text) { return text == kAbsent ? json::value() : json::value(text); }

void set_fields(json::object& into, std::string_view name, const std::vector<FieldChange>& fields) {
  if (fields.empty()) return;
  json::array list;
  for (const FieldChange& field : fields)
    list.push_back({{"path", field.path}, {"before", shown(field.before)}, {"after", shown(field.after)}});
  into[name] = std::move(list);
}

json::object change_of(const PlannedChange& change) {
  json::object object{{"verb", to_string(change.verb)}, {"object", object_of(change.key)}};
  if (change.wave)
    for (const auto& [phase, name] : kPhases)
      if (phase == change.wave->phase) object["wave"] = {{"phase", name}, {"number", change.wave->number}};
  set(object, "origin", change.origin);
  set(object, "reason", change.reason);
  if (!change.places.empty()) object["places"] = json::array(change.places.begin(), change.places.end());
  set(object, "to", change.to);
  set(object, "danger", change.danger);
  if (!change.immutable.empty()) {
    object["immutable"] = json::array(change.immutable.begin(), change.immutable.end());
    object["replaceAllowed"] = change.replace_allowed;
  }
  set_fields(object, "fields", change.fields);
  set_fields(object, "held", change.held);
  set_judged(object, change.uid, change.version, change.desired);
  if (change.content) object["content"] = to_hex(*change.content);
  return object;
}

json::object counts_of(const std::map<ChangeVerb, std::size_t>& verbs) {
  json::object counts;
  for (const auto& [verb, count] : verbs) counts[to_string(verb)] = count;
  return counts;
}

json::object summary_of(const BlastRadius& blast) {
  json::object kinds;
  for (const auto& [kind, verbs] : blast.kinds) kinds[kind] = counts_of(verbs);
  json::array dangerous;
  for (const DangerousChange& one : blast.dangerous)
    dangerous.push_back({{"verb", to_string(one.verb)}, {"object", object_of(one.key)}, {"why", one.why}});
  return {{"verbs", counts_of(blast.verbs)},
          {"inSync", blast.in_sync},
          {"kinds", std::move(kinds)},
          {"namespaces", json::array(blast.namespaces.begin(), blast.namespaces.end())},
          {"dangerous", std::move(dangerous)}};
}

// Reads what change_of() and its like wrote. The first thing that is not so is kept in `wrong`.
class Reader {
 public:
  ApplicationPlan application(const json::value& value) {
    ApplicationPlan plan;
    plan.name = text(value, "name");
    plan.namespace_ = text(value, "namespace");
    plan.revision = text(value, "revision");
    for (const json::value& change : list(value, "changes")) plan.changes.push_back(read_change(change));
    for (const json::value& one : list(value, "settled")) {
      SettledObject settled{key(one), {}, {}, {}};
      judged(one, settled.uid, settled.version, settled.desired);
      settled.asked = string_at(one, {"evidence"}) == "server";
      plan.settled.push_back(std::move(settled));
    }
    return plan;
  }

  const json::array& list(const json::value& value, std::string_view name) {
    static const json::array kNone;
    const json::value* const found = find(value, {name});
    if (found != nullptr && found->is_array()) return found->get_array();
    refuse(name);
    return kNone;
  }

  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  void refuse(std::string_view name) {
    if (wrong_.empty()) wrong_ = name;
  }

  std::string text(const json::value& value, std::string_view name) {
    const json::value* const found = find(value, {name});
    if (found != nullptr && found->is_string()) return std::string(std::string_view(found->get_string()));
    refuse(name);
    return {};
  }

  ObjectKey key(const json::value& value) {
    const json::value* const object = find(value, {"object"});
    if (object == nullptr) {
      refuse("object");
      return {};
    }
    return {text(*object, "group"), text(*object, "kind"), std::string(string_at(*object, {"namespace"})),
            text(*object, "name")};
  }

  std::optional<Sha256> hash(const json::value& value, std::string_view name) {
    const std::string_view hex = string_at(value, {name});
    if (hex.empty()) return std::nullopt;
    Sha256 digest;
    const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
    bool good = hex.size() == 2 * digest.bytes.size();
    for (std::size_t i = 0; good && i < digest.bytes.size(); ++i) {
      const int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
      good = high >= 0 && low >= 0;
      digest.bytes[i] = static_cast<std::uint8_t>(good ? high * 16 + low : 0);
    }
    if (!good) refuse(name);
    return digest;
  }

  void judged(const json::value& value, Uid& uid, ResourceVersion& version, std::optional<Sha256>& desired) {
    uid.value = string_at(value, {"uid"});
    version.value = string_at(value, {"resourceVersion"});
    desired = hash(value, "desired");
  }

  PlannedChange read_change(const json::value& value) {
    PlannedChange change;
    if (const auto verb = verb_named(text(value, "verb")))
      change.verb = *verb;
    else
      refuse("verb");
    change.key = key(value);
    change.origin = string_at(value, {"origin"});
    change.to = string_at(value, {"to"});
    judged(value, change.uid, change.version, change.desired);
    change.content = hash(value, "content");
    for (const auto& [phase, name] : kPhases)
      if (const json::value* const number = find(value, {"wave", "number"});
          number != nullptr && number->is_int64() && string_at(value, {"wave", "phase"}) == name)
        change.wave = Wave{phase, static_cast<int>(number->get_int64())};
    return change;
  }

  std::string wrong_;
};

}  // namespace

json::object plan_document(const ChangePlan& plan, bool settled) {
  json::array applications;
  for (const ApplicationPlan& application : plan.applications) {
    json::array changes;
    for (const PlannedChange& change : application.changes) changes.push_back(change_of(change));
    json::object one{{"name", application.name},
                     {"namespace", application.namespace_},
                     {"revision", application.revision},
                     {"changes", std::move(changes)},
                     {"inSync", application.settled.size()}};
    if (settled) {
      json::array list;
      for (const SettledObject& object : application.settled) {
        json::object judged{{"object", object_of(object.key)}};
        set_judged(judged, object.uid, object.version, object.desired);
        judged["evidence"] = object.asked ? "server" : "proof";
        list.push_back(std::move(judged));
      }
      one["settled"] = std::move(list);
    }
    applications.push_back(std::move(one));
  }
  return {{"apiVersion", kPlanApiVersion},
          {"kind", kPlanKind},
          {"applications", std::move(applications)},
          {"summary", summary_of(plan.blast)}};
}

Result<std::vector<ApplicationPlan>> read_plan_document(const json::value& document) {
  if (string_at(document, {"kind"}) != kPlanKind || string_at(document, {"apiVersion"}) != kPlanApiVersion)
    return fail(ErrorKind::Invalid, "not a plan of this Holdfast", {}, "make one with holdfast plan --save");
  Reader reader;
  std::vector<ApplicationPlan> applications;
  for (const json::value& application : reader.list(document, "applications"))
    applications.push_back(reader.application(application));
  if (!reader.wrong().empty())
    return fail(ErrorKind::Invalid, "the plan is damaged at \"" + reader.wrong() + "\"", {},
                "make a new one with holdfast plan --save");
  return applications;
}

}  // namespace holdfast
