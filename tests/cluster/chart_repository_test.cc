// Chart repositories with all that they may do wrong.
#include "cluster/origin_fixture.h"

namespace holdfast::cluster {
namespace {

using testing::HasSubstr;
using Seen = ScriptedServer::Seen;

constexpr const char* kPassword = "canary-right-7f3a";

// A chart repository of one chart with two versions, whose index has an ETag.
class Charts {
 public:
  Charts() {
    for (const char* version : {"1.1.0", "1.2.0"}) {
      const std::string archive = archive_of({{"web/Chart.yaml", std::string("version: ") + version}});
      files["/charts/web-" + std::string(version) + ".tgz"] = archive;
      entries += std::string("  - {version: ") + version + ", digest: " + digest_of(archive).substr(7) +
                 ", urls: [web-" + version + ".tgz]}\n";
    }
  }

  [[nodiscard]] std::string index() const { return "apiVersion: v1\nentries:\n  web:\n" + entries; }

  [[nodiscard]] Answer answer(const Seen& request) const {
    if (request.target == "/charts/index.yaml") {
      const std::string tag = "\"" + digest_of(index()) + "\"";
      const auto known = request.headers.find("if-none-match");
      if (known != request.headers.end() && known->second == tag) return {304, "", {{"ETag", tag}}};
      return {200, index(), {{"ETag", tag}}};
    }
    const auto file = files.find(request.target);
    return file == files.end() ? Answer{404} : Answer{200, file->second};
  }

  std::map<std::string, std::string> files;
  std::string entries;
};

class ChartRepositoryTest : public OriginTest {
 protected:
  ChartRepositoryTest() {
    server.follow([this](const Seen& request) { return charts.answer(request); });
  }
  Charts charts;
};

TEST_F(ChartRepositoryTest, the_newest_version_is_read_and_an_idle_look_is_one_question_without_an_answer) {
  const auto web = chart();
  const auto at = web->resolve();
  ASSERT_TRUE(at) << describe(at.error());
  EXPECT_EQ(at->revision, "1.2.0@" + digest_of(charts.files.at("/charts/web-1.2.0.tgz")));
  EXPECT_EQ(opened(*web, "Chart.yaml"), "version: 1.2.0");
  EXPECT_EQ(opened(*chart("~1.1"), "Chart.yaml"), "version: 1.1.0");
  EXPECT_EQ(opened(*chart("1.1.0"), "Chart.yaml"), "version: 1.1.0");
  EXPECT_EQ(server.count("GET", "/charts/web-1.2.0.tgz"), 1U);
  server.forget();
  ASSERT_TRUE(web->resolve());
  ASSERT_EQ(server.seen().size(), 1U);
  EXPECT_TRUE(server.seen()[0].headers.contains("if-none-match"));
}

TEST_F(ChartRepositoryTest, a_new_version_is_seen_and_one_that_is_gone_is_not_found) {
  const auto web = chart();
  EXPECT_EQ(opened(*web, "Chart.yaml"), "version: 1.2.0");
  const std::string archive = archive_of({{"web/Chart.yaml", "version: 1.3.0"}});
  charts.files["/elsewhere/web.tgz"] = archive;
  charts.entries +=
      "  - {version: 1.3.0, digest: " + digest_of(archive).substr(7) + ", urls: [../elsewhere/web.tgz]}\n";
  EXPECT_EQ(opened(*web, "Chart.yaml"), "version: 1.3.0");
  const Error gone = failure(*chart("^2"));
  EXPECT_EQ(gone.kind, ErrorKind::NotFound);
  EXPECT_THAT(describe(gone), HasSubstr("none of the 3 versions is in ^2"));
}

TEST_F(ChartRepositoryTest, an_archive_of_another_digest_is_never_used) {
  charts.files["/charts/web-1.2.0.tgz"] = archive_of({{"web/Chart.yaml", "forged"}});
  EXPECT_EQ(failure(*chart()).kind, ErrorKind::Protocol);
  charts.files.erase("/charts/web-1.2.0.tgz");
  EXPECT_EQ(failure(*chart()).kind, ErrorKind::NotFound);
}

TEST_F(ChartRepositoryTest, the_password_is_for_the_repository_and_for_nobody_else) {
  const std::string archive = archive_of({{"web/Chart.yaml", "version: 1.3.0"}});
  const ScriptedServer elsewhere([&](const Seen&) { return Answer{200, archive}; });
  charts.entries += "  - {version: 1.3.0, digest: " + digest_of(archive).substr(7) + ", urls: [\"http://" +
                    elsewhere.authority() + "/web.tgz\"]}\n";
  access.login = RegistryLogin{"reader", Secret(kPassword)};
  EXPECT_EQ(opened(*chart(), "Chart.yaml"), "version: 1.3.0");
  for (const Seen& seen : server.seen()) EXPECT_TRUE(seen.authorization.starts_with("Basic "));
  ASSERT_EQ(elsewhere.seen().size(), 1U);
  EXPECT_EQ(elsewhere.seen()[0].authorization, "");
}

TEST_F(ChartRepositoryTest, what_cannot_be_proven_or_is_elsewhere_says_what_to_do) {
  charts.entries += "  - {version: 1.3.0, urls: [web-1.3.0.tgz]}\n";
  EXPECT_THAT(describe(failure(*chart())), HasSubstr("no SHA-256 of web 1.3.0"));
  charts.entries +=
      "  - {version: 1.4.0, digest: " + std::string(64, 'a') + ", urls: [\"oci://r.example/c/web:1.4.0\"]}\n";
  EXPECT_THAT(describe(failure(*chart())), HasSubstr("name that registry in spec.source.repoURL"));
}

TEST_F(ChartRepositoryTest, a_damaged_index_in_the_cache_is_fetched_again) {
  EXPECT_EQ(opened(*chart(), "Chart.yaml"), "version: 1.2.0");
  std::filesystem::remove(folder / ("artifacts/sha256/" + digest_of(charts.index()).substr(7)));
  EXPECT_EQ(opened(*chart(), "Chart.yaml"), "version: 1.2.0");
  server.follow([](const Seen&) { return Answer{200, "<html>"}; });
  EXPECT_EQ(failure(*chart()).kind, ErrorKind::Invalid);
}

TEST_F(ChartRepositoryTest, a_cut_index_is_not_taken_for_a_short_one) {
  server.follow([this](const Seen& request) {
    Answer answer = charts.answer(request);
    answer.sent_bytes = answer.body.size() / 2;
    return answer;
  });
  EXPECT_EQ(failure(*chart()).kind, ErrorKind::Unreachable);
}

}  // namespace
}  // namespace holdfast::cluster
