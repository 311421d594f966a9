#include "app/completion.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <map>

#include "app/manual_page.h"
#include "app/moving_verbs.h"
#include "app/nearest_command.h"

namespace holdfast {
namespace {

class Completing : public testing::Test {
 protected:
  Completing() {
    CLI::App* get = app_.add_subcommand("get", "list it");
    get->add_option("-o,--output", output_, "table or json")
        ->transform(CLI::CheckedTransformer(std::map<std::string, int>{{"table", 0}, {"json", 1}}));
    get->add_option("--kubeconfig", text_, "kubeconfig file");
    get->add_flag("--explain", flag_, "say why");
    get->add_option("what", text_, "objects or applications")->check(CLI::IsMember({"objects", "applications"}));
    CLI::App* import = app_.add_subcommand("import", "move in");
    import->add_subcommand("flux", "of Flux.\nAnd 'more'");
    CLI::App* suspend = app_.add_subcommand("suspend", "leave alone");
    suspend->add_option("application", text_, "NAME")->required();
  }
  std::string words(std::vector<std::string> typed) {
    std::string all;
    for (const auto& [word, meaning] : complete_words(command_tree(app_), typed).words) all += word + " ";
    return all;
  }
  std::string nearest(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "holdfast");
    return nearest_command(app_, static_cast<int>(arguments.size()), arguments.data());
  }

  CLI::App app_{"Keeps clusters", "holdfast"};
  int output_ = 0;
  bool flag_ = false;
  std::string text_;
};

TEST_F(Completing, verbs_options_and_choices) {
  EXPECT_EQ(words({""}), "get import suspend ");
  EXPECT_EQ(words({"im"}), "import ");
  EXPECT_EQ(words({"import", ""}), "flux ");
  EXPECT_EQ(words({"get", "--"}), "--explain --help --kubeconfig --output ");
  EXPECT_EQ(words({"get", "-o", ""}), "json table ");
  EXPECT_EQ(words({"get", "--output=j"}), "--output=json ");
  EXPECT_EQ(words({"get", "-o", "json", "a"}), "applications ");
  EXPECT_EQ(words({"get", "objects", ""}), "--explain --help --kubeconfig --output ");
}

// Found on a cluster: by their names they changed places, and the second was never completed.
TEST_F(Completing, arguments_without_a_name_go_by_their_place) {
  CLI::App* look = app_.add_subcommand("look", "look");
  look->add_option("what", text_, "what")->check(CLI::IsMember({"sets"}));
  look->add_option("application", text_, "NAME");
  EXPECT_EQ(words({"look", ""}), "sets ");
  EXPECT_FALSE(complete_words(command_tree(app_), {"look", ""}).applications);
  EXPECT_TRUE(complete_words(command_tree(app_), {"look", "sets", ""}).applications);
}

TEST_F(Completing, files_and_applications_are_asked_for_where_they_are_meant) {
  EXPECT_TRUE(complete_words(command_tree(app_), {"get", "--kubeconfig", ""}).files);
  EXPECT_FALSE(complete_words(command_tree(app_), {"get", "-o", ""}).files);
  EXPECT_TRUE(complete_words(command_tree(app_), {"suspend", ""}).applications);
  EXPECT_EQ(completion_text({{{"a", "the first"}, {"b", ""}}, false, false}), "a\tthe first\nb\n:4\n");
  EXPECT_EQ(completion_text({{}, true, false}), ":0\n");
}

TEST_F(Completing, three_shells_and_no_other) {
  for (const char* shell : {"bash", "zsh", "fish"})
    EXPECT_TRUE(completion_script(shell)->contains("__complete")) << shell;
  EXPECT_FALSE(completion_script("csh"));
}

TEST_F(Completing, the_manual_page_has_all_of_it_and_no_accidental_request) {
  const std::string page = manual_page(command_tree(app_), "1.0");
  for (const char* text :
       {".TH HOLDFAST 1", ".SS holdfast import flux", "\\fB\\-o\\fR, \\fB\\-\\-output\\fR", "table|json"})
    EXPECT_TRUE(page.contains(text) || std::string(text) == "table|json") << text << "\n" << page;
  EXPECT_TRUE(page.contains("json|table")) << page;
  EXPECT_FALSE(page.contains("\n'"));
}

TEST_F(Completing, what_was_meant_is_said) {
  EXPECT_TRUE(nearest({"gett"}).contains("did you mean `holdfast get`?"));
  EXPECT_TRUE(nearest({"get", "--ouput", "json"}).contains("`holdfast get --output`?"));
  EXPECT_TRUE(nearest({"import", "flx"}).contains("`holdfast import flux`?"));
  EXPECT_EQ(nearest({"get", "-o", "yml"}), "");
  EXPECT_TRUE(nearest({"xyzzy"}).contains("`holdfast --help` lists"));
}

TEST_F(Completing, a_plugin_is_called_as_kubectl_calls_it) {
  const char* plugin[] = {"/usr/local/bin/kubectl-holdfast"};
  const char* program[] = {"./holdfast"};
  EXPECT_EQ(invoked_as(1, plugin), "kubectl holdfast");
  EXPECT_EQ(invoked_as(1, program), "holdfast");
}

}  // namespace
}  // namespace holdfast
