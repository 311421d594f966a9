#include "app/probe_service.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using namespace std::chrono_literals;

TEST(Probes, say_the_truth) {
  const Fitness ready{true, "ok\n"}, unready{false, "it is not known which types the cluster has\n"};
  EXPECT_EQ(probe_answer("/healthz", unready, 1s, 15s).status, 200);
  EXPECT_EQ(probe_answer("/readyz", ready, 1s, 15s).status, 200);
  EXPECT_EQ(probe_answer("/readyz?verbose", unready, 1s, 15s).status, 503);
  EXPECT_EQ(probe_answer("/readyz", unready, 1s, 15s).body, unready.words);
  for (const char* path : {"/healthz", "/readyz"}) {
    const WebAnswer answer = probe_answer(path, ready, 16s, 15s);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, "the thread that decides has not answered for 16 s\n");
  }
  EXPECT_EQ(probe_answer("/", ready, 1s, 15s).status, 404);
}

}  // namespace
}  // namespace holdfast
