// Sources that ask for signatures and hold keys, beside others of the same repository that do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "sources/repository_hub.h"
#include "sources/source.h"
#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kEncrypted =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: ENC[x]\n"
    "sops:\n  age:\n  - recipient: age1jane\n  mac: ENC[1]\n";

class TrustedSourceTest : public ::testing::Test {
 protected:
  TrustedSourceTest() {
    keys.write("age", "AGE-SECRET-KEY-1X\n");
    // In place of sops: says what is in the file beside it.
    keys.write("plain", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: swordfish\n");
    keys.write("sops", "#!/bin/sh\ncase $1 in --version) echo sops 3.13.3;; *) cat " + keys / "plain" + ";; esac\n");
    std::filesystem::permissions(keys / "sops", std::filesystem::perms::owner_all);
    for (const char* name : {"jane", "mallory"}) {
      ProcessSpec spec;
      spec.argv = {find_program("ssh-keygen").value(), "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", keys / name};
      EXPECT_TRUE(run_program(spec));
    }
  }

  std::unique_ptr<Source> follow(const std::string& path, AccessWishes access = {}) {
    SourceOptions options;
    options.repo = repository.url();
    options.path = path;
    options.cache_folder = cache.path();
    options.hub = hub;
    options.access = std::move(access);
    auto source = make_source(context.get_executor(), std::move(options));
    if (!source) ADD_FAILURE() << describe(source.error());
    return source ? std::move(*source) : nullptr;
  }
  AccessWishes with_keys() {
    AccessWishes access;
    access.decryption = DecryptionSpec{{}, keys / "age"};
    access.sops = keys / "sops";
    return access;
  }
  AccessWishes signed_by(const std::string& name) {
    AccessWishes access;
    access.signatures = SignatureSpec{SignatureMode::Head, {}, keys / name + ".pub"};
    return access;
  }
  std::string commit_signed(const std::string& name, const std::string& path, const std::string& content) {
    repository.folder.write(path, content);
    repository.git({"add", "--all"});
    repository.git(
        {"-c", "gpg.format=ssh", "-c", "user.signingkey=" + keys / name, "commit", "--quiet", "-S", "-m", "x"});
    return repository.git({"rev-parse", "HEAD"});
  }

  template <class T>
  T run(asio::awaitable<T> work) {
    auto result = asio::co_spawn(context, std::move(work), asio::use_future);
    context.restart();
    while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      if (context.run_one_for(std::chrono::seconds(20)) == 0) {
        ADD_FAILURE() << "nothing happened for 20 s";
        std::abort();
      }
    return result.get();
  }
  std::string words(Source& source) {
    const auto loaded = run(source.load());
    return loaded ? "read " + (*loaded)->revision : describe(loaded.error());
  }

  asio::io_context context;
  std::shared_ptr<RepositoryHub> hub = std::make_shared<RepositoryHub>(context.get_executor());
  TestRepository repository;
  TemporaryFolder cache, keys;
};

TEST_F(TrustedSourceTest, what_is_encrypted_is_never_applied_as_it_is) {
  repository.commit("apps/db.yaml", kEncrypted);
  const auto source = follow("apps");
  EXPECT_THAT(words(*source),
              AllOf(HasSubstr("apps/db.yaml: it is encrypted with SOPS"), HasSubstr("spec.decryption")));
}

TEST_F(TrustedSourceTest, one_application_does_not_see_what_another_one_can_decrypt) {
  repository.commit("apps/db.yaml", kEncrypted);
  const auto able = follow("apps", with_keys()), curious = follow("apps");
  const auto loaded = run(able->load());
  ASSERT_TRUE(loaded) << describe(loaded.error());
  ASSERT_EQ((*loaded)->manifests.size(), 2U);
  EXPECT_EQ(string_at((*loaded)->manifests[0].body, {"stringData", "password"}), "swordfish");
  EXPECT_EQ((*loaded)->manifests[0].origin, "apps/db.yaml:1");
  EXPECT_EQ(hub->size(), 1U);
  EXPECT_THAT(words(*curious), HasSubstr("no keys are named"));
  EXPECT_TRUE(run(able->read_afresh()));
}

TEST_F(TrustedSourceTest, a_key_that_is_taken_away_opens_nothing_any_more) {
  repository.commit("apps/db.yaml", kEncrypted);
  const auto source = follow("apps", with_keys());
  ASSERT_TRUE(run(source->load()));
  keys.write("age", "AGE-SECRET-KEY-1Y\n");
  keys.write("sops", "#!/bin/sh\ncase $1 in --version) echo sops 3.13.3;; *) exit 128;; esac\n");
  EXPECT_THAT(words(*source), HasSubstr("encrypted for age1jane"));
}

TEST_F(TrustedSourceTest, all_that_is_wrong_with_encrypted_and_other_files_comes_at_once) {
  keys.write("sops", "#!/bin/sh\ncase $1 in --version) echo sops 3.13.3;; *) exit 51;; esac\n");
  repository.folder.write("apps/db.yaml", kEncrypted);
  repository.commit("apps/bad.yaml", "kind: A\n");
  const auto source = follow("apps", with_keys());
  EXPECT_THAT(words(*source), AllOf(HasSubstr("apps/bad.yaml:1"), HasSubstr("apps/db.yaml: it was changed")));
}

TEST_F(TrustedSourceTest, an_unsigned_commit_is_refused_even_where_it_changes_nothing_of_the_application) {
  const std::string good = commit_signed("jane", "apps/web.yaml", config_map("web", "2"));
  const auto strict = follow("apps", signed_by("jane")), open = follow("apps");
  EXPECT_EQ(words(*strict), "read main@sha1:" + good);
  const std::string bad = repository.commit("other/x.yaml", config_map("x"));
  EXPECT_THAT(words(*strict), AllOf(HasSubstr("commit " + bad.substr(0, 12)), HasSubstr("it is not signed")));
  EXPECT_THAT(words(*strict), HasSubstr("it is not signed"));  // and remains so
  EXPECT_FALSE(run(strict->read_afresh()));
  EXPECT_THAT(words(*open), HasSubstr("read main@sha1:"));
  const std::string better = commit_signed("jane", "other/x.yaml", config_map("x", "2"));
  EXPECT_THAT(words(*strict), HasSubstr("read "));
  EXPECT_EQ(strict->last_read().revision, "main@sha1:" + better);
}

TEST_F(TrustedSourceTest, a_signer_who_is_taken_away_counts_no_more) {
  commit_signed("jane", "apps/web.yaml", config_map("web", "2"));
  const auto source = follow("apps", signed_by("jane"));
  EXPECT_THAT(words(*source), HasSubstr("read "));
  std::filesystem::copy_file(keys / "mallory.pub", keys / "jane.pub",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(words(*source), HasSubstr("it was signed with the ED25519 key"));
}

TEST_F(TrustedSourceTest, what_is_on_record_is_held_on_and_then_asked_for_its_signature) {
  const std::string id = repository.git({"rev-parse", "HEAD"});
  const auto source = follow("apps", signed_by("jane"));
  EXPECT_TRUE(run(source->read_recorded({"main@sha1:" + id, {}})));
  EXPECT_THAT(words(*source), HasSubstr("it is not signed"));
}

TEST_F(TrustedSourceTest, a_plain_folder_has_no_signatures) {
  TemporaryFolder files;
  files.write("web.yaml", config_map("web"));
  SourceOptions options;
  options.repo = files.path();
  options.access = signed_by("jane");
  const auto source = make_source(context.get_executor(), std::move(options));
  ASSERT_FALSE(source);
  EXPECT_THAT(describe(source.error()), HasSubstr("a plain directory has no signatures"));
}

TEST_F(TrustedSourceTest, files_as_they_are_saved_are_decrypted_too) {
  TemporaryFolder files;
  files.write("db.yaml", kEncrypted);
  SourceOptions options;
  options.repo = files.path();
  options.access = with_keys();
  const auto source = make_source(context.get_executor(), std::move(options)).value();
  const auto loaded = run(source->load());
  ASSERT_TRUE(loaded) << describe(loaded.error());
  EXPECT_EQ(string_at((*loaded)->manifests[0].body, {"stringData", "password"}), "swordfish");
}

}  // namespace
}  // namespace holdfast
