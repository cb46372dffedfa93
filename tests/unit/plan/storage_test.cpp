#include <gtest/gtest.h>

#include <cmath>

#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

constexpr double infinity = HUGE_VAL;

StorageChoice chosen(PixelType type, std::optional<double> nodata,
                     std::optional<ValueRange> valid = {}) {
  return choose_storage(type, {nodata, {}, {}}, valid);
}

TEST(Storage, KeepsWordsWhereNodataOrAValueThatCannotCountMeansInvalid) {
  EXPECT_EQ(chosen(PixelType::u16, 0.0).storage, Storage::u16);
  EXPECT_EQ(chosen(PixelType::u16, 65535.0).key, 65535);
  EXPECT_EQ(chosen(PixelType::i16, -9999.0).storage, Storage::i16);
  EXPECT_EQ(chosen(PixelType::i16, -9999.0).key, std::uint16_t(-9999));
  EXPECT_EQ(chosen(PixelType::u8, 255.0).key, 255);
  EXPECT_EQ(chosen(PixelType::i8, -128.0).key, std::uint16_t(-128));
  // Bytes leave room beyond their range.
  EXPECT_EQ(chosen(PixelType::u8, {}).key, 256);
  EXPECT_EQ(chosen(PixelType::i8, {}).key, 128);
  EXPECT_EQ(chosen(PixelType::u8, 300.0).key, 256);
  // A valid range leaves a value at its end.
  EXPECT_EQ(chosen(PixelType::u16, {}, ValueRange{1, 65535}).key, 0);
  EXPECT_EQ(chosen(PixelType::u16, {}, ValueRange{0, 65534}).key, 65535);
  EXPECT_EQ(chosen(PixelType::i16, {}, ValueRange{-32768, 10000}).key, 32767);
}

TEST(Storage, KeepsFloatsWhereEveryWordCounts) {
  EXPECT_EQ(chosen(PixelType::u16, {}).storage, Storage::f32);
  EXPECT_EQ(chosen(PixelType::i16, {}, ValueRange{-40000, 40000}).storage, Storage::f32);
  EXPECT_EQ(chosen(PixelType::u16, -9999.0).storage, Storage::f32)
      << "a nodata value that the type cannot hold";
  EXPECT_EQ(chosen(PixelType::u16, std::nan("")).storage, Storage::f32);
  EXPECT_EQ(chosen(PixelType::u16, 0.5).storage, Storage::f32);
  EXPECT_EQ(chosen(PixelType::f32, -9999.0).storage, Storage::f32);
  for (const PixelType t :
       {PixelType::u32, PixelType::i32, PixelType::u64, PixelType::i64, PixelType::f64})
    EXPECT_EQ(chosen(t, 0.0).storage, Storage::f64);
}

TEST(Storage, KnowsWhichValuesATypeCanHave) {
  EXPECT_EQ(value_range(PixelType::u16, {}).low, 0);
  EXPECT_EQ(value_range(PixelType::i8, {}).low, -128);
  EXPECT_EQ(value_range(PixelType::f32, {}).high, infinity);
  EXPECT_EQ(value_range(PixelType::u32, {}).low, 0);
  EXPECT_EQ(value_range(PixelType::i32, {}).low, -infinity);
  EXPECT_EQ(value_range(PixelType::u8, ValueRange{10, 1000}).high, 255);
  EXPECT_EQ(value_range(PixelType::f32, ValueRange{-1, 1}).low, -1);
}

Survey one_scene() {
  return survey_of({{"2021-05-01T10:00:00Z", grid("EPSG:32618", 30, 300015, 4000005, 100, 100)}});
}
AccumulatorKind kind(const Survey& survey, std::size_t most_observations = 1) {
  Plan plan;
  plan.most_observations = most_observations;
  choose_accumulators(plan, survey);
  return plan.accumulators.at(0);
}

TEST(Accumulators, ArePackedWhereValuesAndCountsAreProvenSmall) {
  EXPECT_EQ(kind(one_scene()), AccumulatorKind::packed);
  EXPECT_EQ(kind(one_scene(), PackedSum::max_count), AccumulatorKind::packed);
  EXPECT_EQ(kind(one_scene(), PackedSum::max_count + 1), AccumulatorKind::wide);
}

TEST(Accumulators, AreWideWhereAReflectanceMayBeNegative) {
  Survey s = one_scene();
  s.surveyed[0].inputs[1].valid_range.reset();  // 0 * 2.75e-5 - 0.2
  EXPECT_EQ(kind(s), AccumulatorKind::wide);
  s = one_scene();
  s.surveyed[0].inputs[2].valid_range = ValueRange{7272, 43636};  // a count below what gives 0
  EXPECT_EQ(kind(s), AccumulatorKind::wide);
  s.surveyed[0].inputs[2].numbers.offset = 0;
  EXPECT_EQ(kind(s), AccumulatorKind::packed);
  s.surveyed[0].inputs[2].numbers.scale = -2.75e-5;
  EXPECT_EQ(kind(s), AccumulatorKind::wide);
}

TEST(Accumulators, LookAtAllScenes) {
  const GeoBox g = grid("EPSG:32618", 30, 300015, 4000005, 100, 100);
  Survey s = survey_of({{"2021-05-01T10:00:00Z", g}, {"2021-06-01T10:00:00Z", g}});
  EXPECT_EQ(kind(s), AccumulatorKind::packed);
  s.surveyed[1].inputs[1].numbers.offset = -0.3;
  EXPECT_EQ(kind(s), AccumulatorKind::wide);
}

TEST(Accumulators, AreWideForCubicThatMayOvershoot) {
  Survey s = one_scene();
  s.inputs[2].method = Resampling::cubic;
  EXPECT_EQ(kind(s), AccumulatorKind::wide);
}

TEST(Accumulators, AreWideForABandThatMayExceedOne) {
  Survey s = one_scene();
  s.indices = {{"nir", 1, {2}}};
  EXPECT_EQ(kind(s), AccumulatorKind::packed);  // 43636 * 2.75e-5 - 0.2 = 0.99999
  s.surveyed[0].inputs[2].valid_range->high = 43637;
  EXPECT_EQ(kind(s), AccumulatorKind::wide);
}

}  // namespace
}  // namespace cubemill::testing_plan
