#include "io/spill_file.hpp"

#include <thread>

#include "cubemill/pixel/accumulator.hpp"
#include "unit/io/spill_fixture.hpp"

namespace cubemill::spill_test {
namespace {

using testing::HasSubstr;

using SpillFileIn = SpillIn;
constexpr std::size_t piece = 192 * 1024;
constexpr std::uint64_t page = 4096;

TEST_F(SpillFileIn, GivesBackWhatWasWrittenWhateverThePartsSizes) {
  const std::vector<std::size_t> sizes = {1,         0,         piece - 1, piece,
                                          piece + 1, 2 * piece, page,      page - 1};
  SpillFile file(options(sizes));
  std::vector<Slot> slots;
  for (unsigned i = 0; i < 3; ++i) slots.push_back(put(file, random_parts(sizes, i)));
  for (const unsigned i : {2u, 0u, 1u})
    EXPECT_TRUE(get(file, slots[i], sizes) == random_parts(sizes, i)) << i;
}

TEST_F(SpillFileIn, ReadsFromFrontToBackInPiecesOfWholeUnits) {
  const std::size_t runs = 512 * 512 / run_length;
  const std::vector<std::size_t> sizes = {runs * bytes_per_run(AccumulatorKind::packed),
                                          runs * bytes_per_run(AccumulatorKind::wide)};
  SpillFile::Options of_runs = options(sizes);
  of_runs.parts[0].unit = bytes_per_run(AccumulatorKind::packed);
  of_runs.parts[1].unit = bytes_per_run(AccumulatorKind::wide);
  SpillFile file(of_runs);
  const Slot slot = put(file, random_parts(sizes, 0));
  std::vector<std::size_t> seen = {0, 0};
  file.read(slot, [&](std::size_t part, std::size_t at, std::span<const std::byte> bytes) {
    EXPECT_EQ(at, seen[part]);
    EXPECT_EQ(seen[1 - part], part == 0 ? 0 : sizes[0]) << "all of a part before the next";
    const AccumulatorKind kind = part == 0 ? AccumulatorKind::packed : AccumulatorKind::wide;
    EXPECT_EQ(bytes.size() % bytes_per_run(kind), 0u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(WideRun), 0u);
    seen[part] += bytes.size();
  });
  EXPECT_EQ(seen, sizes);
}

TEST_F(SpillFileIn, FillsTheLowestFreeSlotFirst) {
  SpillFile file(options({100}));
  std::vector<Slot> slots;
  for (unsigned i = 0; i < 5; ++i) slots.push_back(put(file, random_parts({100}, i)));
  for (const unsigned i : {3u, 1u}) file.free(slots[i]);
  EXPECT_EQ(put(file, random_parts({100}, 6)).number, 1u);
  EXPECT_EQ(put(file, random_parts({100}, 7)).number, 3u);
  EXPECT_EQ(put(file, random_parts({100}, 8)).number, 5u);
  EXPECT_TRUE(get(file, slots[4], {100}) == random_parts({100}, 4));
}

TEST_F(SpillFileIn, CountsWhatIsInUseNowAndAtMost) {
  SpillFile file(options({page + 1}));
  const Slot a = put(file, random_parts({page + 1}, 0));
  const Slot b = put(file, random_parts({page + 1}, 1));
  get(file, a, {page + 1});
  file.free(a);
  EXPECT_EQ(file.bytes_in_use(), 2 * page);
  EXPECT_EQ(file.peak_bytes(), 4 * page);
  EXPECT_EQ(file.bytes_written(), 2 * (page + 1));
  EXPECT_EQ(file.bytes_read(), page + 1);
  file.free(b);
  EXPECT_EQ(file.bytes_in_use(), 0u);
}

TEST_F(SpillFileIn, GivesTheSpaceOfFreedSlotsBackToTheDisk) {
  SKIP_WITHOUT_HOLES(folder());
  SpillFile file(options({1 << 20}));
  const Slot a = put(file, random_parts({1 << 20}, 0));
  const Slot b = put(file, random_parts({1 << 20}, 1));
  EXPECT_GE(disk_bytes(file.path()), 2 << 20);
  file.free(a);
  EXPECT_LT(disk_bytes(file.path()), 3 << 19);
  EXPECT_TRUE(get(file, b, {1 << 20}) == random_parts({1 << 20}, 1));
}

TEST_F(SpillFileIn, SaysWhichLimitIsTooSmallAndGoesOnWhenASlotIsFree) {
  SpillFile file(options({page}, 2 * page + page - 1));
  const Slot a = put(file, random_parts({page}, 0));
  put(file, random_parts({page}, 1));
  const auto third = [&] { put(file, random_parts({page}, 2)); };
  EXPECT_THAT(failure_of(third), HasSubstr("OutOfMemory --spill-limit is too small: 4096 bytes "
                                           "asked, 8192 of 12287 in use in " +
                                           file.path()));
  EXPECT_EQ(file.bytes_in_use(), 2 * page);
  EXPECT_EQ(file.bytes_written(), 2 * page);
  file.free(a);
  EXPECT_EQ(failure_of(third), "no error");
}

TEST_F(SpillFileIn, RefusesPartsThatDoNotFillASlot) {
  SpillFile file(options({page, 8}));
  EXPECT_THROW(put(file, random_parts({page}, 0)), std::logic_error);
  EXPECT_THROW(put(file, random_parts({8, page}, 0)), std::logic_error);
  EXPECT_EQ(file.bytes_in_use(), 0u);
}

TEST_F(SpillFileIn, IsRemovedUnlessItIsToBeKept) {
  { SpillFile file(options({page})); }
  EXPECT_EQ(files_in(folder()), 0u);
  {
    SpillFile file(options({page}));
    file.keep(true);
    file.keep(false);
  }
  EXPECT_EQ(files_in(folder()), 0u);
  {
    SpillFile file(options({page}));
    file.keep(true);
  }
  EXPECT_EQ(files_in(folder()), 1u);
}

TEST_F(SpillFileIn, IsRemovedByAnInterruptUnlessItIsToBeKept) {
  SpillFile kept(options({page}));
  SpillFile other(options({page}));
  kept.keep(true);
  SpillFile::remove_unkept();
  EXPECT_TRUE(fs::exists(kept.path()));
  EXPECT_FALSE(fs::exists(other.path()));
  const Slot slot = put(other, random_parts({page}, 0));
  EXPECT_TRUE(get(other, slot, {page}) == random_parts({page}, 0));
}

TEST_F(SpillFileIn, TwoInOneFolderDoNotMeet) {
  SpillFile a(options({page})), b(options({page}));
  EXPECT_NE(a.path(), b.path());
  const Slot in_a = put(a, random_parts({page}, 0));
  const Slot in_b = put(b, random_parts({page}, 1));
  EXPECT_EQ(in_a.number, in_b.number);
  EXPECT_TRUE(get(a, in_a, {page}) == random_parts({page}, 0));
  EXPECT_TRUE(get(b, in_b, {page}) == random_parts({page}, 1));
}

TEST_F(SpillFileIn, KeepsSumsApartThatThreadsWriteReadAndFreeAtOnce) {
  const std::vector<std::size_t> sizes = {3000, 9000};
  SpillFile file(options(sizes));
  const auto work = [&](unsigned thread) {
    std::vector<std::pair<Slot, unsigned>> held;
    for (unsigned i = 0; i < 200; ++i) {
      const unsigned seed = thread * 1000 + i;
      held.emplace_back(put(file, random_parts(sizes, seed)), seed);
      if (i % 3 == 0) continue;
      const auto [slot, written] = held[i * 7 % held.size()];
      EXPECT_TRUE(get(file, slot, sizes) == random_parts(sizes, written));
      file.free(slot);
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(i * 7 % held.size()));
    }
    for (const auto& [slot, written] : held)
      EXPECT_TRUE(get(file, slot, sizes) == random_parts(sizes, written));
    for (const auto& [slot, written] : held) file.free(slot);
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
  }
  EXPECT_EQ(file.bytes_in_use(), 0u);
  EXPECT_EQ(file.bytes_written(), 4u * 200 * 12000);
}

TEST_F(SpillFileIn, SaysForPeopleWhatItIsAndWhoseItIs) {
  const SpillFile file(options({page}));
  std::ifstream in(file.path());
  std::string text(page, '\0');
  in.read(text.data(), page);
  EXPECT_THAT(text, testing::StartsWith("cubemill spill file"));
  EXPECT_THAT(text, HasSubstr("\nowner " + path("owner")));
}

}  // namespace
}  // namespace cubemill::spill_test
