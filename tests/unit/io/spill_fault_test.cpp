// Spill files on disks that are full, read-only, gone or lie.
#include <sys/resource.h>

#include "io/spill_file.hpp"
#include "unit/io/spill_fixture.hpp"

namespace cubemill::spill_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using SpillFaultIn = SpillIn;
constexpr std::size_t mib = 1 << 20;

TEST_F(SpillFaultIn, AFlippedByteIsToldWhereverItIs) {
  const std::vector<std::size_t> sizes = {300000, 10};
  SpillFile file(options(sizes));
  for (const std::uint64_t at : {0, 200000, 299999, 300009}) {
    const Slot slot = put(file, random_parts(sizes, 1));
    flip_byte(file.path(), 4096 + at);
    EXPECT_THAT(failure_of([&] { get(file, slot, sizes); }),
                HasSubstr("IoError " + file.path() +
                          ": the 300010 bytes at byte 4096 are not those that were written"));
    EXPECT_EQ(file.bytes_read(), 0u);
    file.free(slot);
  }
}

TEST_F(SpillFaultIn, AnOlderSumInTheSameSlotIsNotTakenForTheNewOne) {
  SpillFile file(options({mib}));
  const Slot old = put(file, random_parts({mib}, 1));
  file.free(old);
  const Slot now = put(file, random_parts({mib}, 2));
  EXPECT_EQ(now.number, old.number);
  EXPECT_THAT(failure_of([&] { get(file, old, {mib}); }), HasSubstr("not those"));
  EXPECT_EQ(failure_of([&] { get(file, now, {mib}); }), "no error");
}

TEST_F(SpillFaultIn, ACutFileIsAnError) {
  SpillFile file(options({mib}));
  const Slot slot = put(file, random_parts({mib}, 1));
  fs::resize_file(file.path(), 4096 + mib - 1);
  EXPECT_THAT(failure_of([&] { get(file, slot, {mib}); }), HasSubstr("the file ends there"));
}

TEST_F(SpillFaultIn, GoesOnWhenItsFolderIsRemovedButNoCheckpointCanHaveIt) {
  {
    SpillFile file(options({mib}));
    const Slot slot = put(file, random_parts({mib}, 1));
    fs::remove_all(folder());
    const Slot later = put(file, random_parts({mib}, 2));
    EXPECT_TRUE(get(file, slot, {mib}) == random_parts({mib}, 1));
    EXPECT_TRUE(get(file, later, {mib}) == random_parts({mib}, 2));
    EXPECT_THAT(failure_of([&] { file.store(); }), HasSubstr("was removed or renamed"));
  }
  EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(SpillFaultIn, SaysWhenThereIsNoFolder) {
  SpillFile::Options nowhere = options({mib});
  nowhere.folder = path("nowhere");
  EXPECT_THAT(failure_of([&] { SpillFile{nowhere}; }),
              HasSubstr("/nowhere/cubemill-XXXXXX.spill: cannot create: No such file"));
}

TEST_F(SpillFaultIn, SaysWhenTheFolderIsReadOnly) {
  fs::permissions(root_, fs::perms::owner_all | fs::perms::others_exec | fs::perms::others_read);
  fs::permissions(folder(), fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                                fs::perms::others_exec);
  const OtherRun run([&](int pipe) {
    // Root may write everywhere.
    const bool ready = ::geteuid() != 0 || ::setuid(65534) == 0;
    const std::string said = ready ? failure_of([&] { SpillFile{options({mib})}; }) : "no setuid";
    (void)!::write(pipe, said.data(), said.size());
  });
  EXPECT_THAT(run.said_text(), HasSubstr("cannot create: Permission denied"));
  fs::permissions(folder(), fs::perms::owner_all);
}

TEST_F(SpillFaultIn, AFullDiskFailsOneWriteAndGoesOnWhenThereIsRoom) {
  const SmallDisk disk(folder(), "size=4m");
  SKIP_WITHOUT(disk);
  std::vector<Slot> slots;
  SpillFile file(options({mib}));
  for (unsigned i = 0; i < 3; ++i) slots.push_back(put(file, random_parts({mib}, i)));
  const auto fourth = [&] { slots.push_back(put(file, random_parts({mib}, 3))); };
  for (int i = 0; i < 40; ++i)
    EXPECT_THAT(failure_of(fourth),
                AllOf(HasSubstr("IoError " + file.path() + ": cannot write: No space left"),
                      HasSubstr("bytes needed"), HasSubstr("bytes are free")));
  EXPECT_EQ(file.bytes_in_use(), 3 * mib);
  EXPECT_EQ(file.peak_bytes(), 3 * mib);
  EXPECT_EQ(file.bytes_written(), 3 * mib);
  EXPECT_GT(fs::space(folder()).available, mib / 2) << "what was half written is given back";
  file.free(slots[1]);
  EXPECT_EQ(failure_of(fourth), "no error");
  EXPECT_EQ(slots[3].number, 1u);
  for (const unsigned i : {0u, 2u, 3u})
    EXPECT_TRUE(get(file, slots[i], {mib}) == random_parts({mib}, i)) << i;
}

TEST_F(SpillFaultIn, NothingIsLeftWhenNotEvenTheHeaderFits) {
  const SmallDisk disk(folder(), "size=64k");
  SKIP_WITHOUT(disk);
  std::ofstream(folder() + "/filler") << std::string(65536, 'x');
  EXPECT_THAT(failure_of([&] { SpillFile{options({mib})}; }),
              HasSubstr("cannot write: No space left"));
  EXPECT_EQ(files_in(folder()), 1u);
}

TEST_F(SpillFaultIn, SaysWhenNoInodesAreLeft) {
  const SmallDisk disk(folder(), "size=8m,nr_inodes=2");
  SKIP_WITHOUT(disk);
  const SpillFile first(options({mib}));
  EXPECT_THAT(failure_of([&] { SpillFile{options({mib})}; }), HasSubstr("no inode left"));
}

TEST_F(SpillFaultIn, AnErrorOfTheFileSizeLimitLeavesAllThatWasWritten) {
  const OtherRun run([&](int pipe) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{2 * mib, 2 * mib};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    SpillFile file(options({mib}));
    const Slot slot = put(file, random_parts({mib}, 0));
    std::string said = failure_of([&] { put(file, random_parts({mib}, 1)); });
    if (get(file, slot, {mib}) == random_parts({mib}, 0)) said += ", the first is whole";
    if (file.bytes_in_use() == mib) said += ", nothing is counted";
    (void)!::write(pipe, said.data(), said.size());
  });
  EXPECT_THAT(run.said_text(), AllOf(HasSubstr("File too large"), HasSubstr("ulimit -f"),
                                     HasSubstr("the first is whole, nothing is counted")));
}

}  // namespace
}  // namespace cubemill::spill_test
