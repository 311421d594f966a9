#include "holdfast/base/sandbox.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "core/base/confined_child.h"
#include "core/base/landlock.h"

namespace holdfast {
namespace {

void note_missing(SandboxLayers& layers, const char* what, const std::string& why) {
  layers.missing += fmt::format("{}no {} ({})", layers.missing.empty() ? "" : ", ", what, why);
}

SandboxLayers probe(const std::string& folder) {
  const auto fails = [&](SandboxLayers layers) -> std::string {
    const auto tried = try_confinement(Confinement{.folder = folder, .layers = std::move(layers)});
    return tried ? std::string() : tried.error().message;
  };
  SandboxLayers layers;
  if (const std::string why = fails({.namespaces = true}); why.empty())
    layers.namespaces = true;
  else
    note_missing(layers, "namespaces", why);
  const int version = landlock_version();
  if (const std::string why = version > 0 ? fails({.landlock = version}) : "the kernel has none"; why.empty())
    layers.landlock = version;
  else
    note_missing(layers, "Landlock", why);
  if (const std::string why = fails({.filter = true}); why.empty())
    layers.filter = true;
  else
    note_missing(layers, "filter of system calls", why);
  return layers;
}

SandboxLayers probe() {
  std::string folder = "/tmp/holdfast-probe-XXXXXX";
  const bool made = ::mkdtemp(folder.data()) != nullptr;
  SandboxLayers layers = probe(made ? folder : "/proc");
  if (made) ::rmdir(folder.c_str());
  return layers;
}

}  // namespace

const SandboxLayers& sandbox_layers() {
  static const SandboxLayers kLayers = probe();
  return kLayers;
}

std::string describe(const SandboxLayers& layers) {
  std::vector<std::string> parts;
  if (layers.namespaces) parts.emplace_back("namespaces of its own");
  if (layers.landlock > 0) parts.push_back(fmt::format("Landlock {}", layers.landlock));
  if (layers.filter) parts.emplace_back("a filter of system calls");
  if (parts.empty()) return "nothing";
  std::string text = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) text += (i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

}  // namespace holdfast
