// What is encrypted and what is not, and what a program in place of sops gets to see and may say. The real one is in
// the tests against a cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/sops_decryptor.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "AGE-SECRET-KEY-1CANARY";
constexpr const char* kPlain = "grep -v '^sops:\\|^  age:\\|^  - rec\\|^    enc:\\|^  mac:'";

std::string encrypted(const std::string& name, const std::string& mac = "ENC[1]",
                      const std::string& keys = "  age:\n  - recipient: age1jane\n    enc: x\n") {
  return "kind: Secret\nmetadata:\n  name: " + name + "\nsops:\n" + keys + "  mac: " + mac + "\n";
}

class SopsTest : public ::testing::Test {
 protected:
  // A program that says it is sops and then does as the script says.
  SopsDecryptor with(const std::string& script, const std::string& version = "sops 3.13.3") {
    folder.write("sops", "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '" + version + "'; exit; fi\necho run >> " +
                             folder / "runs" + "\n" + script);
    std::filesystem::permissions(folder / "sops", std::filesystem::perms::owner_all);
    return {AgeKeys{Secret(kKey), "Secret web/age"}, folder / "sops", {}};
  }
  static std::string words(const Result<std::string>& result) {
    return result ? "decrypted: " + *result : describe(result.error());
  }
  int runs() {
    std::ifstream in(folder / "runs");
    return static_cast<int>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
  }
  TemporaryFolder folder;
};

TEST(SopsFile, is_told_by_its_block_and_by_nothing_else) {
  EXPECT_TRUE(is_sops_encrypted(encrypted("a"), SopsFormat::Yaml));
  EXPECT_TRUE(is_sops_encrypted("kind: A\n---\n" + encrypted("a"), SopsFormat::Yaml));
  EXPECT_TRUE(
      is_sops_encrypted(R"({"data":"ENC[x]","sops":{"mac":"ENC[1]","age":[{"recipient":"age1"}]}})", SopsFormat::Json));
  EXPECT_TRUE(is_sops_encrypted(R"({"data":"ENC[x]","sops":{"mac":"ENC[1]"}})", SopsFormat::Binary));
  EXPECT_TRUE(is_sops_encrypted("A=ENC[x]\nsops_mac=ENC[1]\n", SopsFormat::Dotenv));
  EXPECT_TRUE(is_sops_encrypted("[a]\nb = ENC[x]\n[sops]\nmac = ENC[1]\n", SopsFormat::Ini));
  EXPECT_FALSE(is_sops_encrypted(config_map("sops"), SopsFormat::Yaml));
  EXPECT_FALSE(is_sops_encrypted("kind: A\nspec:\n  sops:\n    mac: x\n", SopsFormat::Yaml));
  EXPECT_FALSE(is_sops_encrypted("kind: A\nsops: [1]\n", SopsFormat::Yaml));
  EXPECT_FALSE(is_sops_encrypted("sops: {mac: x", SopsFormat::Yaml));
  EXPECT_FALSE(is_sops_encrypted("[a]\nmac = x ; sops\n", SopsFormat::Ini));
}

TEST(SopsFile, tells_for_whom_it_is) {
  const SopsBlock block = sops_block_of(
      encrypted("a", "m", "  age:\n  - recipient: age1jane\n  - recipient: age1joe\n  pgp:\n  - fp: X\n  kms: []\n"),
      SopsFormat::Yaml);
  EXPECT_THAT(block.age_recipients, testing::ElementsAre("age1jane", "age1joe"));
  EXPECT_THAT(block.other_keys, testing::ElementsAre("pgp"));
}

TEST(SopsFile, documents_are_put_where_they_were) {
  EXPECT_EQ(with_lines_of("# head\nkind: A\nsops:\n  mac: x\n---\nkind: B\n", "# head\nkind: A\n---\nkind: B\n"),
            "# head\nkind: A\n\n\n---\nkind: B\n");
  EXPECT_EQ(with_lines_of("kind: A\n---\nkind: B\n", "kind: A\n"), "kind: A\n");
}

TEST_F(SopsTest, what_is_not_encrypted_is_left_as_it_is_and_no_program_run) {
  SopsDecryptor sops = with("exit 1");
  EXPECT_EQ(sops.decrypt("a.yaml", config_map("a"), SopsFormat::Yaml).value(), config_map("a"));
  EXPECT_EQ(runs(), 0);
}

TEST_F(SopsTest, the_key_is_in_the_environment_alone_and_the_file_in_the_input_alone) {
  SopsDecryptor sops = with("echo \"arguments: $*\"; env | sed 's/^/env: /'; sed 's/^/input: /'; echo");
  const std::string said = words(sops.decrypt("a.yaml", encrypted("a"), SopsFormat::Yaml));
  EXPECT_THAT(said, HasSubstr("env: SOPS_AGE_KEY=" + std::string(kKey)));
  EXPECT_THAT(said, HasSubstr("input: kind: Secret"));
  EXPECT_THAT(said,
              HasSubstr("arguments: decrypt --decryption-order age --input-type yaml --output-type yaml /dev/stdin\n"));
  EXPECT_THAT(said,
              AllOf(HasSubstr("env: HOME=/nonexistent"), Not(HasSubstr("env: SSH")), Not(HasSubstr("env: USER"))));
}

TEST_F(SopsTest, a_file_is_decrypted_once_and_again_only_when_it_changes) {
  SopsDecryptor sops = with(kPlain);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(sops.decrypt("a.yaml", encrypted("a"), SopsFormat::Yaml));
  EXPECT_EQ(runs(), 1);
  EXPECT_TRUE(sops.decrypt("a.yaml", encrypted("b"), SopsFormat::Yaml));
  EXPECT_EQ(runs(), 2);
}

TEST_F(SopsTest, documents_encrypted_together_and_apart) {
  SopsDecryptor sops = with(kPlain);
  ASSERT_TRUE(sops.decrypt("a.yaml", encrypted("a") + "---\n" + encrypted("b"), SopsFormat::Yaml));
  EXPECT_EQ(runs(), 1);
  const auto apart = sops.decrypt(
      "a.yaml", encrypted("a", "ENC[1]") + "---\nkind: Plain\n---\n" + encrypted("b", "ENC[2]"), SopsFormat::Yaml);
  ASSERT_TRUE(apart);
  EXPECT_EQ(runs(), 3);
  EXPECT_THAT(*apart, AllOf(HasSubstr("name: a"), HasSubstr("---\nkind: Plain\n---\n"), HasSubstr("name: b")));
}

TEST_F(SopsTest, says_in_the_authors_words_why_it_cannot) {
  const std::string file = encrypted("a");
  EXPECT_THAT(
      words(with("echo 'MAC mismatch. File has 12' >&2; exit 51").decrypt("apps/db.yaml", file, SopsFormat::Yaml)),
      AllOf(HasSubstr("apps/db.yaml: it was changed after it was encrypted"), HasSubstr("sops edit")));
  EXPECT_THAT(
      words(with("exit 128").decrypt("apps/db.yaml", file, SopsFormat::Yaml)),
      AllOf(HasSubstr("no key of Secret web/age"), HasSubstr("encrypted for age1jane"), HasSubstr("sops updatekeys")));
  EXPECT_THAT(words(with("exit 25").decrypt("apps/db.yaml", file, SopsFormat::Yaml)), HasSubstr("does not decrypt"));
  EXPECT_THAT(
      words(with("exit 2").decrypt("apps/db.yaml", encrypted("a", "m", "  pgp:\n  - fp: X\n"), SopsFormat::Yaml)),
      AllOf(HasSubstr("encrypted for pgp and for no age key"), HasSubstr("sops updatekeys")));
  for (const char* script : {"exit 51", "exit 128", "exit 1", "echo "}) {
    SopsDecryptor sops = with(script);
    EXPECT_THAT(words(sops.decrypt("a.yaml", file, SopsFormat::Yaml)), Not(HasSubstr("CANARY")));
  }
}

// Never less than there was: what is missing would be pruned.
TEST_F(SopsTest, a_program_that_fails_at_any_step_is_an_error_and_no_smaller_file) {
  const std::string two = encrypted("a") + "---\n" + encrypted("b");
  for (const char* script :
       {"exit 0", "exit 1", "exit 25", "exit 51", "exit 128", "kill -9 $$", "kill -TERM $$", "echo 'kind: A'",
        "echo 'kind: A'; exit 3", "cat", "cat >&2", "echo 'kind: A'; echo ---; yes | head -c 20000000"}) {
    SopsDecryptor sops = with(script);
    EXPECT_FALSE(sops.decrypt("a.yaml", two, SopsFormat::Yaml)) << script;
  }
  EXPECT_TRUE(with("printf 'kind: A\\n---\\nkind: B\\n'").decrypt("a.yaml", two, SopsFormat::Yaml));
}

TEST_F(SopsTest, one_that_is_too_old_or_missing_says_what_to_install) {
  EXPECT_THAT(words(with(kPlain, "sops 3.8.1").decrypt("a.yaml", encrypted("a"), SopsFormat::Yaml)),
              HasSubstr("install sops 3.9 or later"));
  EXPECT_TRUE(with(kPlain, "sops 3.9.0 (latest)").decrypt("a.yaml", encrypted("a"), SopsFormat::Yaml));
  EXPECT_TRUE(with(kPlain, "sops 4.0").decrypt("a.yaml", encrypted("a"), SopsFormat::Yaml));
  SopsDecryptor missing(AgeKeys{Secret(kKey), "Secret web/age"}, folder / "none", {});
  EXPECT_FALSE(missing.decrypt("a.yaml", encrypted("a"), SopsFormat::Yaml));
}

TEST(AgeKeys, have_a_key_in_them) {
  EXPECT_TRUE(check_age_keys({Secret("# created: 2026\nAGE-SECRET-KEY-1X\n"), "x"}));
  EXPECT_FALSE(check_age_keys({Secret("age1publickey\n"), "x"}));
  EXPECT_FALSE(check_age_keys({Secret(std::string("AGE-SECRET-KEY-1X\0", 18)), "x"}));
}

}  // namespace
}  // namespace holdfast
