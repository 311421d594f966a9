#include "engine/prepare.h"

#include "engine/apply_order.h"
#include "unit/engine/live_bodies.h"

namespace holdfast {
namespace {

using holdfast::live_bodies::body_of;

ApiCatalog catalog() {
  ApiCatalog made;
  const auto add = [&](GroupVersionKind gvk, const char* plural, bool namespaced) {
    made.preferred[gvk.group_kind()] = gvk.version;
    made.resources[gvk] = {gvk, plural, namespaced, {"patch"}};
  };
  add({"", "v1", "ConfigMap"}, "configmaps", true);
  add({"", "v1", "Secret"}, "secrets", true);
  add({"", "v1", "Service"}, "services", true);
  add({"", "v1", "Namespace"}, "namespaces", false);
  add({"apps", "v1", "Deployment"}, "deployments", true);
  add({"apiextensions.k8s.io", "v1", "CustomResourceDefinition"}, "customresourcedefinitions", false);
  made.unknown_groups = {"metrics.k8s.io"};
  return made;
}

Manifest manifest(std::string_view text, std::string origin = "a.yaml:1") {
  Manifest made;
  made.body = body_of(text).as_object();
  made.gvk = make_gvk(string_at(made.body, {"apiVersion"}), string_at(made.body, {"kind"}));
  made.name = string_at(made.body, {"metadata", "name"});
  made.namespace_ = string_at(made.body, {"metadata", "namespace"});
  made.origin = std::move(origin);
  return made;
}

PreparedSet prepared(std::vector<Manifest> manifests, std::string default_namespace = "web") {
  return prepare(ManifestSet{"r", std::move(manifests)}, catalog(),
                 PrepareOptions{std::move(default_namespace), "prod", "applyset-x-v1", {"holdfast"}});
}

// The only object of a set of one, without the labels that every object gets.
json::object body_after(std::string_view text) {
  PreparedSet set = prepared({manifest(text)});
  EXPECT_TRUE(set.unprepared.empty()) << describe(set.unprepared[0].error);
  if (set.desired.empty()) return {};
  json::object body = set.desired.begin()->second.body;
  body["metadata"].as_object().erase("labels");
  return body;
}

Error error_of(std::vector<Manifest> manifests, std::string default_namespace = "web") {
  const PreparedSet set = prepared(std::move(manifests), std::move(default_namespace));
  EXPECT_EQ(set.unprepared.size(), 1U);
  return set.unprepared.empty() ? Error{} : set.unprepared[0].error;
}

TEST(Prepare, labels_namespace_and_rank_are_set) {
  const PreparedSet set = prepared(
      {manifest(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","labels":{"a":"b"}}})", "x.yaml:7")});
  const ObjectKey key{"", "ConfigMap", "web", "c"};
  ASSERT_TRUE(set.desired.contains(key));
  const Desired& desired = set.desired.at(key);
  EXPECT_EQ(json::value(desired.body.at("metadata")),
            body_of(R"({"name":"c","namespace":"web","labels":{"a":"b","holdfast.dev/installation":"prod",
                        "applyset.kubernetes.io/part-of":"applyset-x-v1"}})"));
  EXPECT_EQ(desired.origin, "x.yaml:7");
  EXPECT_EQ(desired.resource.plural, "configmaps");
  EXPECT_EQ(desired.rank, apply_rank({"", "ConfigMap"}, false));
  EXPECT_EQ(*parse_json(desired.apply_body), json::value(desired.body));
}

TEST(Prepare, equal_bodies_have_equal_hashes_whatever_the_order_of_keys) {
  const auto hash = [](const char* text) { return prepared({manifest(text)}).desired.begin()->second.hash; };
  const auto a = hash(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"x":"1","y":"2"}})");
  EXPECT_EQ(
      a,
      hash(
          R"({"data":{"y":"2","x":"1"},"metadata":{"name":"c","namespace":"web"},"kind":"ConfigMap","apiVersion":"v1"})"));
  EXPECT_NE(a, hash(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"x":"1","y":"3"}})"));
}

TEST(Prepare, D5_a_uid_is_spliced_into_the_body) {
  const PreparedSet set =
      prepared({manifest(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"k":"v"}})")});
  const Desired& desired = set.desired.begin()->second;
  json::object with_uid = desired.body;
  with_uid["metadata"].as_object()["uid"] = "u\"1";
  EXPECT_EQ(*parse_json(apply_body_with_uid(desired, {"u\"1"})), json::value(with_uid));
}

TEST(Prepare, C2_what_the_server_sets_is_dropped) {
  EXPECT_EQ(
      json::value(
          body_after(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","uid":"u","resourceVersion":"1",
    "generation":2,"selfLink":"/","creationTimestamp":null,"managedFields":[],
    "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"data":{"a":"b","n":null},"status":{"x":1}})")),
      body_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"web"},"data":{"a":"b"}})"));
}

TEST(Prepare, C8_empty_labels_and_annotations_are_not_owned_so_that_what_others_put_there_is_theirs) {
  const json::object body = body_after(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","labels":{},
    "annotations":{}},"data":{}})");
  EXPECT_EQ(body.at("metadata"), body_of(R"({"name":"c","namespace":"web"})"));
  EXPECT_TRUE(body.contains("data"));
}

TEST(Prepare, C2_V24_stringData_becomes_data_and_wins) {
  const json::object body = body_after(
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"b2xk","b":"Yg=="},"stringData":{"a":"new"}})");
  EXPECT_FALSE(body.contains("stringData"));
  EXPECT_EQ(body.at("data"), body_of(R"({"a":"bmV3","b":"Yg=="})"));
  const Error error =
      error_of({manifest(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"port":8080}})")});
  EXPECT_EQ(error.message, "stringData.port is no string");
}

TEST(Prepare, C2_protocol_is_defaulted_in_services_and_pod_templates) {
  const json::object service = body_after(
      R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80},{"port":53,"protocol":"UDP"}]}})");
  EXPECT_EQ(service.at("spec"), body_of(R"({"ports":[{"port":80,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]})"));
  const json::object deployment = body_after(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},
    "spec":{"template":{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80}]}],"initContainers":[{"name":"i","ports":[{"containerPort":81}]}]}}}})");
  EXPECT_EQ(deployment.at("spec"),
            body_of(R"({"template":{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"protocol":"TCP"}]}],
    "initContainers":[{"name":"i","ports":[{"containerPort":81,"protocol":"TCP"}]}]}}})"));
}

TEST(Prepare, C2_two_items_with_one_key_are_refused) {
  const auto deployment = [](const char* container) {
    return manifest(
        R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"template":{"spec":{"containers":[)" +
        std::string(container) + "]}}}}");
  };
  EXPECT_EQ(error_of({deployment(R"({"name":"a","env":[{"name":"A"},{"name":"A"}]})")}).message,
            "container a.env has two items [name=\"A\"]");
  EXPECT_EQ(
      error_of({deployment(R"({"name":"a","ports":[{"containerPort":80},{"containerPort":80,"protocol":"TCP"}]})")})
          .message,
      "container a.ports has two items [containerPort=80,protocol=\"TCP\"]");
}

TEST(Prepare, D9_a_duplicate_after_defaulting_names_both_places) {
  const PreparedSet set = prepared(
      {manifest(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}})", "a.yaml:1"),
       manifest(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"web"}})", "b.yaml:9")});
  ASSERT_EQ(set.unprepared.size(), 1U);
  EXPECT_EQ(set.unprepared[0].error.where, "b.yaml:9");
  EXPECT_EQ(set.unprepared[0].error.message, "ConfigMap web/c is also in a.yaml:1");
  EXPECT_FALSE(set.unprepared[0].may_come);
  EXPECT_EQ(set.desired.size(), 1U);
}

TEST(Prepare, scope_is_checked) {
  EXPECT_EQ(
      error_of({manifest(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n","namespace":"x"}})")}).message,
      "a Namespace lives in no namespace");
  EXPECT_EQ(error_of({manifest(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}})")}, "").message,
            "a ConfigMap needs a namespace");
  EXPECT_TRUE(prepared({manifest(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}})")})
                  .desired.contains({"", "Namespace", "", "n"}));
}

TEST(Prepare, C1_an_unknown_type_says_why_and_what_is_near) {
  const char* widget = R"({"apiVersion":"ex.io/v1","kind":"Widget","metadata":{"name":"w"}})";
  const PreparedSet alone = prepared({manifest(widget)});
  ASSERT_EQ(alone.unprepared.size(), 1U);
  EXPECT_FALSE(alone.unprepared[0].may_come);
  EXPECT_EQ(alone.unprepared[0].error.kind, ErrorKind::NotFound);

  const PreparedSet with_crd = prepared({manifest(widget), manifest(R"({"apiVersion":"apiextensions.k8s.io/v1",
    "kind":"CustomResourceDefinition","metadata":{"name":"widgets.ex.io"},"spec":{"group":"ex.io","names":{"kind":"Widget"},
    "versions":[{"name":"v1"}]}})")});
  ASSERT_EQ(with_crd.unprepared.size(), 1U);
  EXPECT_TRUE(with_crd.unprepared[0].may_come);

  const PreparedSet unreachable =
      prepared({manifest(R"({"apiVersion":"metrics.k8s.io/v1","kind":"Metric","metadata":{"name":"w"}})")});
  EXPECT_TRUE(unreachable.unprepared.at(0).may_come);
  EXPECT_EQ(unreachable.unprepared.at(0).error.kind, ErrorKind::Busy);

  EXPECT_EQ(error_of({manifest(R"({"apiVersion":"apps/v1beta1","kind":"Deployment","metadata":{"name":"d"}})")}).hint,
            "the server has it as apps/v1");
  EXPECT_EQ(error_of({manifest(R"({"apiVersion":"apps/v1","kind":"Deploymnet","metadata":{"name":"d"}})")}).hint,
            "did you mean apps/v1 Deployment?");
}

TEST(Prepare, V12_what_the_server_cannot_take_is_refused_here) {
  const std::string big = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"k":")" +
                          std::string(std::size_t{3} * 1024 * 1024, 'x') + "\"}}";
  EXPECT_EQ(error_of({manifest(big)}).kind, ErrorKind::TooLarge);
}

TEST(ApplyOrder, D9_types_come_in_the_order_in_which_they_need_one_another) {
  const std::pair<GroupKind, bool> order[] = {
      {{"apiextensions.k8s.io", "CustomResourceDefinition"}, false},
      {{"", "Namespace"}, false},
      {{"storage.k8s.io", "StorageClass"}, false},
      {{"rbac.authorization.k8s.io", "ClusterRole"}, false},
      {{"", "ResourceQuota"}, false},
      {{"", "ServiceAccount"}, false},
      {{"rbac.authorization.k8s.io", "Role"}, false},
      {{"rbac.authorization.k8s.io", "RoleBinding"}, false},
      {{"", "Secret"}, false},
      {{"", "PersistentVolumeClaim"}, false},
      {{"", "Service"}, false},
      {{"apps", "Deployment"}, false},
      {{"autoscaling", "HorizontalPodAutoscaler"}, false},
      {{"apiregistration.k8s.io", "APIService"}, false},
      {{"ex.io", "WidgetClass"}, true},
      {{"ex.io", "Namespace"}, true},
      {{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration"}, false}};
  for (std::size_t i = 1; i < std::size(order); ++i)
    EXPECT_LT(apply_rank(order[i - 1].first, order[i - 1].second), apply_rank(order[i].first, order[i].second))
        << to_string(order[i].first);
  EXPECT_FALSE(is_builtin_group("gateway.networking.k8s.io"));
  EXPECT_TRUE(is_builtin_group(""));
}

// Another name for the same making is a second run: what is in the cluster was named by these digests.
TEST(Prepare, Ask34_the_names_of_hooks_stay_what_they_were) {
  ApiCatalog with_jobs = catalog();
  const GroupVersionKind job{"batch", "v1", "Job"};
  with_jobs.preferred[job.group_kind()] = job.version;
  with_jobs.resources[job] = {job, "jobs", true, {"patch"}};
  const auto name_of = [&](const std::string& written) {
    const PreparedSet set =
        prepare(ManifestSet{"r",
                            {manifest(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{)" + written +
                                      R"(,"annotations":{"holdfast.dev/hook":"pre"}}})")}},
                with_jobs, PrepareOptions{"web", "prod", "applyset-x-v1", {"holdfast"}});
    return set.desired.empty() ? std::string() : set.desired.begin()->first.name;
  };
  EXPECT_EQ(name_of(R"("name":"migrate")"), "migrate-651001ec1e");
  EXPECT_EQ(name_of(R"("generateName":"seed-")"), "seed-016c009e66");
}

}  // namespace
}  // namespace holdfast
