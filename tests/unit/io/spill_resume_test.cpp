// A spill file after its run: resumed, refused, or removed by whoever cleans up.
#include <dlfcn.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "io/spill_file.hpp"
#include "unit/io/spill_fixture.hpp"

namespace cubemill::spill_test {
namespace {

// What another process does just before the next file is locked.
std::function<void()> before_lock;

}  // namespace
}  // namespace cubemill::spill_test

// Takes the place of the C library's in this program, which it calls.
extern "C" int flock(int descriptor, int operation) noexcept {
  static const auto real = reinterpret_cast<int (*)(int, int)>(::dlsym(RTLD_NEXT, "flock"));
  if (cubemill::spill_test::before_lock)
    std::exchange(cubemill::spill_test::before_lock, nullptr)();
  return real(descriptor, operation);
}

namespace cubemill::spill_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using SpillResumeIn = SpillIn;
using SpillPurgeIn = SpillIn;
const std::vector<std::size_t> sizes = {5000, 300000};

TEST_F(SpillResumeIn, AKilledRunsSumsAreThereAndItsOtherSlotsFree) {
  HoldingRun run(options(sizes), sizes);
  run.kill();
  const Slot used[] = {run.slots()[0], run.slots()[2]};
  SpillFile file(options(sizes), run.path(), used);
  EXPECT_EQ(file.bytes_in_use(), 2u * 75 * 4096);  // 305000 in whole pages
  EXPECT_TRUE(get(file, used[0], sizes) == random_parts(sizes, 0));
  EXPECT_EQ(put(file, random_parts(sizes, 7)).number, 1u);
  EXPECT_EQ(put(file, random_parts(sizes, 8)).number, 3u);
  EXPECT_TRUE(get(file, used[1], sizes) == random_parts(sizes, 2));
}

TEST_F(SpillResumeIn, IsKeptUntilTheResumedRunSaysThatItIsNotNeeded) {
  HoldingRun run(options(sizes), sizes);
  run.kill();
  { SpillFile file(options(sizes), run.path(), {}); }
  ASSERT_TRUE(fs::exists(run.path()));
  {
    SpillFile file(options(sizes), run.path(), {});
    file.keep(false);
  }
  EXPECT_FALSE(fs::exists(run.path()));
}

TEST_F(SpillResumeIn, TheSpaceOfWhatCameAfterTheCheckpointIsGivenBack) {
  SKIP_WITHOUT_HOLES(folder());
  const std::vector<std::size_t> mib = {1 << 20};
  HoldingRun run(options(mib), mib);
  run.kill();
  EXPECT_GE(disk_bytes(run.path()), 3 << 20);
  SpillFile file(options(mib), run.path(), {run.slots() + 1, 1});
  EXPECT_LT(disk_bytes(run.path()), 3 << 19) << "before it and behind";
  EXPECT_TRUE(get(file, run.slots()[1], mib) == random_parts(mib, 1));
}

TEST_F(SpillResumeIn, SaysWhyItCannotBeUsed) {
  HoldingRun run(options(sizes), sizes);
  const std::span<const Slot> used(run.slots(), 3);
  const auto open = [&](const SpillFile::Options& as, std::span<const Slot> slots) {
    return failure_of([&] { SpillFile(as, run.path(), slots); });
  };
  EXPECT_THAT(open(options(sizes), used), HasSubstr("a run that lives uses this spill file"));
  run.kill();
  EXPECT_EQ(open(options(sizes), used), "no error");
  EXPECT_THAT(open(options({5000}), used), HasSubstr("other sums"));
  SpillFile::Options others = options(sizes);
  others.owner = path("another");
  EXPECT_THAT(open(others, used), HasSubstr("is the spill file of another run, " + path("owner")));
  others.owner = path("other/../owner/");
  EXPECT_EQ(open(others, used), "no error") << "the same folder in other words";
  const Slot twice[] = {run.slots()[0], run.slots()[0]};
  EXPECT_THAT(open(options(sizes), twice), HasSubstr("two sums in one place"));
  const Slot beyond[] = {{3, 0}}, far_beyond[] = {{0xffffffff, 0}};
  EXPECT_THAT(open(options(sizes), beyond), HasSubstr("is too short"));
  EXPECT_THAT(open(options(sizes), far_beyond), HasSubstr("is too short"));
  fs::resize_file(run.path(), fs::file_size(run.path()) - 1);
  EXPECT_THAT(open(options(sizes), used), HasSubstr("is too short"));
  EXPECT_EQ(open(options(sizes), used.first(2)), "no error");
  fs::resize_file(run.path(), 100);
  EXPECT_THAT(open(options(sizes), {}), HasSubstr("is no whole spill file"));
  fs::remove(run.path());
  EXPECT_THAT(open(options(sizes), {}), HasSubstr("cannot open: No such file"));
}

TEST_F(SpillPurgeIn, RemovesADeadRunsFileOnlyWhenItsOwnerIsGone) {
  HoldingRun run(options(sizes), sizes);
  run.kill();
  EXPECT_THAT(purge_dead_spills(folder()), IsEmpty());
  fs::remove(path("owner"));
  EXPECT_THAT(purge_dead_spills(folder()), ElementsAre(run.path()));
  EXPECT_EQ(files_in(folder()), 0u);
}

TEST_F(SpillPurgeIn, NeverRemovesALivingRunsFile) {
  fs::remove(path("owner"));
  SpillFile::Options ownerless = options(sizes);
  ownerless.owner = "";
  HoldingRun other(options(sizes), sizes), nobodys(ownerless, sizes);
  const SpillFile ours(options(sizes));
  EXPECT_THAT(purge_dead_spills(folder()), IsEmpty());
  nobodys.kill();
  EXPECT_THAT(purge_dead_spills(folder()), ElementsAre(nobodys.path()));
}

TEST_F(SpillPurgeIn, RemovesAFileWhoseRunWasKilledBeforeItsHeaderWasWhole) {
  const std::string empty = folder() + "/cubemill-empty0.spill";
  const std::string torn = folder() + "/cubemill-torn00.spill";
  const std::string zeros = folder() + "/cubemill-zeros0.spill";
  std::ofstream{empty};
  std::ofstream(torn) << "cubemill spi";
  std::ofstream(zeros) << std::string(8192, '\0');
  EXPECT_THAT(purge_dead_spills(folder()), testing::UnorderedElementsAre(empty, torn, zeros));
}

TEST_F(SpillPurgeIn, LeavesWhatIsNotOurs) {
  HoldingRun run(options(sizes), sizes);
  run.kill();
  fs::remove(path("owner"));
  fs::rename(run.path(), path("outside"));
  fs::create_symlink(path("outside"), folder() + "/cubemill-linked.spill");
  fs::copy_file(path("outside"), folder() + "/results.spill");
  std::ofstream(folder() + "/cubemill-foreig.spill") << "somebody's text";
  ::mkfifo((folder() + "/cubemill-pipe00.spill").c_str(), 0600);
  fs::create_directory(folder() + "/cubemill-folder.spill");
  EXPECT_THAT(purge_dead_spills(folder()), IsEmpty());
  EXPECT_EQ(files_in(folder()), 5u);
  EXPECT_THAT(purge_dead_spills(path("nowhere")), IsEmpty());
}

TEST_F(SpillPurgeIn, LeavesTheFilesOfOtherMachines) {
  HoldingRun run(options(sizes), sizes);
  run.kill();
  fs::remove(path("owner"));
  std::fstream file(run.path(), std::ios::in | std::ios::out | std::ios::binary);
  std::string text(4096, '\0');
  file.read(text.data(), 4096);
  text.insert(text.find("\nhost ") + 6, "not-");
  file.seekp(0);
  file.write(text.data(), 4096);
  file.close();
  EXPECT_THAT(purge_dead_spills(folder()), IsEmpty());
}

TEST_F(SpillPurgeIn, APurgeBetweenMakingAFileAndLockingItCostsANameAndNothingElse) {
  std::vector<std::string> purged;
  before_lock = [&] { purged = purge_dead_spills(folder()); };
  SpillFile file(options(sizes));
  EXPECT_EQ(purged.size(), 1u);
  EXPECT_TRUE(fs::exists(file.path()));
  EXPECT_EQ(files_in(folder()), 1u);
}

TEST_F(SpillPurgeIn, APurgeThatHasTheLockFirstCostsANameAndNothingElse) {
  std::optional<DiskFile> purged;
  before_lock = [&] {
    purged.emplace(DiskFile::open_existing(fs::directory_iterator(folder())->path()));
    EXPECT_EQ(purged->lock(), DiskFile::Lock::ours);
  };
  SpillFile file(options(sizes));
  EXPECT_NE(file.path(), purged->path());
  EXPECT_TRUE(fs::exists(file.path()));
  EXPECT_EQ(files_in(folder()), 1u);
}

TEST_F(SpillPurgeIn, LeavesAFileWhoseHeaderCameBeforeTheLock) {
  HoldingRun run(options(sizes), sizes);
  run.kill();
  const std::string fresh = folder() + "/cubemill-fresh0.spill";
  std::ofstream{fresh};
  before_lock = [&] { fs::copy_file(run.path(), fresh, fs::copy_options::overwrite_existing); };
  EXPECT_THAT(purge_dead_spills(folder()), IsEmpty());
  EXPECT_FALSE(before_lock) << "it was not tried";
}

TEST_F(SpillPurgeIn, TakesNoFileFromRunsThatAreJustMakingThem) {
  fs::remove(path("owner"));
  std::atomic<bool> stop = false;
  std::vector<std::jthread> purgers;
  for (int i = 0; i < 2; ++i)
    purgers.emplace_back([&] {
      while (!stop) purge_dead_spills(folder());
    });
  int lost = 0;
  for (int made = 0; made < 500; ++made) {
    const SpillFile file(options({8}));
    lost += !fs::exists(file.path());
  }
  stop = true;
  EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace cubemill::spill_test
