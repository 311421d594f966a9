// Commits and tags that git signs with keys made here, and what is refused of them: by whom it was signed is in the
// words of the refusal.
#include "sources/signature_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/git_mirror.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Keys of OpenPGP and SSH, and a repository that is signed with them.
class SignatureTest : public ::testing::Test {
 protected:
  SignatureTest() {
    std::filesystem::create_directory(keys / "gnupg");
    std::filesystem::permissions(keys / "gnupg", std::filesystem::perms::owner_all);
    keys.write("gpg", "#!/bin/sh\nexec gpg --homedir " + keys / "gnupg" + " --batch --passphrase '' \"$@\"\n");
    keys.write("gpg-2020", "#!/bin/sh\nexec gpg --homedir " + keys / "gnupg" +
                               " --batch --passphrase '' --faked-system-time 20200115T000000 \"$@\"\n");
    for (const char* name : {"gpg", "gpg-2020"})
      std::filesystem::permissions(keys / name, std::filesystem::perms::owner_all);
  }
  ~SignatureTest() override {
    run({find_program("gpgconf").value(), "--homedir", keys / "gnupg", "--kill", "gpg-agent"});
  }

  static std::string run(std::vector<std::string> argv, const std::string& input = {}) {
    ProcessSpec spec;
    spec.argv = std::move(argv);
    spec.environment = {std::string("PATH=") + kProgramPath, "HOME=/nonexistent", "LC_ALL=C"};
    spec.input = input;
    auto output = run_program(spec);
    if (!output || output->exit_status != 0) {
      ADD_FAILURE() << spec.argv[0] << ": " << (output ? output->err : describe(output.error()));
      return {};
    }
    return output->out;
  }
  static std::string read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string gpg_key(const std::string& name, const std::string& expires = "never", const char* program = "gpg") {
    run({keys / program, "--quick-gen-key", name + " <" + name + "@example.com>", "ed25519", "sign", expires});
    return exported(name);
  }
  std::string exported(const std::string& name) { return run({keys / "gpg", "--armor", "--export", name}); }
  // The public key as ssh-keygen writes it.
  std::string ssh_key(const std::string& name) {
    run({find_program("ssh-keygen").value(), "-q", "-t", "ed25519", "-N", "", "-C", name + "@example.com", "-f",
         keys / name});
    return read(keys / name + ".pub");
  }

  std::vector<std::string> by_gpg(const std::string& name, const char* program = "gpg") {
    return {"-c", "gpg.program=" + keys / program, "-c", "user.signingkey=" + name + "@example.com"};
  }
  std::vector<std::string> by_ssh(const std::string& name) {
    return {"-c", "gpg.format=ssh", "-c", "user.signingkey=" + keys / name};
  }
  void git(std::vector<std::string> how, std::vector<std::string> what) {
    how.insert(how.end(), what.begin(), what.end());
    repository.git(std::move(how));
  }
  void commit(std::vector<std::string> how) {
    git(std::move(how), {"commit", "--quiet", "--allow-empty", "-S", "-m", "change"});
  }
  void tag(std::vector<std::string> how, const std::string& name) {
    git(std::move(how), {"tag", "-s", "-m", name, name});
  }

  static Signers signers(std::map<std::string, std::string> entries) {
    std::map<std::string, Secret> data;
    for (auto& [name, text] : entries) data.emplace(name, Secret(text));
    auto read = signers_of(data, "Secret web/signers");
    EXPECT_TRUE(read) << describe(read.error());
    return read.value_or(Signers{});
  }
  // Empty where it is let through, else the words.
  std::string refusal(const Signers& of, const std::string& ref = "main", SignatureMode mode = SignatureMode::Head) {
    const GitMirror mirror = GitMirror::open({repository.url(), cache.path()}).value();
    const auto resolved = mirror.resolve(ref);
    if (!resolved) return describe(resolved.error());
    const auto verified = mirror.verify(*resolved, mode, SignatureCheck(of, cache.path(), {}));
    if (verified) return {};
    EXPECT_EQ(verified.error().kind, ErrorKind::Invalid);
    return describe(verified.error());
  }

  TestRepository repository;
  TemporaryFolder cache, keys;
};

TEST_F(SignatureTest, one_that_is_not_signed_is_refused_by_its_id_and_its_author) {
  const std::string words = refusal(signers({{"a.pub", ssh_key("jane")}}));
  EXPECT_THAT(words,
              AllOf(HasSubstr("commit " + repository.git({"rev-parse", "HEAD"}).substr(0, 12)),
                    HasSubstr("of t <t@example.org>"), HasSubstr("it is not signed"), HasSubstr("Secret web/signers")));
}

TEST_F(SignatureTest, commits_signed_by_openpgp) {
  const Signers of_jane = signers({{"jane.asc", gpg_key("jane")}});
  gpg_key("mallory");
  commit(by_gpg("jane"));
  EXPECT_EQ(refusal(of_jane), "");
  EXPECT_THAT(refusal(signers({{"ssh", ssh_key("jane")}})), HasSubstr("it has an OpenPGP signature"));
  commit(by_gpg("mallory"));
  EXPECT_THAT(refusal(of_jane), HasSubstr("it was signed with the key "));
  EXPECT_FALSE(std::filesystem::exists(cache / "gnupg.XXXXXX"));
  for (const auto& entry : std::filesystem::directory_iterator(cache.path()))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("gnupg")));  // thrown away
}

TEST_F(SignatureTest, openpgp_keys_that_expired_or_were_revoked) {
  const Signers of_old = signers({{"old", gpg_key("old", "20200201T000000", "gpg-2020")}});
  commit(by_gpg("old", "gpg-2020"));
  EXPECT_THAT(refusal(of_old), HasSubstr("the key of old <old@example.com>"));
  EXPECT_THAT(refusal(of_old), HasSubstr("has expired"));
  const Signers of_jane = signers({{"jane", gpg_key("jane")}});
  commit(by_gpg("jane"));
  ASSERT_EQ(refusal(of_jane), "");
  for (const auto& entry : std::filesystem::directory_iterator(keys / "gnupg/openpgp-revocs.d")) {
    std::string certificate = read(entry.path());
    if (certificate.find("jane") == std::string::npos) continue;
    certificate.erase(certificate.find(":-----BEGIN"), 1);
    run({keys / "gpg", "--import"}, certificate);
  }
  EXPECT_THAT(refusal(signers({{"jane", exported("jane")}})), HasSubstr("was revoked"));
}

TEST_F(SignatureTest, commits_signed_by_ssh) {
  const std::string jane = ssh_key("jane");
  ssh_key("mallory");
  commit(by_ssh("jane"));
  EXPECT_EQ(refusal(signers({{"jane.pub", jane}})), "");
  EXPECT_EQ(refusal(signers({{"allowed_signers", "jane@example.com,boss@example.com " + jane}})), "");
  EXPECT_THAT(refusal(signers({{"other", "jane@example.com namespaces=\"file\" " + jane}})),
              HasSubstr("the key of jane@example.com may not sign for git"));
  EXPECT_THAT(refusal(signers({{"old", "jane@example.com valid-before=\"20200101\" " + jane}})),
              HasSubstr("has expired"));
  EXPECT_THAT(refusal(signers({{"jane.pub", jane}, {"revoked_keys", jane}})), HasSubstr("was revoked"));
  commit(by_ssh("mallory"));
  EXPECT_THAT(refusal(signers({{"jane.pub", jane}})), HasSubstr("it was signed with the ED25519 key SHA256:"));
}

TEST_F(SignatureTest, what_was_changed_after_it_was_signed) {
  const Signers both = signers({{"jane", gpg_key("jane")}, {"jane.pub", ssh_key("jane")}});
  for (const auto& how : {by_gpg("jane"), by_ssh("jane")}) {
    commit(how);
    ASSERT_EQ(refusal(both), "");
    std::string text = repository.git({"cat-file", "commit", "HEAD"}) + "\n";
    text.replace(text.rfind("change"), 6, "chance");
    repository.folder.write("tampered", text);
    const std::string id = repository.git({"hash-object", "-t", "commit", "-w", "tampered"});
    repository.git({"update-ref", "refs/heads/tampered", id});
    EXPECT_THAT(refusal(both, "tampered"),
                AllOf(HasSubstr("it was changed after"), HasSubstr("jane"), HasSubstr(id.substr(0, 12))));
  }
}

TEST_F(SignatureTest, a_signed_tag_speaks_for_a_commit_that_is_not_signed) {
  const Signers both = signers({{"jane", gpg_key("jane")}, {"jane.pub", ssh_key("jane")}});
  tag(by_gpg("jane"), "v1");
  tag(by_ssh("jane"), "v2");
  EXPECT_EQ(refusal(both, "v1", SignatureMode::Tag), "");
  EXPECT_EQ(refusal(both, "v2", SignatureMode::Tag), "");
  EXPECT_THAT(refusal(both, "v1", SignatureMode::Head), HasSubstr("it is not signed"));
  EXPECT_THAT(refusal(both, "v1", SignatureMode::TagAndHead),
              AllOf(HasSubstr("commit"), HasSubstr("it is not signed")));
  commit(by_ssh("jane"));
  tag(by_ssh("jane"), "v3");
  EXPECT_EQ(refusal(both, "v3", SignatureMode::TagAndHead), "");
}

TEST_F(SignatureTest, tags_that_are_no_proof) {
  const Signers of_jane = signers({{"jane.pub", ssh_key("jane")}});
  repository.git({"tag", "light"});
  EXPECT_THAT(refusal(of_jane, "light", SignatureMode::Tag), HasSubstr("the tag light is not annotated"));
  EXPECT_THAT(refusal(of_jane, "main", SignatureMode::Tag), HasSubstr("refs/heads/main is no tag"));
  repository.git({"tag", "-a", "-m", "plain", "plain"});
  EXPECT_THAT(refusal(of_jane, "plain", SignatureMode::Tag),
              AllOf(HasSubstr("tag plain"), HasSubstr("it is not signed")));
  // An old release under a new name.
  tag(by_ssh("jane"), "v1");
  repository.git({"update-ref", "refs/tags/v2", repository.git({"rev-parse", "refs/tags/v1"})});
  EXPECT_EQ(refusal(of_jane, "v1", SignatureMode::Tag), "");
  EXPECT_THAT(refusal(of_jane, "v2", SignatureMode::Tag), HasSubstr("the tag v2 is in truth the tag v1"));
}

TEST(Signers, what_holds_no_public_keys_is_refused_by_its_name) {
  const auto refused = [](const std::string& name, const std::string& text) {
    const auto read = signers_of({{name, Secret(text)}}, "Secret web/signers");
    return read ? std::string() : describe(read.error());
  };
  EXPECT_THAT(refused("x", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA"), HasSubstr("its x is a private key"));
  EXPECT_THAT(refused("x", "nothing of the kind"), HasSubstr("its x holds no public keys"));
  EXPECT_THAT(refused("x", "# nobody yet\n"), HasSubstr("it holds no public key"));
}

TEST(GpgStatus, only_one_good_signature_counts) {
  EXPECT_EQ(read_gpg_status("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1234 Jane <j@x>\n[GNUPG:] VALIDSIG 99 2026\n").value(),
            "Jane <j@x> (key 1234)");
  EXPECT_FALSE(read_gpg_status(""));
  EXPECT_FALSE(read_gpg_status("gpg: Good signature\n"));
  EXPECT_FALSE(read_gpg_status("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1234 Jane\n"));
  EXPECT_FALSE(read_gpg_status("[GNUPG:] NEWSIG\n[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1 J\n[GNUPG:] VALIDSIG 9\n"));
  EXPECT_FALSE(read_gpg_status("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1 J\n[GNUPG:] VALIDSIG 9\n[GNUPG:] BADSIG 2 M\n"));
}

TEST(SignedObject, an_object_has_the_id_that_git_gives_it) {
  EXPECT_EQ(git_object_id("blob", "hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
}

}  // namespace
}  // namespace holdfast
