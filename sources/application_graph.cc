#include "sources/application_graph.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "holdfast/base/edit_distance.h"

namespace holdfast {
namespace {

class GraphCheck {
 public:
  GraphCheck(const std::vector<ReadApplication>& applications, const std::string& own_namespace)
      : applications_(applications), own_namespace_(own_namespace) {}

  std::vector<Error> run(bool complete) {
    names();
    if (complete) {
      edges();
      cycles();
    }
    return std::move(errors_);
  }

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, name

  [[nodiscard]] const Application& at(std::size_t index) const { return applications_[index].application; }
  [[nodiscard]] const std::string& namespace_of(std::size_t index) const {
    return at(index).namespace_.empty() ? own_namespace_ : at(index).namespace_;
  }

  void refuse(std::string message, std::string where, std::string hint) {
    errors_.push_back({ErrorKind::Invalid, std::move(message), std::move(where), std::move(hint)});
  }

  void names() {
    for (std::size_t i = 0; i < applications_.size(); ++i) {
      const auto [first, added] = indices_.try_emplace(Name{namespace_of(i), at(i).name}, i);
      if (!added)
        refuse(fmt::format("the application {} is written twice, first in {}", at(i).name, at(first->second).origin),
               at(i).origin, "give one of the two another metadata.name, or another metadata.namespace");
    }
  }

  void edges() {
    needs_.resize(applications_.size());
    for (std::size_t i = 0; i < applications_.size(); ++i) {
      for (const auto& [name, where] : applications_[i].dependency_places) {
        const auto found = indices_.find(Name{namespace_of(i), name});
        if (found != indices_.end())
          needs_[i].push_back(found->second);
        else
          refuse(fmt::format("spec.dependsOn of {} names {}, and there is no such application", at(i).name, name),
                 where, near(i, name));
      }
    }
  }

  [[nodiscard]] std::string near(std::size_t index, const std::string& name) const {
    std::vector<std::string_view> others;
    for (std::size_t i = 0; i < applications_.size(); ++i)
      if (i != index && namespace_of(i) == namespace_of(index)) others.push_back(at(i).name);
    const std::string_view meant = nearest_word(name, others);
    if (!meant.empty()) return fmt::format("did you mean {}?", meant);
    return "add it in the same namespace, or remove the dependency";
  }

  // Takes away, again and again, what waits for nothing: what is left waits for itself, or for what does.
  [[nodiscard]] std::vector<bool> entangled() const {
    std::vector<std::vector<std::size_t>> waiting(applications_.size());
    std::vector<std::size_t> open(applications_.size()), free;
    for (std::size_t i = 0; i < needs_.size(); ++i) {
      open[i] = needs_[i].size();
      if (open[i] == 0) free.push_back(i);
      for (const std::size_t need : needs_[i]) waiting[need].push_back(i);
    }
    std::vector<bool> left(applications_.size(), true);
    while (!free.empty()) {
      const std::size_t done = free.back();
      free.pop_back();
      left[done] = false;
      for (const std::size_t next : waiting[done])
        if (--open[next] == 0) free.push_back(next);
    }
    return left;
  }

  void cycles() {
    const std::vector<bool> left = entangled();
    std::vector<bool> seen(applications_.size(), false);
    for (std::size_t start = 0; start < applications_.size(); ++start) {
      std::vector<std::size_t> way;
      std::size_t at_index = start;
      while (left[at_index] && !seen[at_index]) {
        seen[at_index] = true;
        way.push_back(at_index);
        at_index = *std::ranges::find_if(needs_[at_index], [&](std::size_t need) { return left[need]; });
      }
      if (const auto again = std::ranges::find(way, at_index); again != way.end()) tell({again, way.end()});
    }
  }

  void tell(std::vector<std::size_t> cycle) {
    const std::size_t first = cycle.front(), second = cycle.size() > 1 ? cycle[1] : first;
    cycle.push_back(first);
    std::vector<std::string_view> names;
    for (const std::size_t index : cycle) names.push_back(at(index).name);
    const std::string message =
        cycle.size() == 2 ? fmt::format("spec.dependsOn of {} names itself", names.front())
                          : fmt::format("spec.dependsOn is a cycle, so none could begin: {}", fmt::join(names, " -> "));
    refuse(message, applications_[first].dependency_places.at(at(second).name), "remove one of these dependencies");
  }

  const std::vector<ReadApplication>& applications_;
  const std::string& own_namespace_;
  std::map<Name, std::size_t> indices_;
  std::vector<std::vector<std::size_t>> needs_;  // of each application, the ones that it waits for
  std::vector<Error> errors_;
};

}  // namespace

std::vector<Error> check_together(const std::vector<ReadApplication>& applications, const std::string& own_namespace,
                                  bool complete) {
  return GraphCheck(applications, own_namespace).run(complete);
}

}  // namespace holdfast
