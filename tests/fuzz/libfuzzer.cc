// libFuzzer's entrance. HOLDFAST_FUZZ_TARGET names the target, so that one program has all of them.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fuzz/target.h"

namespace {

const holdfast::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const char* const name = std::getenv("HOLDFAST_FUZZ_TARGET");
  for (const auto& target : holdfast::fuzz::all_targets())
    if (name != nullptr && target.name == name) chosen = &target;
  if (chosen != nullptr) return 0;
  std::fputs("HOLDFAST_FUZZ_TARGET names one of these:\n", stderr);
  for (const auto& target : holdfast::fuzz::all_targets())
    std::fprintf(stderr, "  %.*s\n", static_cast<int>(target.name.size()), target.name.data());
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
