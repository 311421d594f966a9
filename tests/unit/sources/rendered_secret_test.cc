// Objects that come out of a renderer encrypted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/rendered_text.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

constexpr const char* kRendered =
    "kind: ConfigMap\napiVersion: v1\nmetadata: {name: page}\n---\n"
    "kind: Secret\napiVersion: v1\nmetadata: {name: db, namespace: set-by-a-kustomization}\n"
    "stringData: {password: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: 'ENC[x]', age: [{recipient: age1jane}]}\n";

// In place of sops.
class Opener final : public Decryptor {
 public:
  explicit Opener(Result<std::string> answer) : answer_(std::move(answer)) {}
  Result<std::string> decrypt(const std::string& /*path*/, std::string_view /*bytes*/, SopsFormat) override {
    return fail(ErrorKind::Internal, "files are not its business");
  }
  Result<std::string> decrypt_rendered(const std::string& origin, std::string_view object) override {
    asked_ += origin + " " + std::string(object) + "\n";
    return answer_;
  }
  std::string asked_;

 private:
  Result<std::string> answer_;
};

Result<ManifestSetPtr> read(Decryptor* decryptor) {
  return read_rendered(
      kRendered, "main@sha1:aa", 0, [](const RenderedDocument&) { return "apps/db.yaml:1"; }, decryptor);
}

TEST(RenderedSecret, is_decrypted_by_itself) {
  Opener opener(
      R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"db"},"stringData":{"password":"swordfish"}})");
  const auto set = read(&opener);
  ASSERT_TRUE(set) << describe(set.error());
  ASSERT_EQ((*set)->manifests.size(), 2U);
  EXPECT_EQ(string_at((*set)->manifests[1].body, {"stringData", "password"}), "swordfish");
  EXPECT_THAT(opener.asked_, HasSubstr("apps/db.yaml:1 {\"kind\":\"Secret\""));
  EXPECT_THAT(opener.asked_, Not(HasSubstr("ConfigMap")));
}

TEST(RenderedSecret, is_an_error_without_keys_and_never_applied_as_it_stands) {
  const auto set = read(nullptr);
  ASSERT_FALSE(set);
  EXPECT_THAT(describe(set.error()), HasSubstr("apps/db.yaml:1: it is encrypted with SOPS"));
  EXPECT_THAT(describe(set.error()), HasSubstr("spec.decryption"));
}

TEST(RenderedSecret, is_an_error_where_it_stays_encrypted_or_cannot_be_opened) {
  Opener shut(fail(ErrorKind::Invalid, "no key of Secret web/age can decrypt it", "apps/db.yaml:1"));
  EXPECT_THAT(describe(read(&shut).error()), HasSubstr("no key of Secret web/age"));
  Opener away(fail(ErrorKind::Timeout, "sops did not end", "apps/db.yaml:1"));
  EXPECT_EQ(read(&away).error().kind, ErrorKind::Timeout);
  Opener idle(R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"db"},"sops":{"mac":"x"}})");
  EXPECT_EQ(read(&idle).error().kind, ErrorKind::Internal);
}

}  // namespace
}  // namespace holdfast
