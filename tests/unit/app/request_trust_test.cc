#include "app/request_trust.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

const ApplicationName kShop{"teams", "shop"};

TEST(RequestTrustTest, a_request_counts_that_came_under_the_policy_in_force) {
  RequestTrust trust;
  trust.begin(kShop, "");
  trust.policy_is("a.1");
  trust.seen(kShop, false);
  trust.seen(kShop, true);
  EXPECT_TRUE(trust.counts(kShop));
  EXPECT_EQ(trust.under(kShop), "a.1");
}

TEST(RequestTrustTest, one_that_was_there_before_the_policy_does_not_count) {
  RequestTrust trust;
  trust.begin(kShop, "");
  trust.seen(kShop, true);
  trust.policy_is("a.1");
  trust.seen(kShop, true);
  EXPECT_FALSE(trust.counts(kShop));
  trust.refused(kShop);
  trust.seen(kShop, true);
  EXPECT_TRUE(trust.counts(kShop)) << "it is written again";
}

TEST(RequestTrustTest, what_asks_nothing_when_the_policy_comes_is_under_it) {
  RequestTrust trust;
  trust.begin(kShop, "");
  trust.seen(kShop, false);
  EXPECT_EQ(trust.under(kShop), "");
  EXPECT_EQ(trust.policy_is("a.1"), std::vector<ApplicationName>{kShop}) << "its status has to say so";
  EXPECT_TRUE(trust.policy_is("a.1").empty());
  trust.seen(kShop, true);
  EXPECT_TRUE(trust.counts(kShop));
}

TEST(RequestTrustTest, a_policy_that_was_changed_or_made_anew_meanwhile_is_another_one) {
  RequestTrust trust;
  trust.begin(kShop, "");
  trust.policy_is("a.1");
  trust.seen(kShop, false);
  trust.seen(kShop, true);
  trust.policy_is("");
  EXPECT_FALSE(trust.counts(kShop));
  trust.policy_is("a.3");
  EXPECT_FALSE(trust.counts(kShop));
  EXPECT_EQ(trust.under(kShop), "a.1");
}

TEST(RequestTrustTest, a_later_process_goes_by_what_the_status_says) {
  RequestTrust trust;
  trust.policy_is("a.1");
  trust.begin(kShop, "a.1");
  trust.seen(kShop, true);
  EXPECT_TRUE(trust.counts(kShop));
  trust.begin(kShop, "b.1");
  trust.seen(kShop, true);
  EXPECT_FALSE(trust.counts(kShop));
  trust.begin(kShop, "");  // another object of that name
  trust.seen(kShop, true);
  EXPECT_FALSE(trust.counts(kShop));
}

TEST(RequestTrustTest, before_it_was_looked_at_nothing_is_known_of_it) {
  RequestTrust trust;
  trust.begin(kShop, "");
  trust.policy_is("a.1");
  EXPECT_FALSE(trust.counts(kShop));
  trust.forget(kShop);
  EXPECT_FALSE(trust.counts(kShop));
}

}  // namespace
}  // namespace holdfast
