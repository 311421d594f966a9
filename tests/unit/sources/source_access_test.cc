// Credentials, signers and keys out of Secrets: what they have to hold, and that what changes there is in use at the
// next reading.
#include "sources/source_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "tests/unit/sources/temporary_folder.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Texts = std::map<std::string, std::string>;

ClusterValue value_of(const Texts& texts, std::string version = "1") {
  ClusterValue value{std::move(version), {}};
  for (const auto& [key, text] : texts) value.data.emplace(key, Secret(text));
  return value;
}

GitUrl url(const std::string& text) { return parse_git_url(text).value(); }

std::string file(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string refusal(const Texts& texts, const std::string& repository = "https://git.example/x.git") {
  const auto read = credentials_of_secret(value_of(texts), url(repository), "Secret web/git");
  return read ? std::string() : describe(read.error());
}

TEST(SecretCredentials, https_by_password_by_token_and_by_certificate) {
  const auto basic = credentials_of_secret(value_of({{"username", "jane"}, {"password", "sword\n"}, {"ca.crt", "CA"}}),
                                           url("https://git.example/x.git"), "s");
  ASSERT_TRUE(basic) << describe(basic.error());
  EXPECT_EQ(basic->credentials.username, "jane");
  EXPECT_EQ(basic->credentials.password.reveal(), "sword");
  EXPECT_EQ(file(basic->credentials.ca_file), "CA");
  const auto bearer = credentials_of_secret(value_of({{"bearerToken", "t"}}), url("https://git.example/x.git"), "s");
  EXPECT_EQ(bearer->credentials.bearer_token.reveal(), "t");
  const auto mutual =
      credentials_of_secret(value_of({{"tls.crt", "C"}, {"tls.key", "K"}}), url("https://git.example/x.git"), "s");
  EXPECT_EQ(file(mutual->credentials.client_certificate_file), "C");
  EXPECT_EQ(file(mutual->credentials.client_key_file), "K");
}

TEST(SecretCredentials, ssh_keys_are_files_of_memory_that_nobody_else_may_read) {
  const auto read = credentials_of_secret(value_of({{"identity", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END"},
                                                    {"known_hosts", "git.example ssh-ed25519 AAAA"}}),
                                          url("ssh://git@git.example/x.git"), "s");
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_THAT(read->credentials.ssh_key_file, testing::StartsWith("/proc/"));
  EXPECT_EQ(file(read->credentials.ssh_key_file), "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END\n");
  EXPECT_EQ(std::filesystem::status(read->credentials.ssh_key_file).permissions(), std::filesystem::perms::owner_read);
  EXPECT_EQ(file(read->credentials.known_hosts_file), "git.example ssh-ed25519 AAAA");
}

TEST(SecretCredentials, what_is_missing_or_wrong_is_named_and_not_quoted) {
  const std::string ssh = "ssh://git@git.example/x.git", key = "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\n";
  EXPECT_THAT(refusal({{"identity", key}}, ssh),
              AllOf(HasSubstr("Secret web/git: it has no known_hosts"), HasSubstr("ssh-keyscan")));
  EXPECT_THAT(refusal({{"password", "CANARY"}}, ssh), HasSubstr("it has no identity"));
  EXPECT_THAT(refusal({{"identity", "CANARY"}, {"known_hosts", "x"}}, ssh), HasSubstr("is no private key"));
  EXPECT_THAT(
      refusal({{"identity", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"}, {"known_hosts", "x"}}, ssh),
      HasSubstr("passphrase"));
  EXPECT_THAT(refusal({{"identity", key}, {"known_hosts", "x"}}),
              HasSubstr("is for ssh, and the repository is reached by https"));
  EXPECT_THAT(refusal({{"username", "jane"}}), HasSubstr("a username and no password"));
  EXPECT_THAT(refusal({{"password", "a\nb"}}), HasSubstr("several lines"));
  EXPECT_THAT(refusal({{"password", "a"}, {"bearerToken", "b"}}), HasSubstr("keep the one"));
  EXPECT_THAT(refusal({{"tls.crt", "a"}, {"password", "b"}}), HasSubstr("only one of tls.crt and tls.key"));
  EXPECT_THAT(refusal({{"githubAppID", "1"}, {"githubAppPrivateKey", key}}), HasSubstr("githubAppInstallationID"));
  EXPECT_THAT(refusal({{"githubAppID", "1"}, {"githubAppInstallationID", "2"}}), HasSubstr("githubAppPrivateKey"));
  EXPECT_THAT(refusal({{"other", "CANARY"}}), HasSubstr("it has nothing that opens an https repository"));
  EXPECT_THAT(refusal({{"password", "x"}}, "file:///srv/x.git"), HasSubstr("needs no credentials"));
  EXPECT_THAT(refusal({{"identity", key}}, ssh), Not(HasSubstr("CANARY")));
}

GithubApp app_with(const std::string& key) {
  GithubApp app;
  app.id = "12";
  app.installation = "34";
  app.private_key = Secret(key);
  app.base_url = "https://github.example/api/v3";
  return app;
}

TEST(GithubAppTest, its_jwt_is_signed_by_its_key_and_good_for_ten_minutes) {
  EVP_PKEY* const key = EVP_RSA_gen(2048);
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  const auto jwt = github_app_jwt(app_with(std::string(bytes, static_cast<std::size_t>(size))),
                                  std::chrono::sys_seconds(std::chrono::seconds(1'000'000)));
  ASSERT_TRUE(jwt) << describe(jwt.error());
  const std::string text(jwt->reveal());
  const std::size_t first = text.find('.'), second = text.rfind('.');
  const auto decoded = [&](std::string part) {
    for (char& c : part) c = c == '-' ? '+' : c == '_' ? '/' : c;
    part.append((4 - part.size() % 4) % 4, '=');
    return base64_decode(part).value_or("");
  };
  EXPECT_EQ(decoded(text.substr(0, first)), R"({"alg":"RS256","typ":"JWT"})");
  EXPECT_EQ(decoded(text.substr(first + 1, second - first - 1)), R"({"iat":999940,"exp":1000540,"iss":"12"})");
  const std::string signature = decoded(text.substr(second + 1));
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
  EXPECT_EQ(EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                             reinterpret_cast<const unsigned char*>(text.data()), second),
            1);
  EVP_MD_CTX_free(context);
  BIO_free(bio);
  EVP_PKEY_free(key);
}

TEST(GithubAppTest, answers_of_github) {
  const GithubApp app = app_with("");
  const auto good = read_installation_token(201, R"({"token":"ghs_x","expires_at":"2026-01-01T01:00:00Z"})", app);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->token.reveal(), "ghs_x");
  EXPECT_EQ(read_installation_token(401, "", app).error().kind, ErrorKind::Unauthorized);
  EXPECT_THAT(describe(read_installation_token(404, "", app).error()), HasSubstr("the app 12 has no installation 34"));
  EXPECT_EQ(read_installation_token(502, "", app).error().kind, ErrorKind::Unreachable);
  for (const char* broken :
       {"", "{}", R"({"token":"CANARY"})", R"({"token":"CANARY\n","expires_at":"2026-01-01T01:00:00Z"})"})
    EXPECT_THAT(describe(read_installation_token(201, broken, app).error()), Not(HasSubstr("CANARY")));
  EXPECT_THAT(describe(github_app_jwt(app_with("-----BEGIN nothing"), {}).error()), HasSubstr("githubAppPrivateKey"));
}

class FixedValues final : public ClusterValues {
 public:
  std::map<std::string, ClusterValue> secrets;
  std::optional<Error> failure;
  SeenValues asked;

  asio::awaitable<Result<ClusterValuePtr>> read(ValueReference wanted) override {
    if (failure) co_return std::unexpected(*failure);
    const auto found = secrets.find(wanted.namespace_ + "/" + wanted.name);
    if (found == secrets.end()) co_return fail(ErrorKind::NotFound, "there is no " + to_string(wanted));
    co_return std::make_shared<const ClusterValue>(found->second);
  }
  asio::awaitable<Result<void>> changed(SeenValues seen) override {
    asked = std::move(seen);
    co_return Result<void>();
  }
};

class AccessKeeperTest : public ::testing::Test {
 protected:
  template <class T>
  T run(asio::awaitable<T> work) {
    auto result = asio::co_spawn(context, std::move(work), asio::use_future);
    context.restart();
    context.run();
    return result.get();
  }
  AccessKeeper keeper(AccessWishes wishes) {
    wishes.namespace_ = "web";
    return {context.get_executor(), &values, std::move(wishes), url("https://git.example/x.git"), folder.path(), {}};
  }
  static AccessWishes all_of_secrets() {
    AccessWishes wishes;
    wishes.credentials_secret = "git";
    wishes.signatures = SignatureSpec{SignatureMode::Head, "signers", {}};
    wishes.decryption = DecryptionSpec{"age", {}};
    return wishes;
  }
  void give(const std::string& name, const Texts& texts, const std::string& version = "1") {
    values.secrets.insert_or_assign("web/" + name, value_of(texts, version));
  }
  void give_all() {
    give("git", {{"password", "one"}});
    give("signers", {{"jane.pub", "ssh-ed25519 AAAAx jane"}});
    give("age", {{"my.agekey", "AGE-SECRET-KEY-1X"}, {"old.agekey", "AGE-SECRET-KEY-1Y"}});
  }

  asio::io_context context;
  FixedValues values;
  TemporaryFolder folder;
};

TEST_F(AccessKeeperTest, what_did_not_change_stays_the_same) {
  give_all();
  AccessKeeper kept = keeper(all_of_secrets());
  const auto first = run(kept.get());
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_EQ((*first)->credentials.password.reveal(), "one");
  EXPECT_EQ(run(kept.get()).value(), *first);
  give("git", {{"password", "two"}}, "2");
  const auto second = run(kept.get());
  EXPECT_NE(*second, *first);
  EXPECT_EQ((*second)->credentials.password.reveal(), "two");
  EXPECT_EQ((*second)->signatures, (*first)->signatures);
  EXPECT_EQ((*second)->decryptor, (*first)->decryptor);
  give("age", {{"my.agekey", "AGE-SECRET-KEY-1Z"}}, "2");
  EXPECT_NE(run(kept.get()).value()->decryptor, (*first)->decryptor);
}

TEST_F(AccessKeeperTest, all_that_is_missing_is_waited_for) {
  AccessKeeper kept = keeper(all_of_secrets());
  EXPECT_EQ(run(kept.get()).error().kind, ErrorKind::NotFound);
  ASSERT_TRUE(run(kept.changed()));
  EXPECT_EQ(values.asked.size(), 3U);
  for (const auto& [reference, version] : values.asked) EXPECT_EQ(version, "");
  give_all();
  EXPECT_TRUE(run(kept.get()));
}

TEST_F(AccessKeeperTest, new_credentials_are_not_lost_where_something_else_fails_meanwhile) {
  give_all();
  AccessKeeper kept = keeper(all_of_secrets());
  ASSERT_TRUE(run(kept.get()));
  give("git", {{"password", "two"}}, "2");
  give("signers", {{"x", "nonsense"}}, "2");
  EXPECT_THAT(describe(run(kept.get()).error()), HasSubstr("its x holds no public keys"));
  give("signers", {{"jane.pub", "ssh-ed25519 AAAAx jane"}}, "3");
  EXPECT_EQ(run(kept.get()).value()->credentials.password.reveal(), "two");
}

TEST_F(AccessKeeperTest, what_is_unknown_is_told_as_it_is) {
  give_all();
  AccessKeeper kept = keeper(all_of_secrets());
  ASSERT_TRUE(run(kept.get()));
  values.failure = Error{ErrorKind::Forbidden, "cannot read Secret web/git: no"};
  EXPECT_EQ(run(kept.get()).error().kind, ErrorKind::Forbidden);
}

TEST_F(AccessKeeperTest, files_are_read_anew) {
  folder.write("password", "one\n");
  folder.write("age", "AGE-SECRET-KEY-1X\n");
  AccessWishes wishes;
  wishes.files.password = folder / "password";
  wishes.decryption = DecryptionSpec{{}, folder / "age"};
  AccessKeeper kept = keeper(wishes);
  EXPECT_FALSE(kept.names_secrets());
  const auto first = run(kept.get());
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_EQ(run(kept.get()).value(), *first);
  folder.write("password", "two\n");
  EXPECT_EQ(run(kept.get()).value()->credentials.password.reveal(), "two");
  folder.write("age", "");
  EXPECT_THAT(describe(run(kept.get()).error()), HasSubstr("spec.decryption.ageKeyFile"));
}

TEST(AgeKeysOfSecret, are_its_entries_of_that_name) {
  const auto read =
      age_keys_of(value_of({{"a.agekey", "AGE-SECRET-KEY-1A"}, {"b.agekey", "AGE-SECRET-KEY-1B"}, {"c", "x"}}), "s");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text.reveal(), "AGE-SECRET-KEY-1A\nAGE-SECRET-KEY-1B\n");
  EXPECT_THAT(describe(age_keys_of(value_of({{"x.asc", "y"}}), "s").error()), HasSubstr("only those of age"));
  EXPECT_THAT(describe(age_keys_of(value_of({{"a.agekey", "age1public"}}), "s").error()), HasSubstr("no age key"));
}

}  // namespace
}  // namespace holdfast
