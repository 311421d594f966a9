// What is kept in the cluster of what was learned: read as a whole, or not at all (correctness C3, C7).
#include "engine/learned_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

ObjectKey key_of(int number) { return {"apps", "Deployment", "web", "object-" + std::to_string(number)}; }

class LearnedRecordTest : public testing::Test {
 protected:
  std::vector<LearnedObject> objects(int count) {
    std::vector<LearnedObject> made;
    for (int i = 0; i < count; ++i) {
      LearnedObject& object = made.emplace_back();
      object.object = codec.object(key_of(i));
      object.context = codec.context(Uid{"u" + std::to_string(i)}, sha256("desired"), 7);
      object.rewritten = i % 3 == 0;
      for (int print = 0; print <= i % 2; ++print)
        object.converged.push_back(keyed_digest(key, std::to_string(10 * i + print)));
    }
    return made;
  }
  // All shards, the head first.
  std::vector<std::string> written(const std::vector<LearnedObject>& all, std::size_t shards,
                                   std::uint64_t generation) {
    const std::vector<std::string> packed = LearnedCodec::pack(all, shards);
    LearnedHead head{generation, {1, 2}, std::vector<Digest128>(shards)};
    std::vector<std::string> out(1);
    for (std::size_t i = 1; i < shards; ++i) {
      out.push_back(codec.seal_shard(generation, i, shards, packed[i]));
      head.seals[i] = LearnedCodec::seal_of(out.back());
    }
    out[0] = codec.seal_head(head, packed[0]);
    return out;
  }
  std::vector<LearnedObject> read(const std::vector<std::string>& shards, const LearnedCodec& with) {
    std::vector<LearnedObject> all;
    const Result<LearnedHead> head = with.read_head(shards[0], all);
    if (!head) return {};
    for (std::size_t i = 1; i < shards.size(); ++i) (void)with.read_shard(*head, i, shards[i], all);
    return all;
  }

  DigestKey key = DigestKey::random();
  LearnedCodec codec{key, "prod/web"};
};

TEST_F(LearnedRecordTest, what_was_written_is_read_back) {
  for (const std::size_t shards : {1U, 2U, 8U}) {
    const std::vector<LearnedObject> all = objects(100);
    const std::vector<std::string> out = written(all, shards, 5);
    EXPECT_EQ(out.size(), shards);
    EXPECT_THAT(read(out, codec), UnorderedElementsAreArray(all));
    std::vector<LearnedObject> of_head;
    const Result<LearnedHead> head = codec.read_head(out[0], of_head);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->generation, 5U);
    EXPECT_EQ(head->admission, (Digest128{1, 2}));
  }
}

TEST_F(LearnedRecordTest, C3_no_byte_can_be_another_one) {
  const std::vector<std::string> out = written(objects(6), 2, 5);
  for (std::size_t shard = 0; shard < out.size(); ++shard) {
    for (std::size_t at = 0; at < out[shard].size(); ++at) {
      for (const int bit : {0, 7}) {
        std::vector<std::string> changed = out;
        changed[shard][at] = static_cast<char>(changed[shard][at] ^ (1 << bit));
        const auto all = read(changed, codec);
        if (shard == 0)
          EXPECT_THAT(all, IsEmpty()) << at;
        else
          for (const LearnedObject& object : all) ASSERT_EQ(object.object % 2, 0U) << at;
      }
    }
  }
}

TEST_F(LearnedRecordTest, a_part_of_a_shard_is_none) {
  const std::vector<std::string> out = written(objects(6), 1, 5);
  for (std::size_t length = 0; length < out[0].size(); ++length)
    EXPECT_THAT(read({out[0].substr(0, length)}, codec), IsEmpty()) << length;
  EXPECT_THAT(read({out[0] + "x"}, codec), IsEmpty());
}

TEST_F(LearnedRecordTest, C3_another_key_or_application_reads_nothing) {
  const std::vector<std::string> out = written(objects(6), 1, 5);
  EXPECT_THAT(read(out, LearnedCodec(DigestKey::random(), "prod/web")), IsEmpty());
  EXPECT_THAT(read(out, LearnedCodec(key, "prod/shop")), IsEmpty());
}

TEST_F(LearnedRecordTest, a_torn_save_is_used_as_far_as_the_head_names_it) {
  const std::vector<LearnedObject> all = objects(60);
  const std::vector<std::string> before = written(all, 4, 5);
  std::vector<LearnedObject> changed = all;
  for (LearnedObject& object : changed) object.converged.assign(1, {9, 9});
  const std::vector<std::string> after = written(changed, 4, 6);
  // The head is written last: until then the shards that were changed count for nothing, and nothing of the new save
  // does.
  for (const LearnedObject& object : read({before[0], after[1], before[2], after[3]}, codec)) {
    EXPECT_NE(object.converged.front(), (Digest128{9, 9}));
    EXPECT_TRUE(object.object % 4 == 0 || object.object % 4 == 2);
  }
  for (const LearnedObject& object : read({after[0], before[1], after[2], after[3]}, codec)) {
    EXPECT_EQ(object.converged.front(), (Digest128{9, 9}));
    EXPECT_NE(object.object % 4, 1U);
  }
}

TEST_F(LearnedRecordTest, a_shard_counts_only_in_its_own_place) {
  const std::vector<std::string> out = written(objects(60), 4, 5);
  const auto all = read({out[0], out[2], out[1], out[3]}, codec);
  for (const LearnedObject& object : all) EXPECT_TRUE(object.object % 4 == 0 || object.object % 4 == 3);
  EXPECT_THAT(read({out[1]}, codec), IsEmpty());
}

TEST_F(LearnedRecordTest, C5_what_was_learned_counts_for_its_uid_desired_state_and_schema_alone) {
  const std::uint64_t right = codec.context(Uid{"u"}, sha256("d"), 7);
  EXPECT_NE(right, codec.context(Uid{"v"}, sha256("d"), 7));
  EXPECT_NE(right, codec.context(Uid{"u"}, sha256("e"), 7));
  EXPECT_NE(right, codec.context(Uid{"u"}, sha256("d"), 8));
  EXPECT_NE(codec.object({"", "A", "b", "c"}), codec.object({"", "Ab", "", "c"}));
}

TEST_F(LearnedRecordTest, ten_thousand_objects_take_some_forty_bytes_each) {
  std::vector<LearnedObject> all = objects(10'000);
  for (LearnedObject& object : all) object.converged.resize(1);
  const std::size_t shards = LearnedCodec::shards_for(all);
  EXPECT_EQ(shards, 4U);
  std::size_t bytes = 0, in_base64 = 0;
  for (const std::string& shard : written(all, shards, 5)) {
    EXPECT_LE(shard.size(), kMostShardBytes);
    bytes += shard.size();
    in_base64 += base64_encode(shard).size();
  }
  RecordProperty("bytes_an_object", std::to_string(static_cast<double>(bytes) / 10'000));
  EXPECT_LT(bytes, 34U * 10'000);
  EXPECT_LT(in_base64, 45U * 10'000);
}

TEST_F(LearnedRecordTest, no_shard_passes_its_bound) {
  std::vector<LearnedObject> all = objects(9'000);
  for (LearnedObject& object : all) object.object = 4;
  for (const std::string& shard : written(all, 2, 5)) EXPECT_LE(shard.size(), kMostShardBytes);
}

}  // namespace
}  // namespace holdfast
