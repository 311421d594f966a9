#include "app/command_line.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace holdfast {
namespace {

int run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "holdfast");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return run_command_line(static_cast<int>(argv.size()), argv.data());
}

std::string said_about(std::vector<std::string> arguments) {
  testing::internal::CaptureStderr();
  const int code = run(std::move(arguments));
  std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(code, 2) << said;
  return said;
}

TEST(CommandLine, what_runs_once_needs_a_repository_or_a_configuration) {
  EXPECT_TRUE(said_about({"diff"}).contains("--repo or --config"));
  EXPECT_TRUE(said_about({"run", "--once"}).contains("--repo or --config"));
  EXPECT_TRUE(said_about({"apply"}).contains("--repo, --config or --plan"));
}

TEST(CommandLine, a_configuration_excludes_what_an_application_says_itself) {
  for (const char* option :
       {"--repo", "--ref", "--path", "--name", "--inventory-namespace", "--git-username", "--git-password-file",
        "--ssh-key", "--known-hosts", "--git-ca-file", "--interval", "--prune-limit", "--allow-prune"})
    EXPECT_TRUE(said_about({"run", "--config", "holdfast.yaml", option, "7"}).contains("excludes")) << option;
  for (const char* flag : {"--files", "--move-source", "--adopt"})
    EXPECT_TRUE(said_about({"run", "--config", "holdfast.yaml", flag}).contains("excludes")) << flag;
}

TEST(CommandLine, what_is_tried_is_a_ref_or_fields) {
  EXPECT_TRUE(said_about({"try", "web", "--ref", "x", "--scale", "3"}).contains("excludes"));
  EXPECT_TRUE(said_about({"try", "web", "--scale", "-1"}).contains("--scale"));
  EXPECT_TRUE(said_about({"try", "web", "--scale", "1", "--for", "soon"}).contains("soon"));
  EXPECT_TRUE(said_about({"try", "web", "--scale", "1", "--no-plan"}).contains("--yes"));
  EXPECT_TRUE(said_about({"drop"}).contains("name"));
}

TEST(CommandLine, an_option_of_a_few_words_names_them) {
  EXPECT_TRUE(said_about({"get", "-o", "xml"}).contains("--output: xml is none of json, name, table, wide, yaml"));
  EXPECT_TRUE(said_about({"get", "-o", "2"}).contains("2 is none of json"));
  EXPECT_TRUE(said_about({"run", "--log-level", "loud"}).contains("loud is none of debug, error, info, warning"));
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"run", "--help"}), 0);
  const std::string help = testing::internal::GetCapturedStdout();
  EXPECT_TRUE(help.contains("--log-format TEXT:{json,text}")) << help;
  EXPECT_FALSE(help.contains("->")) << help;
}

}  // namespace
}  // namespace holdfast
