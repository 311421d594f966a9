#include "app/why_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using testing::HasSubstr;
using testing::Not;

FieldPath path(std::initializer_list<const char*> names) {
  FieldPath made;
  for (const char* name : names) made.push_back(PathElement::field(name));
  return made;
}

LineCommit commit() {
  LineCommit made;
  made.id = "fe81630df801d2f75c70dcf7ea5411789c2add1b";
  made.author = "Bob";
  made.email = "bob@example.org";
  made.date = "2026-11-28T17:24:33+01:00";
  made.subject = "Scale the shop";
  return made;
}

WhyReport scaled_by_hand() {
  WhyReport report;
  report.key = {"apps", "Deployment", "shop", "web"};
  report.application = "web";
  report.in_cluster = true;
  report.origin = ObjectOrigin{"apps/web.yaml", 1, "main@sha1:fe81", {}, {}};
  report.origin->fields[path({"spec", "replicas"})] = {{5, 5}, true, commit(), 5};
  FieldAccount replicas;
  replicas.path = path({"spec", "replicas"});
  replicas.live = 5;
  replicas.live_text = "5";
  replicas.desired = 3;
  replicas.desired_text = "3";
  replicas.owners = {{"kubectl", "Update", "scale", "2026-11-28T17:30:00Z"}};
  replicas.taken_by = replicas.owners[0];
  replicas.standing = FieldStanding::Drifted;
  replicas.about = "run puts it back at once";
  report.fields.push_back(replicas);
  FieldAccount dns;
  dns.path = path({"spec", "dnsPolicy"});
  dns.live_text = "\"ClusterFirst\"";
  report.fields.push_back(dns);
  return report;
}

TEST(WhyReport, ask_38_a_field_has_owner_line_commit_author_and_both_values) {
  EXPECT_EQ(why_text(scaled_by_hand()),
            "Deployment.apps shop/web, of the application web\n"
            "declared in apps/web.yaml:1 at main@sha1:fe81\n"
            "\n"
            ".spec.replicas: 5\n"
            "  owner     kubectl, Update of scale at 2026-11-28T17:30:00Z\n"
            "  declared  apps/web.yaml:5, fe81630 by Bob <bob@example.org> on 2026-11-28: Scale the shop\n"
            "  in Git    3\n"
            "  drifted   taken by kubectl, Update of scale at 2026-11-28T17:30:00Z; run puts it back at once\n"
            "\n"
            "nobody owns these: they are defaults, or admission has set them\n"
            "  .spec.dnsPolicy: \"ClusterFirst\"\n");
}

TEST(WhyReport, a_document_says_the_same) {
  const json::value document = why_document(scaled_by_hand());
  EXPECT_EQ(document.at("declared").at("file"), "apps/web.yaml");
  const json::value& field = document.at("fields").at(0);
  EXPECT_EQ(field.at("value"), 5);
  EXPECT_EQ(field.at("desired"), 3);
  EXPECT_EQ(field.at("standing"), "Drifted");
  EXPECT_EQ(field.at("takenBy").at("subresource"), "scale");
  EXPECT_EQ(field.at("declared").at("commit").at("id"), "fe81630df801d2f75c70dcf7ea5411789c2add1b");
  EXPECT_EQ(document.at("fields").at(1).at("standing"), "NotDeclared");
}

TEST(WhyReport, a_line_that_was_changed_below_its_key_is_named) {
  WhyReport report = scaled_by_hand();
  report.origin->fields.begin()->second.lines = {5, 9};
  report.origin->fields.begin()->second.touched_line = 7;
  EXPECT_THAT(why_text(report), HasSubstr("apps/web.yaml:5 (line 7 last), fe81630"));
}

TEST(WhyReport, what_holdfast_fills_in_is_nobodys_line) {
  WhyReport report = scaled_by_hand();
  report.origin->fields.begin()->second.written = false;
  EXPECT_THAT(why_text(report), HasSubstr("declared  Holdfast, which fills it in; the manifest is apps/web.yaml:1"));
  EXPECT_THAT(why_text(report), Not(HasSubstr("Bob")));
}

TEST(WhyReport, files_without_commits_and_an_object_that_is_gone_say_so) {
  WhyReport report = scaled_by_hand();
  report.in_cluster = false;
  report.about_absence = "run puts it back at once";
  report.fields.clear();
  report.origin->no_commits = "these are files, which no commit is known of";
  EXPECT_THAT(why_text(report), HasSubstr("no commits are named: these are files"));
  EXPECT_THAT(why_text(report), HasSubstr("it is not in the cluster; run puts it back at once"));
}

}  // namespace
}  // namespace holdfast
