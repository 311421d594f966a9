#include "app/log_observer.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(LogObserver, a_field_names_who_took_it_and_when) {
  const FieldDrift field{".spec.replicas", "3", "5", FieldOwner{"kubectl-edit", "Update", "", "2026-01-01T00:00:00Z"}};
  EXPECT_EQ(describe(field), ".spec.replicas was 5 (kubectl-edit, Update at 2026-01-01T00:00:00Z), is 3 again");
}

TEST(LogObserver, a_subresource_is_named_and_a_missing_time_is_left_out_V16) {
  const FieldDrift field{".spec.replicas", "3", "5", FieldOwner{"hpa", "Update", "scale", ""}};
  EXPECT_EQ(describe(field), ".spec.replicas was 5 (hpa, Update of scale), is 3 again");
}

TEST(LogObserver, a_removed_field_has_no_owner_and_says_so) {
  const FieldDrift field{".data.size", "\"large\"", "(absent)", std::nullopt};
  EXPECT_EQ(describe(field), ".data.size was (absent) (removed, no manager owns it now), is \"large\" again");
}

TEST(Progress, counts_objects) { EXPECT_EQ(Progress::text(12, 40), "applying: 12 of 40 objects"); }

}  // namespace
}  // namespace holdfast
