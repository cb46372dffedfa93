#include "exec/spill_place.hpp"

#include <gmock/gmock.h>

#include "io/disk_space.hpp"
#include "unit/io/spill_fixture.hpp"

namespace cubemill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
constexpr std::uint64_t MiB = 1024 * 1024, PiB = 1024 * 1024 * 1024 * MiB;
constexpr const char* memory_folder = "/dev/shm";

class SpillPlaceIn : public spill_test::SpillIn {
 protected:
  SpillPlaceIn() {
    request.output = path("out");
    std::filesystem::create_directory(staging());
    plan.order = Order::scene;
    plan.memory.accumulators = 10 * MiB;
  }
  std::string staging() const { return path("staging"); }
  SpillPlace place(std::uint64_t needed) {
    plan.scene_order.disk = needed;
    return choose_spill_place(request, plan, staging());
  }
  std::string failure(std::uint64_t needed) {
    return spill_test::failure_of([&] { place(needed); });
  }

  CompositeRequest request;
  Plan plan;
};

TEST_F(SpillPlaceIn, IsTheStagingFolderWhenNoneIsAsked) {
  if (is_ram_disk(staging())) GTEST_SKIP() << staging() << " lies in memory";
  const SpillPlace p = place(MiB);
  EXPECT_EQ(p.options.folder, staging());
  EXPECT_EQ(p.options.owner, staging());
  EXPECT_EQ(p.options.limit, 0u);
  EXPECT_TRUE(p.options.checkpoints);
  EXPECT_THAT(p.notes, IsEmpty());
  EXPECT_EQ(files_in(staging()), 0u);
}

TEST_F(SpillPlaceIn, IsTheAskedFolder) {
  request.spill_folder = folder();
  request.spill_limit = 100 * MiB;
  const SpillPlace p = place(MiB);
  EXPECT_EQ(p.options.folder, folder());
  EXPECT_EQ(p.options.owner, staging()) << "that has the checkpoint";
  EXPECT_EQ(p.options.limit, 100 * MiB);
}

TEST_F(SpillPlaceIn, LooksAtTheOrderThatIsTaken) {
  plan.tile_order.disk = PiB;
  EXPECT_EQ(failure(0), "no error");
  plan.order = Order::tile;
  EXPECT_THAT(failure(0), HasSubstr("IoError"));
}

TEST_F(SpillPlaceIn, RefusesTooLittleRoom) {
  request.spill_folder = folder();
  EXPECT_THAT(failure(PiB),
              testing::AllOf(HasSubstr("IoError " + folder()),
                             HasSubstr(std::to_string(PiB) + " bytes"), HasSubstr("are free")));
  EXPECT_EQ(files_in(folder()), 0u);
}

TEST_F(SpillPlaceIn, RefusesAFolderThatCannotBeWritten) {
  request.spill_folder = path("nowhere");
  EXPECT_THAT(failure(MiB), HasSubstr("IoError " + path("nowhere")));
  EXPECT_THAT(failure(0), HasSubstr("IoError " + path("nowhere"))) << "checkpoints need it too";
}

TEST_F(SpillPlaceIn, RefusesALimitThatIsTooSmall) {
  request.spill_limit = 5 * MiB;
  EXPECT_EQ(failure(5 * MiB), "no error");
  EXPECT_THAT(failure(5 * MiB + 1),
              testing::AllOf(HasSubstr("OutOfMemory --spill-limit is too small"),
                             HasSubstr("5242881 bytes"), HasSubstr("5242880 are allowed")));
}

TEST_F(SpillPlaceIn, KeepsNoCheckpointsWhereOnlyTheSpilledSumsFit) {
  request.spill_folder = folder();
  request.spill_limit = 26 * MiB;  // 3 spilled, 3 more, and twice what is in memory
  EXPECT_TRUE(place(3 * MiB).options.checkpoints);
  request.spill_limit = 26 * MiB - 1;
  const SpillPlace p = place(3 * MiB);
  EXPECT_FALSE(p.options.checkpoints);
  EXPECT_THAT(p.notes, testing::Contains(testing::AllOf(HasSubstr("no checkpoints: " + folder()),
                                                        HasSubstr("26 MiB"))));
  request.checkpoint_seconds = 0;
  EXPECT_FALSE(place(3 * MiB).options.checkpoints);
  EXPECT_THAT(place(3 * MiB).notes, testing::Not(testing::Contains(HasSubstr("no checkpoints"))))
      << "none are wanted";
}

TEST_F(SpillPlaceIn, SaysWhenTheAskedFolderLiesInMemory) {
  const spill_test::SmallDisk disk(folder(), "size=200m");
  request.spill_folder = disk ? folder() : memory_folder;
  std::error_code none;
  if (!std::filesystem::exists(request.spill_folder, none) || !is_ram_disk(request.spill_folder))
    GTEST_SKIP() << "no folder in memory";
  const SpillPlace p = place(MiB);
  EXPECT_EQ(p.options.folder, request.spill_folder);
  EXPECT_THAT(p.notes, ElementsAre(HasSubstr(request.spill_folder + " lies in memory")));
  EXPECT_THAT(place(0).notes, IsEmpty()) << "nothing is spilled";
}

TEST_F(SpillPlaceIn, GoesToADiskWhenTheStagingFolderLiesInMemory) {
  std::string pattern = std::string(memory_folder) + "/spill_place_XXXXXX";
  std::error_code none;
  if (!std::filesystem::exists(memory_folder, none) || !is_ram_disk(memory_folder) ||
      !::mkdtemp(pattern.data()))
    GTEST_SKIP() << "no folder in memory";
  plan.scene_order.disk = MiB;
  const SpillPlace p = choose_spill_place(request, plan, pattern);
  std::filesystem::remove_all(pattern);
  if (is_ram_disk("/var/tmp")) {
    EXPECT_EQ(p.options.folder, pattern);
    EXPECT_THAT(p.notes, testing::Contains(HasSubstr("lies in memory")));
  } else {
    EXPECT_EQ(p.options.folder, "/var/tmp");
    EXPECT_EQ(p.options.owner, pattern);
    EXPECT_THAT(p.notes, IsEmpty());
  }
}

TEST_F(SpillPlaceIn, RemovesWhatDeadRunsLeftInTheAskedFolder) {
  spill_test::HoldingRun dead(options({100}), {100});
  dead.kill();
  std::filesystem::remove_all(path("owner"));
  ASSERT_TRUE(std::filesystem::exists(dead.path()));
  request.spill_folder = folder();
  place(0);
  EXPECT_FALSE(std::filesystem::exists(dead.path()));
}

TEST_F(SpillPlaceIn, HasTheRoomOfTheDiskAndOfTheLimit) {
  request.output = path("not/yet/there");
  EXPECT_NEAR(double(spill_room(request)), double(free_bytes(root_)), double(1024 * MiB));
  request.spill_limit = 7;
  EXPECT_EQ(spill_room(request), 7u);
  request.spill_folder = folder();
  EXPECT_EQ(spill_room(request), 7u);
  request.output = "";
  request.spill_folder = "";
  EXPECT_EQ(spill_room(request), 7u);
}

}  // namespace
}  // namespace cubemill
