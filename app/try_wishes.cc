#include "app/try_wishes.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include "sources/field_address.h"
#include "sources/trial.h"
#include "sources/yaml_document.h"

namespace holdfast {
namespace {

constexpr std::array<std::string_view, 3> kPodPlaces{"spec.template.spec", "spec.jobTemplate.spec.template.spec",
                                                     "spec"};

// "Deployment/web", "Deployment.apps/web", "Deployment/shop/web".
Result<OverrideTarget> named_object(const std::string& text) {
  const std::size_t slash = text.find('/'), last = text.rfind('/');
  if (slash == std::string::npos || slash == 0 || last + 1 == text.size())
    return fail(ErrorKind::Invalid, fmt::format("--object {} is not KIND/NAME", text), {}, "as in Deployment/web");
  OverrideTarget target;
  target.kind = text.substr(0, slash);
  target.name = text.substr(last + 1);
  if (last != slash) target.namespace_ = text.substr(slash + 1, last - slash - 1);
  if (const std::size_t dot = target.kind.find('.'); dot != std::string::npos) {
    target.group = target.kind.substr(dot + 1);
    target.kind.resize(dot);
  }
  return target;
}

OverrideTarget target_of(const Manifest& manifest) {
  return {manifest.gvk.group, manifest.gvk.kind, manifest.namespace_, manifest.name};
}

using Fits = std::function<bool(const Manifest&)>;

Result<OverrideTarget> the_one(const ManifestSet* set, const Fits& fits, const std::string& what) {
  if (set == nullptr)
    return fail(ErrorKind::Invalid, fmt::format("it is not known which object has {}", what), {},
                "say it with --object Kind/name");
  std::vector<const Manifest*> found;
  for (const Manifest& manifest : set->manifests)
    if (manifest.gvk.kind != "Secret" && fits(manifest)) found.push_back(&manifest);
  if (found.size() == 1) return target_of(*found.front());
  if (found.empty()) return fail(ErrorKind::NotFound, fmt::format("no object of the application has {}", what));
  std::string names;
  for (const Manifest* one : found)
    names += fmt::format("{}{}/{}", names.empty() ? "" : ", ", one->gvk.kind, one->name);
  return fail(ErrorKind::Invalid, fmt::format("several objects have {}: {}", what, names), {},
              "say which one with --object Kind/name");
}

const Manifest* manifest_of(const ManifestSet* set, const OverrideTarget& target) {
  const auto at = set == nullptr ? std::unexpected(Error{}) : find_target(*set, target);
  return at ? &set->manifests[*at] : nullptr;
}

bool can_be_scaled(const Manifest& manifest) {
  if (find(manifest.body, {"spec", "replicas"}) != nullptr) return true;
  constexpr std::array<std::string_view, 4> kKinds{"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"};
  return std::ranges::find(kKinds, manifest.gvk.kind) != kKinds.end();
}

// Where the image of that container stands; empty: there is none.
std::string image_path(const Manifest& manifest, const std::string& container) {
  for (const std::string_view place : kPodPlaces)
    for (const char* list : {"containers", "initContainers"}) {
      const std::string path = fmt::format("{}.{}[{}].image", place, list, container);
      const auto address = FieldAddress::parse(path);
      if (address && find_at(json::value(manifest.body), *address) != nullptr) return path;
    }
  return {};
}

// What holds the field is there, but for what may be made.
bool has_place_for(const Manifest& manifest, const FieldAddress& address) {
  json::object body = manifest.body;
  if (find_at(json::value(body), address) != nullptr) return true;
  const std::string& first = address.steps().front().name;
  return body.contains(first) && address.steps().size() > 1 && set_at(body, address, "").has_value();
}

json::value value_of(const std::string& text) {
  if (text.empty()) return json::value("");
  const auto read = parse_yaml("v: " + text + "\n", "the value");
  const json::value* value = read && read->size() == 1 ? find(read->front().value, {"v"}) : nullptr;
  return value == nullptr || value->is_null() ? json::value(text) : *value;
}

struct Pair {
  std::string name, value;
};
// The equals sign that is not within brackets.
Result<Pair> pair_of(const std::string& text, const char* option, const char* as_in) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[') ++depth;
    if (text[i] == ']') --depth;
    if (text[i] == '=' && depth == 0 && i > 0) return Pair{text.substr(0, i), text.substr(i + 1)};
  }
  return fail(ErrorKind::Invalid, fmt::format("{} {} has no =", option, text), {}, as_in);
}

class Wishes {
 public:
  Wishes(const TryOptions& options, const ManifestSet* set) : options_(options), set_(set) {}

  Result<std::vector<OverridePatch>> read() {
    if (!options_.object.empty()) {
      auto target = named_object(options_.object);
      if (!target) return std::unexpected(target.error());
      if (set_ != nullptr)
        if (const auto at = find_target(*set_, *target); !at) return std::unexpected(at.error());
      target_ = std::move(*target);
    }
    if (options_.scale >= 0)
      if (const Result<void> done = scale(); !done) return std::unexpected(done.error());
    for (const std::string& text : options_.images)
      if (const Result<void> done = image(text); !done) return std::unexpected(done.error());
    for (const std::string& text : options_.sets)
      if (const Result<void> done = field(text); !done) return std::unexpected(done.error());
    return std::move(patches_);
  }

 private:
  Result<void> scale() {
    auto target = target_ ? Result<OverrideTarget>(*target_) : the_one(set_, can_be_scaled, "replicas");
    if (!target) return std::unexpected(target.error());
    patches_.push_back({std::move(*target), "spec.replicas", json::value(options_.scale)});
    return {};
  }

  Result<void> image(const std::string& text) {
    const auto pair = pair_of(text, "--image", "as in web=registry.example/web:2");
    if (!pair) return std::unexpected(pair.error());
    const auto has = [&](const Manifest& one) { return !image_path(one, pair->name).empty(); };
    auto target = target_ ? Result<OverrideTarget>(*target_) : the_one(set_, has, "a container " + pair->name);
    if (!target) return std::unexpected(target.error());
    const Manifest* manifest = manifest_of(set_, *target);
    std::string path = manifest == nullptr ? std::string() : image_path(*manifest, pair->name);
    if (path.empty() && manifest != nullptr)
      return fail(ErrorKind::NotFound, fmt::format("{} has no container {}", to_string(*target), pair->name));
    if (path.empty()) path = fmt::format("spec.template.spec.containers[{}].image", pair->name);
    patches_.push_back({std::move(*target), std::move(path), json::value(pair->value)});
    return {};
  }

  Result<void> field(const std::string& text) {
    const auto pair = pair_of(text, "--set", "as in spec.template.spec.containers[web].resources.requests.cpu=500m");
    if (!pair) return std::unexpected(pair.error());
    const auto address = FieldAddress::parse(pair->name);
    if (!address) return std::unexpected(address.error());
    const auto has = [&](const Manifest& one) { return has_place_for(one, *address); };
    auto target = target_ ? Result<OverrideTarget>(*target_) : the_one(set_, has, "a place for " + address->text());
    if (!target) return std::unexpected(target.error());
    patches_.push_back({std::move(*target), address->text(), value_of(pair->value)});
    return {};
  }

  const TryOptions& options_;
  const ManifestSet* set_;
  std::optional<OverrideTarget> target_;
  std::vector<OverridePatch> patches_;
};

}  // namespace

Result<std::vector<OverridePatch>> wished_patches(const TryOptions& options, const ManifestSet* set) {
  return Wishes(options, set).read();
}

}  // namespace holdfast
