#include "soak/table_of_usage.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>

namespace holdfast::soak {
namespace {

Usage most_of(const Usage& a, const Usage& b) {
  return {std::max(a.rss_kib, b.rss_kib), std::max(a.pss_kib, b.pss_kib), std::max(a.own_kib, b.own_kib),
          std::max(a.descriptors, b.descriptors), std::max(a.threads, b.threads)};
}

void print(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

}  // namespace

TableOfUsage::TableOfUsage(std::size_t most_growth_kib) : most_growth_kib_(most_growth_kib) {
  print(fmt::format("{:>8} {:>12} {:>10} {:>10} {:>10} {:>12} {:>8}", "seconds", "connections", "RSS KiB", "PSS KiB",
                    "own KiB", "descriptors", "threads"));
}

std::string TableOfUsage::add(std::size_t connections, const Usage& usage, bool warming_up) {
  const auto elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  print(fmt::format("{:>8.0f} {:>12} {:>10} {:>10} {:>10} {:>12} {:>8}{}", elapsed, connections, usage.rss_kib,
                    usage.pss_kib, usage.own_kib, usage.descriptors, usage.threads, warming_up ? "  warm-up" : ""));
  last_ = usage;
  most_ = most_of(most_, usage);
  if (warming_up) {
    warm_ = most_of(warm_, usage);
    return {};
  }
  if (usage.descriptors > std::max(warm_.descriptors, kDescriptorsConnected) + kMostDescriptorsMore)
    return fmt::format("{} descriptors are open; {} were at most in the warm-up", usage.descriptors, warm_.descriptors);
  if (judges_memory_ && usage.own_kib > warm_.own_kib + most_growth_kib_)
    return fmt::format("{} KiB of memory are its own; {} were at most in the warm-up", usage.own_kib, warm_.own_kib);
  return {};
}

void TableOfUsage::print_summary() const {
  print(
      fmt::format("own memory {} KiB at most in the warm-up, {} at the end, {} at most ({}); descriptors {}, {}, {} "
                  "(bound: {} more)",
                  warm_.own_kib, last_.own_kib, most_.own_kib,
                  judges_memory_ ? fmt::format("bound: {} more", most_growth_kib_) : "too short a run to judge",
                  warm_.descriptors, last_.descriptors, most_.descriptors, kMostDescriptorsMore));
}

}  // namespace holdfast::soak
