#include "app/receiver_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(ReceiverSetup, says_of_every_sender_where_what_and_with_which_secret) {
  for (const ForgeWords& words : all_forges()) {
    const SetupReceiver receiver = receiver_to_come(words.forge);
    const std::string text = setup_text(receiver, "https://hooks.example");
    EXPECT_THAT(text, HasSubstr("https://hooks.example/hook/" + std::string(words.type))) << words.type;
    EXPECT_THAT(text, HasSubstr("openssl rand -hex 32 > secrets/" + std::string(words.type)));
    EXPECT_THAT(text, HasSubstr("type: " + std::string(words.type)));
    EXPECT_THAT(text, HasSubstr("answered 401"));
    // What stands in step 2 can be put into a configuration as it is.
    const std::size_t from = text.find("  receivers:"), to = text.find("\n3. ");
    ASSERT_NE(from, std::string::npos);
    std::string yaml = "receivers:" + text.substr(from + 12, to - from - 12);
    EXPECT_TRUE(read_receiver_config({"receivers.yaml", yaml}, "/")) << yaml;
  }
}

TEST(ReceiverSetup, of_a_sender_that_proves_nothing_else_the_path_is_made_of_the_secret) {
  const TemporaryFolder folder;
  folder.write("secret", "a secret that nobody prints\n");
  ReceiverConfig config;
  config.receivers = {{"images", Forge::Quay, folder / "secret", "/hook/images"},
                      {"web", Forge::GitHub, folder / "secret", "/hook/web"}};
  const auto found = receivers_to_set_up(config, Forge::Quay);
  ASSERT_TRUE(found) << describe(found.error());
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ(found->front().path.size(), std::string("/hook/images/").size() + 64);
  EXPECT_THAT(setup_text(found->front(), "https://hooks.example"), Not(HasSubstr("nobody prints")));
  EXPECT_FALSE(receivers_to_set_up(config, Forge::Nexus));
}

}  // namespace
}  // namespace holdfast
