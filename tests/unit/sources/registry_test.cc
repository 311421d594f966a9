// What is read of and said to a registry, without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "holdfast/base/digest.h"
#include "sources/artifact_manifest.h"
#include "sources/registry_address.h"
#include "sources/registry_login.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

TEST(RegistryAddress, a_url_is_a_server_and_a_repository) {
  const auto address = parse_registry_url("oci://registry.example:5000/team/web-1.x__y/");
  ASSERT_TRUE(address) << describe(address.error());
  EXPECT_EQ(address->server, "https://registry.example:5000");
  EXPECT_EQ(address->host, "registry.example:5000");
  EXPECT_EQ(address->repository, "team/web-1.x__y");
  EXPECT_FALSE(address->loopback);
  EXPECT_TRUE(parse_registry_url("oci://localhost:5000/web")->loopback);
  EXPECT_TRUE(parse_registry_url("oci://[::1]:5000/web")->loopback);
}

TEST(RegistryAddress, docker_hub_has_several_names) {
  for (const char* url :
       {"oci://docker.io/web", "oci://index.docker.io/library/web", "oci://registry-1.docker.io/web"}) {
    const auto address = parse_registry_url(url);
    ASSERT_TRUE(address);
    EXPECT_EQ(address->server, "https://registry-1.docker.io");
    EXPECT_EQ(address->host, "docker.io");
    EXPECT_EQ(address->repository, "library/web");
  }
  EXPECT_EQ(parse_registry_url("oci://docker.io/team/web")->repository, "team/web");
}

TEST(RegistryAddress, what_is_no_repository_is_refused) {
  for (const char* url :
       {"https://registry.example/web", "oci://registry.example", "oci:///web", "oci://registry.example/",
        "oci://user:pass@registry.example/web", "oci://registry.example/Web", "oci://registry.example/a//b",
        "oci://registry.example/../b", "oci://registry.example/-a", "oci://registry.example/a-",
        "oci://registry.example/a..b", "oci://registry.example/a___b", "oci://registry.example/a b",
        "oci://registry.example/web?x=1", "oci://registry.example:99999/web", "oci://exa mple/web"})
    EXPECT_FALSE(parse_registry_url(url)) << url;
  for (const char* url : {"oci://registry.example/web:v1", "oci://registry.example/web@sha256:1"})
    EXPECT_THAT(parse_registry_url(url).error().hint, HasSubstr("spec.source.ref")) << url;
  EXPECT_EQ(describe(parse_registry_url("oci://user:canary@registry.example/web").error()).find("canary"),
            std::string::npos);
}

TEST(RegistryAddress, tags_are_those_that_a_registry_may_have) {
  for (const char* tag : {"latest", "v1.2.3-rc.1", "1.0.0_build", "_x"}) EXPECT_TRUE(check_tag(tag)) << tag;
  for (const char* tag : {"", ".x", "-x", "a/b", "a:b", "1.0+b", "a b"}) EXPECT_FALSE(check_tag(tag)) << tag;
  EXPECT_FALSE(check_tag(std::string(129, 'a')));
}

TEST(RegistryLogin, challenges_are_read_as_the_http_specification_writes_them) {
  const auto found =
      parse_challenges({"Bearer realm=\"https://auth.example/token?a=1,2\",service=\"registry \\\"x\\\"\", scope = "
                        "\"repository:web:pull\"",
                        "Basic realm=here, Bearer realm=second"});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].scheme, "bearer");
  EXPECT_EQ(found[0].parameters.at("realm"), "https://auth.example/token?a=1,2");
  EXPECT_EQ(found[0].parameters.at("service"), "registry \"x\"");
  EXPECT_EQ(found[0].parameters.at("scope"), "repository:web:pull");
  EXPECT_EQ(found[1].scheme, "basic");
  EXPECT_EQ(found[2].parameters.at("realm"), "second");
}

TEST(RegistryLogin, what_is_no_challenge_is_passed_over) {
  for (const char* header : {"", ",,,", "=", "\"", "realm=\"x\"", "Bearer realm=\"never ends", "\x01"})
    for (const Challenge& one : parse_challenges({header})) EXPECT_TRUE(one.parameters.empty()) << header;
}

TEST(RegistryLogin, dockers_file_is_read_under_each_spelling_of_a_host) {
  const std::string both = base64_encode("reader:pass:word");
  for (const std::string& key :
       {std::string("registry.example:5000"), std::string("https://registry.example:5000/v2/")}) {
    const auto login = docker_login(R"({"auths":{"other.example":{},")" + key + R"(":{"auth":")" + both + R"("}}})",
                                    "registry.example:5000");
    ASSERT_TRUE(login && *login) << key;
    EXPECT_EQ((*login)->username, "reader");
    EXPECT_EQ((*login)->password.reveal(), "pass:word");
    EXPECT_EQ(basic_authorization(**login).reveal(), "Basic " + both);
  }
  const auto hub =
      docker_login(R"({"auths":{"https://index.docker.io/v1/":{"username":"a","password":"b"}}})", "docker.io");
  ASSERT_TRUE(hub && *hub);
  EXPECT_EQ((*hub)->username, "a");
  const auto none = docker_login(R"({"auths":{"other.example":{"username":"a","password":"b"}}})", "registry.example");
  EXPECT_TRUE(none && !*none);
  EXPECT_TRUE(docker_login("{}", "registry.example"));
}

TEST(RegistryLogin, what_cannot_be_used_of_dockers_file_is_named_and_shows_nothing) {
  for (const char* config :
       {"", "[]", "auths:", R"({"auths":{"r.example":{"auth":"canary"}}})",
        R"({"auths":{"r.example":{"auth":"Y2FuYXJ5"}}})", R"({"auths":{"r.example":{"identitytoken":"canary"}}})",
        R"({"credsStore":"desktop"})", R"({"credHelpers":{"r.example":"ecr-login"}})",
        R"({"auths":{"r.example":{}},"credsStore":"desktop"})"}) {
    const auto login = docker_login(config, "r.example");
    ASSERT_FALSE(login) << config;
    EXPECT_EQ(login.error().kind, ErrorKind::Invalid);
    EXPECT_FALSE(login.error().hint.empty());
    EXPECT_FALSE(describe(login.error()).contains("canary")) << describe(login.error());
  }
}

std::string layer(const std::string& type, char digit, const std::string& annotations = {}) {
  return R"({"mediaType":")" + type + R"(","digest":"sha256:)" + std::string(64, digit) + R"(","size":10)" +
         (annotations.empty() ? "" : R"(,"annotations":{)" + annotations + "}") + "}";
}

std::string manifest(const std::string& config_type, const std::string& layers) {
  return R"({"schemaVersion":2,"config":{"mediaType":")" + config_type + R"("},"layers":[)" + layers + "]}";
}

const std::string kFluxLayer = layer("application/vnd.cncf.flux.content.v1.tar+gzip", 'a');
const std::string kOciLayer = layer("application/vnd.oci.image.layer.v1.tar+gzip", 'b');
const std::string kSignature = layer("application/vnd.dev.cosign.simplesigning.v1+json", 'c');

TEST(ArtifactManifest, the_one_archive_is_meant) {
  for (const std::string& only :
       {kFluxLayer, kOciLayer, layer("application/vnd.oci.image.layer.v1.tar", 'd'),
        layer("application/vnd.docker.image.rootfs.diff.tar.gzip", 'd'), kSignature + "," + kFluxLayer}) {
    const auto content = artifact_content(manifest("application/vnd.cncf.flux.config.v1+json", only), "");
    ASSERT_TRUE(content) << describe(content.error());
    ASSERT_EQ(content->layers.size(), 1U);
    EXPECT_NE(content->layers[0].digest[7], 'c');
    EXPECT_FALSE(content->is_chart);
  }
}

TEST(ArtifactManifest, of_a_chart_the_chart_is_meant_and_not_its_provenance) {
  const std::string both = layer("application/vnd.cncf.helm.chart.provenance.v1.prov", 'a') + "," +
                           layer(std::string(kChartLayerType), 'b') + "," + kOciLayer;
  const auto content = artifact_content(manifest("application/vnd.cncf.helm.config.v1+json", both), "");
  ASSERT_TRUE(content) << describe(content.error());
  EXPECT_TRUE(content->is_chart);
  EXPECT_EQ(content->layers[0].digest, "sha256:" + std::string(64, 'b'));
}

TEST(ArtifactManifest, a_media_type_chooses_and_where_it_is_needed_the_types_are_told) {
  const std::string two = manifest("x", kFluxLayer + "," + kOciLayer);
  const auto unclear = artifact_content(two, "");
  ASSERT_FALSE(unclear);
  EXPECT_EQ(unclear.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(unclear.error().message, HasSubstr("vnd.oci.image.layer.v1.tar+gzip"));
  EXPECT_THAT(unclear.error().hint, HasSubstr("layerSelector"));
  EXPECT_EQ(artifact_content(two, "application/vnd.oci.image.layer.v1.tar+gzip")->layers[0].digest[7], 'b');
  EXPECT_THAT(artifact_content(two, "application/x").error().message, HasSubstr("no layer of the type application/x"));
  EXPECT_THAT(artifact_content(manifest("x", kSignature), "").error().message, HasSubstr("no layer that is a tar"));
  EXPECT_FALSE(artifact_content(manifest("x", ""), ""));
}

TEST(ArtifactManifest, single_files_as_oras_pushes_them_are_files) {
  const auto titled = [](char digit, const std::string& name, bool unpack = false) {
    return layer("application/vnd.oci.image.layer.v1.tar", digit,
                 R"("org.opencontainers.image.title":")" + name + "\"" +
                     (unpack ? R"(,"io.deis.oras.content.unpack":"true")" : ""));
  };
  const auto content =
      artifact_content(manifest("x", titled('a', "web.yaml") + "," + titled('b', "./sub/db.json")), "");
  ASSERT_TRUE(content) << describe(content.error());
  ASSERT_EQ(content->layers.size(), 2U);
  EXPECT_EQ(content->layers[0].file_name, "web.yaml");
  EXPECT_EQ(content->layers[1].file_name, "sub/db.json");
  EXPECT_EQ(artifact_content(manifest("x", titled('a', "folder", true)), "")->layers[0].file_name, "");
  EXPECT_EQ(artifact_content(manifest("x", titled('a', "folder.yaml", true)), "")->layers[0].file_name, "");
  EXPECT_EQ(artifact_content(manifest("x", titled('a', "../out.yaml")), "")->layers[0].file_name, "");
}

TEST(ArtifactManifest, an_artifact_says_when_and_of_what_it_was_made) {
  const auto with = [](const std::string& annotations) {
    std::string text = manifest("x", kFluxLayer);
    text.insert(1, "\"annotations\":{" + annotations + "},");
    return artifact_content(text, "").value();
  };
  const ArtifactContent content = with(R"("org.opencontainers.image.created":"2024-01-01T00:00:00Z",)"
                                       R"("org.opencontainers.image.revision":"main@sha1:abc",)"
                                       R"("org.opencontainers.image.source":"https://u:canary@git.example/x")");
  EXPECT_EQ(content.created_s, 1704067200);
  EXPECT_EQ(content.made_of, "main@sha1:abc of https://***@git.example/x");
  EXPECT_EQ(with(R"("org.opencontainers.image.created":"1970-01-01T00:00:00Z")").created_s, 0);
  EXPECT_EQ(with(R"("org.opencontainers.image.created":"yesterday")").created_s, 0);
  EXPECT_EQ(with(R"("org.opencontainers.image.revision":"a\nb")").made_of, "a?b");
}

TEST(ArtifactManifest, what_is_no_manifest_is_refused) {
  for (const std::string& text :
       {std::string("{"), std::string("[]"), std::string("{}"), std::string(R"({"layers":[1]})"),
        manifest("x", R"({"mediaType":"a.tar","digest":"sha512:00","size":1})"),
        manifest("x", R"({"mediaType":"a.tar","digest":"sha256:../..","size":1})"),
        manifest("x", R"({"mediaType":"a.tar","digest":"sha256:)" + std::string(64, 'a') + R"(","size":-1})")})
    EXPECT_FALSE(artifact_content(text, "")) << text;
}

TEST(ArtifactManifest, an_index_is_followed_only_where_there_is_one_image) {
  const std::string image = R"({"digest":"sha256:)" + std::string(64, 'a') + R"("})";
  EXPECT_EQ(only_image(R"({"manifests":[)" + image + "]}").value(), "sha256:" + std::string(64, 'a'));
  EXPECT_EQ(only_image(manifest("x", kFluxLayer)).value(), "");
  EXPECT_EQ(only_image(R"({"manifests":[)" + image + "," + image + "]}").error().kind, ErrorKind::Invalid);
  EXPECT_FALSE(only_image(R"({"manifests":[{}]})"));
}

}  // namespace
}  // namespace holdfast
