#include "io/disk_space.hpp"

#include "unit/io/spill_fixture.hpp"

namespace cubemill::spill_test {
namespace {

using testing::HasSubstr;

using DiskSpaceIn = SpillIn;

TEST_F(DiskSpaceIn, CountsTheBytesThatAreFree) {
  const SmallDisk disk(folder(), "size=8m");
  SKIP_WITHOUT(disk);
  EXPECT_EQ(free_bytes(folder()), 8u << 20);
  std::ofstream(folder() + "/filler") << std::string(3 << 20, 'x');
  EXPECT_EQ(free_bytes(folder()), 5u << 20);
}

TEST_F(DiskSpaceIn, KnowsADiskInMemory) {
  const SmallDisk disk(folder(), "size=1m");
  SKIP_WITHOUT(disk);
  EXPECT_TRUE(is_ram_disk(folder()));
  EXPECT_FALSE(is_ram_disk("/proc"));
}

TEST_F(DiskSpaceIn, SaysBeforehandThatTheSpillDoesNotFit) {
  EXPECT_EQ(failure_of([&] { check_spill_room(folder(), 1); }), "no error");
  EXPECT_THAT(
      failure_of([&] { check_spill_room(folder(), 1ULL << 60); }),
      testing::AllOf(HasSubstr("IoError " + folder()), HasSubstr("need 1152921504606846976 bytes"),
                     HasSubstr("are free"), HasSubstr("--spill")));
  EXPECT_EQ(files_in(folder()), 0u);
}

TEST_F(DiskSpaceIn, SaysWhenThereIsNoFolder) {
  EXPECT_THAT(failure_of([&] { check_spill_room(path("nowhere"), 1); }), HasSubstr("No such file"));
  EXPECT_THAT(failure_of([&] { free_bytes(path("nowhere")); }), HasSubstr("No such file"));
  EXPECT_THAT(failure_of([&] { is_ram_disk(path("nowhere")); }), HasSubstr("No such file"));
}

TEST_F(DiskSpaceIn, SaysBeforehandThatNothingCanBeWritten) {
  const SmallDisk disk(folder(), "size=1m");
  SKIP_WITHOUT(disk);
  ASSERT_EQ(::mount("tmpfs", folder().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
  EXPECT_THAT(failure_of([&] { check_spill_room(folder(), 1); }),
              HasSubstr("cannot create: Read-only file system"));
}

}  // namespace
}  // namespace cubemill::spill_test
