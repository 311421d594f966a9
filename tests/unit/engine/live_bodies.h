// Live objects as kube-apiserver writes them, for the tests of fingerprint and attribution.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "holdfast/model/json.h"

namespace holdfast::live_bodies {

inline json::value body_of(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : json::value(json::object{});
}

// A Deployment applied by holdfast: two containers, ports, env, args (atomic), a label; a controller wrote its status,
// its annotation and a sidecar's worth of nothing yet.
inline constexpr std::string_view kDeployment = R"({
 "apiVersion":"apps/v1","kind":"Deployment",
 "metadata":{"name":"web","namespace":"w","uid":"u-1","resourceVersion":"10","generation":1,
  "labels":{"app":"web"},"annotations":{"deployment.kubernetes.io/revision":"1"},"finalizers":["h/x","h/y"],
  "managedFields":[
   {"manager":"holdfast","operation":"Apply","apiVersion":"apps/v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1",
    "fieldsV1":{"f:metadata":{"f:labels":{"f:app":{}},"f:finalizers":{"v:\"h/x\"":{},"v:\"h/y\"":{}}},
     "f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:spec":{"f:containers":{
      "k:{\"name\":\"a\"}":{".":{},"f:name":{},"f:image":{},"f:args":{},"f:resources":{},
        "f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}},
        "f:env":{"k:{\"name\":\"E1\"}":{".":{},"f:name":{},"f:value":{}},"k:{\"name\":\"E2\"}":{".":{},"f:name":{},"f:value":{}}}},
      "k:{\"name\":\"b\"}":{".":{},"f:name":{},"f:image":{}}}}}}}},
   {"manager":"kube-controller-manager","operation":"Update","apiVersion":"apps/v1","time":"2026-01-01T00:00:05Z",
    "subresource":"status","fieldsType":"FieldsV1","fieldsV1":{"f:status":{"f:replicas":{}},
    "f:metadata":{"f:annotations":{".":{},"f:deployment.kubernetes.io/revision":{}}}}}]},
 "spec":{"replicas":2,"revisionHistoryLimit":10,"selector":{"matchLabels":{"app":"web"}},
  "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[
   {"name":"a","image":"nginx:1","args":["-x","-y"],"resources":{},"imagePullPolicy":"IfNotPresent",
    "ports":[{"containerPort":80,"protocol":"TCP"}],
    "env":[{"name":"E1","value":"1"},{"name":"E2","value":"2"}]},
   {"name":"b","image":"side:1","resources":{}}]}}},
 "status":{"replicas":2}})";

// What was applied to get it.
inline constexpr std::string_view kDesired = R"({
 "apiVersion":"apps/v1","kind":"Deployment",
 "metadata":{"name":"web","namespace":"w","labels":{"app":"web"},"finalizers":["h/x","h/y"]},
 "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},
  "template":{"spec":{"containers":[
   {"name":"a","image":"nginx:1","args":["-x","-y"],"resources":{},"ports":[{"containerPort":80,"protocol":"TCP"}],
    "env":[{"name":"E1","value":"1"},{"name":"E2","value":"2"}]},
   {"name":"b","image":"side:1"}]}}}})";

inline json::value deployment() { return body_of(kDeployment); }
inline json::object desired() { return body_of(kDesired).as_object(); }

inline json::array& containers(json::value& body) {
  return body.at_pointer("/spec/template/spec/containers").as_array();
}
inline json::value& at(json::value& body, std::string_view pointer) { return body.at_pointer(pointer); }
inline json::object& our_fields(json::value& body) {
  return body.at_pointer("/metadata/managedFields/0/fieldsV1").as_object();
}
inline json::object& our_container(json::value& body, std::string_view name) {
  return our_fields(body)["f:spec"]
      .at_pointer("/f:template/f:spec/f:containers")
      .as_object()
      .at("k:{\"name\":\"" + std::string(name) + "\"}")
      .as_object();
}
// Somebody's Update entry that holds these fields.
inline void add_entry(json::value& body, std::string_view manager, std::string_view fields) {
  body.at_pointer("/metadata/managedFields")
      .as_array()
      .push_back(json::object{{"manager", manager},
                              {"operation", "Update"},
                              {"apiVersion", "apps/v1"},
                              {"time", "2026-02-03T04:05:06Z"},
                              {"fieldsType", "FieldsV1"},
                              {"fieldsV1", body_of(fields)}});
}

}  // namespace holdfast::live_bodies
