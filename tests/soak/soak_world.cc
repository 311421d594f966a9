#include "soak/soak_world.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "cluster/eventually.h"

namespace holdfast::soak {
namespace {

using namespace std::chrono_literals;
using cluster::HoldfastProcess;

constexpr std::uint16_t kNobody = 1;  // a port of 127.0.0.1 where nobody listens
constexpr std::size_t kLinesShown = 60;

// Leaks are looked for when the program ends. A small quarantine, so that memory that was freed is not mistaken for
// memory that grows.
const cluster::Environment sanitizers{{"ASAN_OPTIONS", "detect_leaks=1:quarantine_size_mb=16"},
                                      {"UBSAN_OPTIONS", "print_stacktrace=1"},
                                      {"TSAN_OPTIONS", "halt_on_error=0:second_deadlock_stack=1"}};

bool is_report(const std::string& line) {
  constexpr std::array<std::string_view, 5> kMarks{"ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
                                                   "WARNING: ThreadSanitizer",
                                                   "runtime error:", "FATAL: ThreadSanitizer"};
  return std::ranges::any_of(kMarks, [&](std::string_view mark) { return line.contains(mark); });
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const json::value* at(const json::value& root, const std::vector<std::string>& path) {
  const json::value* here = &root;
  for (const std::string& name : path) {
    here = find(*here, {name});
    if (here == nullptr) return nullptr;
  }
  return here;
}

// Empty where the live object is what is desired.
std::string difference_of(const HeldObject& object, const json::value* live) {
  const std::string name = object.kind->kind + " " + object.name;
  if (live == nullptr) return object.in_git ? name + " is not there; " : "";
  if (!object.in_git) return name + " is still there; ";
  const json::value* value = at(*live, object.kind->value_at);
  if (value != nullptr && value->is_string() && value->get_string() == object.value) return {};
  return fmt::format("{} has {} for \"{}\"; ", name, value == nullptr ? "nothing" : to_json(*value), object.value);
}

// What is wrong with how a program ended.
std::string end_of(HoldfastProcess& process, const std::string& name) {
  std::string problems;
  try {
    if (const int code = process.stop(60s); code != 0) problems = fmt::format("{} ended with {}\n", name, code);
  } catch (const std::runtime_error&) {
    problems = name + " did not end when it was told to\n";
  }
  const std::vector<std::string> lines = process.lines();
  const auto first = std::ranges::find_if(lines, is_report);
  if (first == lines.end()) return problems;
  problems += fmt::format("a sanitizer reported {} times in {}:\n", std::ranges::count_if(lines, is_report), name);
  const auto shown = std::min<std::ptrdiff_t>(lines.end() - first, 200);
  for (const std::string& line : std::vector<std::string>(first, first + shown)) problems += line + "\n";
  return problems;
}

}  // namespace

SoakWorld::SoakWorld(std::uint64_t seed) {
  std::filesystem::create_directories(repository_.cache());
  start_server(seed);
  people_ = std::make_unique<ApiClient>(path("kubeconfig"));
  server_port_ = static_cast<std::uint16_t>(std::stoul(people_->port()));
  proxy_ = std::make_unique<cluster::HoldingProxy>(server_port_);
  repository_.write("apps/first.yaml", first_manifests());
  commit();
  start_daemon();
}

void SoakWorld::start_server(std::uint64_t seed) {
  server_ = std::make_unique<HoldfastProcess>(
      std::vector<std::string>{"simulate", "--kubeconfig", path("kubeconfig"), "--seed", std::to_string(seed)},
      sanitizers);
  server_->wait_for_line("an API server is ready", 30s);
}

void SoakWorld::start_daemon() {
  std::string kubeconfig = text_of(path("kubeconfig"));
  const std::string port = ":" + people_->port();
  const std::size_t where = kubeconfig.find(port);
  if (where == std::string::npos) throw std::runtime_error("the simulator's kubeconfig does not name its port");
  kubeconfig.replace(where, port.size(), ":" + std::to_string(proxy_->port()));
  std::ofstream(path("kubeconfig-of-daemon")) << kubeconfig;
  daemon_ = std::make_unique<HoldfastProcess>(
      std::vector<std::string>{"run", "--repo", repository_.directory(), "--path", "apps", "--kubeconfig",
                               path("kubeconfig-of-daemon"), "--cache-dir", path("mirrors")},
      sanitizers);
  daemon_->wait_for_line("the cluster is at", 120s);
}

void SoakWorld::commit() {
  for (const HeldObject& object : objects_) {
    if (object.in_git)
      repository_.write(object.file(), object.manifest());
    else
      repository_.remove(object.file());
  }
  repository_.commit("as drawn");
}

void SoakWorld::refuse_connections() { proxy_->lead_to(kNobody); }
void SoakWorld::accept_connections() { proxy_->lead_to(server_port_); }
void SoakWorld::restart_server() const { server_->signal(SIGUSR1); }
void SoakWorld::hang_server() const { server_->signal(SIGSTOP); }
void SoakWorld::go_on() const { server_->signal(SIGCONT); }

std::string SoakWorld::difference() {
  std::string found;
  json::value list;
  std::string listed;
  for (const HeldObject& object : objects_) {
    if (listed != object.collection()) {
      listed = object.collection();
      list = people_->get(listed);
    }
    const json::value* items = find(list, {"items"});
    if (items == nullptr || !items->is_array()) return listed + " cannot be listed";
    const auto& array = items->get_array();
    const auto* const live = std::ranges::find_if(
        array, [&](const json::value& item) { return string_at(item, {"metadata", "name"}) == object.name; });
    found += difference_of(object, live == array.end() ? nullptr : live);
  }
  return found;
}

std::string SoakWorld::wait_as_git_says(std::chrono::seconds deadline) {
  std::string found;
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (daemon_->running() && !(found = difference()).empty() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(50ms);
  return daemon_->running() ? found : "the daemon has ended; ";
}

bool SoakWorld::is_as_git_says(const HeldObject& object) {
  const json::value live = people_->get(object.target());
  return difference_of(object, string_at(live, {"kind"}) == "Status" ? nullptr : &live).empty();
}

std::size_t SoakWorld::count_lines(const std::string& text) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(daemon_->lines(), [&](const std::string& line) { return line.contains(text); }));
}

std::string SoakWorld::last_lines() const {
  const std::size_t lines = daemon_->line_count();
  std::string all;
  for (const std::string& line : daemon_->lines(lines - std::min(lines, kLinesShown))) all += line + "\n";
  return all;
}

std::string SoakWorld::end() {
  std::string problems = end_of(*daemon_, "the daemon");
  return problems + end_of(*server_, "the simulator");
}

}  // namespace holdfast::soak
