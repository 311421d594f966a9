#include "sources/substituted_source.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "holdfast/base/clock.h"
#include "holdfast/base/digest.h"
#include "sources/manifests.h"
#include "sources/substitution.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

struct ReadValues {
  VariableValues values;
  SeenValues seen;
};

class SubstitutedSource final : public Source {
 public:
  SubstitutedSource(asio::any_io_executor executor, std::unique_ptr<Source> within, SubstitutionSettings settings,
                    std::shared_ptr<asio::thread_pool> workers)
      : within_(std::move(within)),
        settings_(std::move(settings)),
        workers_(workers != nullptr ? std::move(workers) : std::make_shared<asio::thread_pool>(1)),
        executor_(std::move(executor)) {}

  asio::awaitable<Result<ManifestSetPtr>> load() override {
    const Result<ManifestSetPtr> read = co_await within_->load();
    co_return co_await filled_in(read);
  }

  // What content is on record is that of the set with its variables filled in, which the source within knows nothing
  // of.
  asio::awaitable<Result<ManifestSetPtr>> read_recorded(Recorded recorded) override {
    Recorded within{without_values(recorded.revision), {}};
    const Result<ManifestSetPtr> read = co_await within_->read_recorded(std::move(within));
    co_return co_await filled_in(read);
  }

  asio::awaitable<Result<ManifestSetPtr>> read_afresh() override {
    const Result<ManifestSetPtr> read = co_await within_->read_afresh();
    if (!read) co_return read;
    const Result<ReadValues> values = co_await read_values(false);
    if (!values) co_return std::unexpected(values.error());
    co_return co_await made_of(*read, values->values, values->seen);
  }

  asio::awaitable<Result<void>> changed() override {
    if (seen_.empty() || settings_.values == nullptr) co_return co_await within_->changed();
    using asio::experimental::awaitable_operators::operator||;
    auto either = co_await (within_->changed() || settings_.values->changed(seen_));
    if (either.index() == 0) co_return std::get<0>(std::move(either));
    const Result<void> other = std::get<1>(std::move(either));
    if (other) co_return Result<void>();
    co_return co_await within_->changed();  // the cluster can no longer be followed; the source can
  }

  void nudge() override { within_->nudge(); }
  void nudge_for(const std::string& revision) override { within_->nudge_for(without_values(revision)); }
  [[nodiscard]] BegunRevision last_read() const override { return within_->last_read(); }
  asio::awaitable<Result<ObjectOrigin>> trace(TraceRequest request) override {
    return within_->trace(std::move(request));
  }
  [[nodiscard]] const std::vector<std::string>& notes() const override { return within_->notes(); }
  void stop() override { within_->stop(); }

 private:
  asio::awaitable<Result<ManifestSetPtr>> filled_in(Result<ManifestSetPtr> read) {
    if (!read) co_return read;
    // What was seen counts although something else fails, so that a later change ends the failure.
    const Result<ReadValues> values = co_await read_values(true);
    if (!values) co_return std::unexpected(values.error());
    if (made_ && made_from_ == *read && made_with_ == values->seen) co_return made_;
    Result<ManifestSetPtr> made = co_await made_of(*read, values->values, values->seen);
    if (!made) co_return made;
    made_ = *made;
    made_from_ = *read;
    made_with_ = values->seen;
    co_return made_;
  }

  [[nodiscard]] ValueReference reference_to(const SubstitutionReference& one) const {
    return {one.secret ? ValueReference::Kind::Secret : ValueReference::Kind::ConfigMap, settings_.namespace_,
            one.name};
  }

  asio::awaitable<Result<ReadValues>> read_values(bool remember) {
    ReadValues all;
    if (remember)
      for (const SubstitutionReference& one : settings_.spec.substitute_from) seen_[reference_to(one)] = "";
    for (const SubstitutionReference& one : settings_.spec.substitute_from) {
      const ValueReference reference = reference_to(one);
      const Result<ClusterValuePtr> value = co_await read_one(reference);
      if (!value) {
        if (one.optional && value.error().kind == ErrorKind::NotFound) {
          all.seen[reference] = "";
          continue;
        }
        co_return std::unexpected(value.error());
      }
      all.seen[reference] = (*value)->resource_version;
      if (remember) seen_[reference] = (*value)->resource_version;
      for (const auto& [name, text] : (*value)->data) all.values.insert_or_assign(name, variable_value(text.reveal()));
    }
    for (const auto& [name, text] : settings_.spec.substitute) all.values.insert_or_assign(name, variable_value(text));
    if (const auto checked = check_variable_names(all.values); !checked) co_return std::unexpected(checked.error());
    co_return all;
  }

  asio::awaitable<Result<ClusterValuePtr>> read_one(ValueReference reference) {
    const std::string name = to_string(reference);
    if (settings_.values == nullptr)
      co_return fail(ErrorKind::Unreachable,
                     fmt::format("the {} is needed for its variables, and there is no cluster", name));
    Result<ClusterValuePtr> value = co_await settings_.values->read(std::move(reference));
    if (!value && value.error().where.empty()) value.error().where = name;
    if (!value && value.error().kind == ErrorKind::NotFound && value.error().hint.empty())
      value.error().hint = "create it, or make it optional in spec.postBuild.substituteFrom";
    co_return value;
  }

  asio::awaitable<Result<ManifestSetPtr>> made_of(ManifestSetPtr set, VariableValues values, SeenValues seen) {
    auto job = [](ManifestSetPtr from, VariableValues with, bool strict) -> asio::awaitable<Result<ManifestSetPtr>> {
      co_return substitute_all(*from, with, strict);
    };
    auto work = job(set, std::move(values), settings_.spec.strict);
    auto [thrown, made] = co_await asio::co_spawn(*workers_, std::move(work), asio::as_tuple(asio::use_awaitable));
    if (thrown) co_return fail(ErrorKind::Internal, "variables could not be filled in");
    if (!made || seen.empty()) co_return std::move(made);
    auto named = std::make_shared<ManifestSet>(**made);
    named->revision = with_values(named->revision, seen);
    co_return ManifestSetPtr(std::move(named));
  }

  std::unique_ptr<Source> within_;
  SubstitutionSettings settings_;
  std::shared_ptr<asio::thread_pool> workers_;
  asio::any_io_executor executor_;
  SeenValues seen_;  // by the last load(), whether it came to something or not
  ManifestSetPtr made_, made_from_;
  SeenValues made_with_;
};

}  // namespace

// The versions alone, and no values: a digest of a short value could be guessed.
std::string with_values(const std::string& revision, const SeenValues& seen) {
  std::string text;
  for (const auto& [reference, version] : seen) text += fmt::format("{}={}\n", to_string(reference), version);
  return fmt::format("{}+{}", revision, to_hex(sha256(text)).substr(0, 12));
}

std::string without_values(const std::string& revision) {
  const std::size_t plus = revision.rfind('+');
  const bool ours = plus != std::string::npos && revision.size() - plus == 13 &&
                    revision.find_first_not_of("0123456789abcdef", plus + 1) == std::string::npos;
  return ours ? revision.substr(0, plus) : revision;
}

Result<ManifestSetPtr> substitute_all(const ManifestSet& set, const VariableValues& values, bool strict) {
  if (values.empty()) return std::make_shared<const ManifestSet>(set);
  ManifestReader reader(set.revision, set.committed_s);
  for (const Manifest& manifest : set.manifests) {
    auto made = substitute(json::value(manifest.body), values, strict);
    if (!made) {
      if (made.error().where.empty()) made.error().where = manifest.origin;
      return std::unexpected(std::move(made.error()));
    }
    reader.take(std::move(*made), manifest.origin);
  }
  auto made = reader.finish();
  if (!made) return std::unexpected(joined(std::move(made.error())));
  return std::move(*made);
}

std::unique_ptr<Source> make_substituted_source(asio::any_io_executor executor, std::unique_ptr<Source> within,
                                                SubstitutionSettings settings,
                                                std::shared_ptr<asio::thread_pool> workers) {
  return std::make_unique<SubstitutedSource>(std::move(executor), std::move(within), std::move(settings),
                                             std::move(workers));
}

}  // namespace holdfast
