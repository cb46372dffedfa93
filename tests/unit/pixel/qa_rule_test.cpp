#include "cubemill/pixel/qa_rule.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cubemill {
namespace {

TEST(QaRule, LetsEverythingPassWhenItSaysNothing) {
  for (const std::uint32_t qa : {0u, 1u, 0xFFFFu, 0xFFFFFFFFu})
    EXPECT_EQ(classify(QaRule{}, qa), qa_good);
}

TEST(QaRule, KeepsWhatHasTheseBitsAndNoOther) {
  QaRule rule;
  rule.keep_mask = 0x1A, rule.keep_value = 0x02;
  EXPECT_EQ(classify(rule, 0x02), qa_good);
  EXPECT_EQ(classify(rule, 0xE6), qa_good);
  EXPECT_EQ(classify(rule, 0x0A), qa_masked);
  EXPECT_EQ(classify(rule, 0x00), qa_masked);
  EXPECT_EQ(classify(rule, 0x12), qa_masked);
}

TEST(QaRule, RejectsAPairOnlyAsAWhole) {
  QaRule rule;
  rule.rejects = 2;
  rule.reject_mask[0] = 0xC000, rule.reject_value[0] = 0x8000;
  rule.reject_mask[1] = 0xFFFFFFFF, rule.reject_value[1] = 0;
  EXPECT_EQ(classify(rule, 0x8000), qa_masked);
  EXPECT_EQ(classify(rule, 0xC000), qa_good);
  EXPECT_EQ(classify(rule, 0x4000), qa_good);
  EXPECT_EQ(classify(rule, 0), qa_masked);
}

TEST(QaRule, KeepsOrRejectsListedValues) {
  QaRule rule;
  rule.values = QaRule::max_values;
  for (std::uint32_t i = 0; i < QaRule::max_values; ++i) rule.value[i] = 2 * i;
  for (std::uint32_t qa = 0; qa < 200; ++qa) {
    const bool listed = qa % 2 == 0 && qa < 128;
    rule.list_keeps = 1;
    EXPECT_EQ(classify(rule, qa), listed ? qa_good : qa_masked) << qa;
    rule.list_keeps = 0;
    EXPECT_EQ(classify(rule, qa), listed ? qa_masked : qa_good) << qa;
  }
}

TEST(QaRule, WantsAllOfItsConditions) {
  QaRule rule;
  rule.keep_mask = 1, rule.keep_value = 1;
  rule.rejects = 1, rule.reject_mask[0] = 6, rule.reject_value[0] = 6;
  rule.values = 1, rule.value[0] = 9, rule.list_keeps = 0;
  for (std::uint32_t qa = 0; qa < 16; ++qa)
    EXPECT_EQ(classify(rule, qa) == qa_good, (qa & 1) == 1 && (qa & 6) != 6 && qa != 9) << qa;
}

}  // namespace
}  // namespace cubemill
