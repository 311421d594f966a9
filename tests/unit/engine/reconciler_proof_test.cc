// A daemon that starts anew on a cluster that is as Git says: what it can prove costs no call (correctness C5.5), also
// where the bytes, what is desired, and the schema come in another order.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "unit/engine/reconciler_fixture.h"
#include "unit/merge/merge_types.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

class Schemas final : public SchemaView {
 public:
  Schemas() {
    std::ostringstream text;
    text << std::ifstream(HOLDFAST_SOURCE_DIR "/simulator/schemas/definitions.json").rdbuf();
    auto read = Schema::from_definitions(json_of(text.str()).as_object());
    EXPECT_TRUE(read.has_value());
    if (read) schema_ = std::make_shared<const Schema>(std::move(*read));
  }
  [[nodiscard]] TypeSchema type_of(const GroupVersionKind& gvk) const override {
    if (coming || schema_ == nullptr) return {nullptr, {}, coming};
    return {std::shared_ptr<const TypeNode>(schema_, schema_->type_of(gvk)), "S", false};
  }
  void want(const GroupVersionKind&) override {}
  bool coming = false;

 private:
  std::shared_ptr<const Schema> schema_;
};

class LateProof : public fake::ReconcilerTest {
 protected:
  void SetUp() override {
    converged({"a=1"});
    reconciler->stop();
    settle();
    live.objects.clear();
    adjust = [this](ReconcilerOptions& options) { options.schemas = &schemas_; };
    make();
    start();
    api.sent.clear();
    observer.said.clear();
  }
  Schemas schemas_;
};

TEST_F(LateProof, C5_what_came_by_before_it_was_wanted_is_proven_from_the_bytes_that_were_kept) {
  watch_event("a");
  EXPECT_FALSE(live.find(key("a"))->body.empty());
  git("r1", {"a=1"});
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

TEST_F(LateProof, C5_what_was_changed_meanwhile_is_put_back_all_the_same) {
  api.edit(path("a"), "/data/k", "2");
  watch_event("a");
  git("r1", {"a=1"});
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(live_value("a"), "1");
}

TEST_F(LateProof, C11_a_schema_that_is_about_to_come_is_waited_for) {
  schemas_.coming = true;
  watch_event("a");
  git("r1", {"a=1"});
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(observer.times("complete r1"), 0U);
  schemas_.coming = false;
  reconciler->schemas_changed();
  settle();
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

TEST_F(LateProof, C11_a_schema_that_does_not_come_is_not_waited_for_long) {
  schemas_.coming = true;
  watch_event("a");
  git("r1", {"a=1"});
  advance(4s);
  EXPECT_EQ(patches("a"), 0U);
  advance(2s);
  EXPECT_EQ(patches("a"), 1U);
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

// All places to write are taken, as in the first moments of a large installation.
class Crowd final : public WriteBudget::Waiter {
 public:
  explicit Crowd(WriteBudget& budget) : budget_(budget) {
    while (budget_.take(*this, WriteKind::Repair)) ++places_;
    budget_.forget(*this);
  }
  // One to whoever waits first, when it is told; it comes back. Of two places one is kept for repairs.
  void lend(boost::asio::io_context& io) {
    for (int i = 0; i < 2; ++i, --places_) budget_.give();
    io.restart();
    io.poll_one();
    while (budget_.take(*this, WriteKind::Repair)) ++places_;
  }
  void leave() {
    for (; places_ != 0; --places_) budget_.give();
  }
  void place_free() override { places_ += budget_.take(*this, WriteKind::Repair) ? 1 : 0; }

 private:
  WriteBudget& budget_;
  std::size_t places_ = 0;
};

TEST_F(LateProof, C5_what_is_listed_before_the_queue_came_to_it_is_proven_as_it_comes) {
  Crowd crowd(group.budget());
  git("r1", {"a=1"});
  crowd.lend(io);  // for the record that it begins
  settle();
  watch_event("a");
  EXPECT_TRUE(live.find(key("a"))->body.empty()) << "it was not proven from the bytes that came";
  crowd.leave();
  reconciler->place_free();
  settle();
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(observer.times("complete r1"), 1U);
}

// Whoever stops while it waits for its turn takes nobody's.
TEST_F(LateProof, D14_a_place_is_not_kept_by_who_has_ended) {
  Crowd crowd(group.budget());
  git("r2", {"a=2"});
  reconciler->stop();
  settle();
  crowd.leave();
  settle();
  EXPECT_EQ(group.budget().taken(), 0U);
  EXPECT_EQ(patches("a"), 0U);
}

TEST_F(LateProof, C5_what_is_listed_before_its_wave_has_come_is_proven_then) {
  auto set = std::make_shared<ManifestSet>();
  set->revision = "r2";
  set->manifests = {manifest("first=1"), manifest("a=1")};
  set->manifests[0].body["metadata"].as_object()["annotations"] = {{"holdfast.dev/wave", "-1"}};
  hold(path("first"));
  reconciler->set_desired(set);
  settle();
  watch_event("a");
  EXPECT_FALSE(live.find(key("a"))->body.empty());
  release(path("first"));
  EXPECT_EQ(patches("a"), 0U);
  EXPECT_EQ(observer.times("complete r2"), 1U);
}

}  // namespace
}  // namespace holdfast
