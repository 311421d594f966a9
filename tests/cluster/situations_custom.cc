// Situations of custom resources: structural defaults, and each kind of list and map of a schema.
#include "cluster/situation.h"

namespace holdfast::cluster {
namespace {

constexpr const char* kGadget = R"(apiVersion: situations.holdfast.test/v1
kind: Gadget
metadata: {name: $NAME}
spec:
  mode: auto
  port: 80
  cpu: 1000m
  tags: [a, b]
  args: [one, two]
  free: {deep: {mine: 1}}
  limits: {cpu: "1"}
  sealed: {one: x}
  items: [{name: first, value: x}, {name: second, value: w}]
)";

Expected repaired(std::vector<std::string> says, std::string field = "", std::string value = "") {
  return {"repaired", 1, 1, std::move(says), std::move(field), std::move(value)};
}
Act merge(const std::string& spec) { return patch("gadget", "merge", R"({"spec":)" + spec + "}"); }
Act json(const std::string& operations) { return patch("gadget", "json", operations); }

Situation gadget(std::string name, std::vector<Act> acts, Expected expected) {
  return {std::move(name), SituationKind::Gadget, kGadget, {}, std::move(acts), std::move(expected)};
}

Situation gadget_of(std::string spec, std::string name, std::vector<Act> acts, Expected expected) {
  return {std::move(name),
          SituationKind::Gadget,
          "apiVersion: situations.holdfast.test/v1\nkind: Gadget\nmetadata: {name: $NAME}\nspec: " + spec + "\n",
          {},
          std::move(acts),
          std::move(expected)};
}

void add_values(std::vector<Situation>& all) {
  all.push_back(gadget("schema_default_changed", {merge(R"({"size":9})")}, {"", 0, 0, {}, "{.spec.size}", "9"}));
  all.push_back(gadget("owned_field_equal_to_its_default_removed",
                       {in_vain(json(R"([{"op":"remove","path":"/spec/mode"}])"))}, {}));
  all.push_back(gadget("owned_field_equal_to_its_default_changed", {merge(R"({"mode":"manual"})")},
                       repaired({".spec.mode was \"manual\""}, "{.spec.mode}", "auto")));
  all.push_back(gadget_of("{size: 5}", "owned_field_falls_to_its_default",
                          {json(R"([{"op":"remove","path":"/spec/size"}])")},
                          repaired({".spec.size was 3"}, "{.spec.size}", "5")));
  all.push_back(gadget("int_or_string_of_another_type", {merge(R"({"port":"80"})")},
                       repaired({".spec.port was \"80\""}, "{.spec.port}", "80")));
  // To a custom resource a quantity is a text.
  all.push_back(gadget("quantity_in_another_spelling", {merge(R"({"cpu":"1"})")},
                       repaired({".spec.cpu was \"1\""}, "{.spec.cpu}", "1000m")));
  all.push_back(gadget("field_that_the_schema_prunes", {in_vain(merge(R"({"unheard":"of"})"))}, {}));
  all.push_back(gadget("unknown_field_preserved", {merge(R"({"free":{"deep":{"theirs":2}}})")},
                       {"", 0, 0, {}, "{.spec.free.deep.theirs}", "2"}));
  all.push_back(gadget("field_in_unknown_content_changed", {merge(R"({"free":{"deep":{"mine":2}}})")},
                       repaired({".spec.free.deep.mine was 2"}, "{.spec.free.deep.mine}", "1")));
  all.push_back(gadget("status_of_a_custom_resource",
                       {kubectl({"patch", "gadget", "$NAME", "--subresource=status", "--type=merge", "-p",
                                 R"({"status":{"phase":"Ready"}})"})},
                       {}));
}

void add_lists(std::vector<Situation>& all) {
  all.push_back(gadget("set_element_of_others", {json(R"([{"op":"add","path":"/spec/tags/-","value":"c"}])")}, {}));
  all.push_back(gadget("set_element_removed", {json(R"([{"op":"remove","path":"/spec/tags/0"}])")},
                       repaired({".spec.tags"}, "{.spec.tags[*]}", "a b")));
  all.push_back(
      gadget("set_reordered", {merge(R"({"tags":["b","a"]})")}, repaired({".spec.tags"}, "{.spec.tags[*]}", "a b")));
  all.push_back(
      gadget("list_item_of_others", {json(R"([{"op":"add","path":"/spec/items/-","value":{"name":"third"}}])")}, {}));
  all.push_back(
      gadget("list_item_default_changed", {json(R"([{"op":"replace","path":"/spec/items/0/weight","value":7}])")}, {}));
  all.push_back(gadget("list_item_field_changed",
                       {json(R"([{"op":"replace","path":"/spec/items/0/value","value":"z"}])")},
                       repaired({".spec.items[name=\"first\"].value was \"z\""})));
  all.push_back(gadget("list_item_removed", {json(R"([{"op":"remove","path":"/spec/items/1"}])")},
                       repaired({".spec.items[name=\"second\"]"}, "{.spec.items[*].name}", "first second")));
  all.push_back(gadget("atomic_list_of_a_custom_resource",
                       {json(R"([{"op":"add","path":"/spec/args/-","value":"x"}])")},
                       repaired({".spec.args"}, "{.spec.args[*]}", "one two")));
  all.push_back(gadget("granular_map_key_of_others", {merge(R"({"limits":{"memory":"1Gi"}})")}, {}));
  all.push_back(gadget("atomic_map_key_added", {merge(R"({"sealed":{"two":"y"}})")},
                       repaired({".spec.sealed"}, "{.spec.sealed}", R"({"one":"x"})")));
  // Nobody owns an empty list, so nothing but its absence shows (V20).
  all.push_back(gadget_of("{mode: auto, items: []}", "empty_list_removed",
                          {json(R"([{"op":"remove","path":"/spec/items"}])")},
                          repaired({".spec.items"}, "{.spec.items}", "[]")));
  all.push_back(gadget_of("{mode: auto, items: []}", "empty_list_filled_by_others",
                          {json(R"([{"op":"add","path":"/spec/items/-","value":{"name":"third"}}])")}, {}));
  // Ours is the map as such. Without the schema that looks like one value, so that one call tells.
  all.push_back(gadget_of("{mode: auto, limits: {}}", "empty_map_filled_by_others",
                          {merge(R"({"limits":{"memory":"1Gi"}})")}, {"", 1, 0}));
  // V21: an answer that shows no list where Git has an empty one is not what the next apply would leave.
  all.push_back(gadget_of("{items: [{name: first}]}", "commit_that_empties_a_list",
                          {commit("apiVersion: situations.holdfast.test/v1\nkind: Gadget\nmetadata: {name: $NAME}\n"
                                  "spec: {items: []}\n")},
                          {"configured", 2, 2, {}, "{.spec.items}", "[]"}));
}

}  // namespace

std::vector<Situation> custom_situations() {
  std::vector<Situation> all;
  add_values(all);
  add_lists(all);
  return all;
}

}  // namespace holdfast::cluster
