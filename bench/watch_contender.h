// The two contenders of ./dev bench watch that are our own code. Each runs in a process of its own, so that getrusage
// speaks of it alone.
#pragma once

#include <string>

namespace holdfast::bench {

struct ContenderOptions {
  std::string kubeconfig;  // written by the replay server
  std::size_t objects = 0;
  std::size_t events = 0;
};

struct Figures {
  double cpu_s_per_million = 0;
  double bytes_per_object = 0;  // 0: it keeps none
};

// Reflector, decoder, store and verdict, as the daemon has them, for objects that converged.
Figures run_holdfast(const ContenderOptions& options);
// The same connection, whose bytes are counted and forgotten.
Figures run_bare_reader(const ContenderOptions& options);

}  // namespace holdfast::bench
