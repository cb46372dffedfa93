// Output folders in which runs live, died, or can be resumed.
#include <gmock/gmock.h>

#include "exec/output_folder.hpp"
#include "unit/io/child_process.hpp"
#include "unit/io/spill_fixture.hpp"
#include "unit/refusal.hpp"

namespace cubemill {
namespace {

using testing::HasSubstr;
constexpr Existing overwrite{true, false}, resume{false, true}, both{true, true};

class OutputFolderResumeIn : public spill_test::SpillIn {
 protected:
  std::string out() const { return path("out"); }
  static void write(const std::string& file, const std::string& text) {
    std::ofstream(file) << text;
  }
  static std::string read(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// Leaves a run's staging folder, with a checkpoint or without; gives its path.
  std::string interrupt(bool checkpoint, const std::string& name = ".cubemill-abcdef") const {
    const std::string staging = out() + "/" + name;
    std::filesystem::create_directories(staging);
    write(staging + "/a.tif.spool", "tiles");
    if (checkpoint) write(staging + "/checkpoint.json", "{}");
    return staging;
  }
};

TEST_F(OutputFolderResumeIn, RefusesTheFolderOfALivingRun) {
  ChildProcess run([&](int pipe) {
    const OutputFolder folder(out(), {});
    write(folder.staging() + "/checkpoint.json", "{}");
    say(pipe, "+", 1);
    for (;;) ::pause();
  });
  ASSERT_EQ(run.hear(1), "+");
  for (const Existing existing : {Existing{}, overwrite, resume, both})
    EXPECT_THAT(refusal([&] { OutputFolder(out(), existing); }),
                HasSubstr(out() + ": another run is writing into this folder"));
  run.kill();
  run.end();
  EXPECT_THAT(refusal([&] { OutputFolder(out(), {}); }), HasSubstr("--resume goes on with it"))
      << "the lock went with the process";
  EXPECT_TRUE(OutputFolder(out(), resume).resumed());
}

TEST_F(OutputFolderResumeIn, RefusesASecondRunOfTheSameProcess) {
  const OutputFolder folder(out(), {});
  EXPECT_THAT(refusal([&] { OutputFolder(out(), overwrite); }), HasSubstr("another run"));
}

TEST_F(OutputFolderResumeIn, AsksWhatToDoWithAnInterruptedRun) {
  const std::string staging = interrupt(true);
  EXPECT_THAT(
      refusal([&] { OutputFolder(out(), {}); }),
      HasSubstr("holds an interrupted run; --resume goes on with it, --overwrite drops it"));
  EXPECT_EQ(read(staging + "/a.tif.spool"), "tiles");
}

TEST_F(OutputFolderResumeIn, TakesOverAnInterruptedRun) {
  const std::string staging = interrupt(true);
  for (const Existing existing : {resume, both}) {
    OutputFolder folder(out(), existing);
    EXPECT_TRUE(folder.resumed());
    EXPECT_TRUE(folder.resumable());
    EXPECT_EQ(folder.staging(), staging);
    EXPECT_EQ(read(staging + "/a.tif.spool"), "tiles");
    write(folder.staged("a.tif"), "half");
  }
  EXPECT_FALSE(std::filesystem::exists(staging + "/a.tif")) << "half a file is of no use";
  EXPECT_EQ(read(staging + "/a.tif.spool"), "tiles") << "failed again, and can be resumed";
  {
    OutputFolder folder(out(), resume);
    write(folder.staged("a.tif"), "whole");
    folder.commit();
  }
  EXPECT_EQ(read(out() + "/a.tif"), "whole");
  EXPECT_FALSE(std::filesystem::exists(staging));
  EXPECT_EQ(files_in(out()), 1u);
}

TEST_F(OutputFolderResumeIn, OverwritesAnInterruptedRun) {
  const std::string staging = interrupt(true);
  const OutputFolder folder(out(), overwrite);
  EXPECT_FALSE(folder.resumed());
  EXPECT_NE(folder.staging(), staging);
  EXPECT_FALSE(std::filesystem::exists(staging));
}

TEST_F(OutputFolderResumeIn, BeginsAnewWhereThereIsNothingToResume) {
  EXPECT_FALSE(OutputFolder(out(), resume).resumed());
  std::filesystem::create_directory(out());
  EXPECT_FALSE(OutputFolder(out(), resume).resumed());
  write(out() + "/mine.txt", "mine");
  EXPECT_THAT(refusal([&] { OutputFolder(out(), resume); }),
              HasSubstr("not empty and holds no interrupted run to resume"));
  EXPECT_FALSE(OutputFolder(out(), both).resumed());
}

TEST_F(OutputFolderResumeIn, RemovesDeadRunsThatCannotBeResumed) {
  const std::string dead = interrupt(false), other = interrupt(false, ".cubemill-ghijkl");
  std::filesystem::create_directory(out() + "/.another");
  write(out() + "/.cubemill-file", "no folder");
  const std::string kept = interrupt(true, ".cubemill-mnopqr");
  const OutputFolder folder(out(), resume);
  EXPECT_EQ(folder.staging(), kept);
  EXPECT_FALSE(std::filesystem::exists(dead) || std::filesystem::exists(other));
  EXPECT_TRUE(std::filesystem::exists(out() + "/.another"));
  EXPECT_TRUE(std::filesystem::exists(out() + "/.cubemill-file"));
}

TEST_F(OutputFolderResumeIn, TakesAFolderWithNothingButDeadRunsForEmpty) {
  interrupt(false);
  EXPECT_NO_THROW(OutputFolder(out(), {}));
}

TEST_F(OutputFolderResumeIn, KeepsWhatALaterRunNeedsWhenItFails) {
  std::string staging;
  {
    OutputFolder folder(path("new/deeper"), {});
    staging = folder.staging();
    write(folder.staged("a.tif"), "half");
    write(staging + "/a.tif.spool", "tiles");
    EXPECT_FALSE(folder.resumable());
    write(staging + "/checkpoint.json", "{}");
    EXPECT_TRUE(folder.resumable());
  }
  EXPECT_FALSE(std::filesystem::exists(staging + "/a.tif"));
  EXPECT_EQ(read(staging + "/a.tif.spool"), "tiles");
  EXPECT_TRUE(OutputFolder(path("new/deeper"), resume).resumed());
}

TEST_F(OutputFolderResumeIn, KeepsWhatALaterRunNeedsWhenItIsInterrupted) {
  OutputFolder kept(out(), {}), lost(path("lost"), {});
  write(kept.staged("a.tif"), "half");
  write(kept.staging() + "/a.tif.spool", "tiles");
  EXPECT_NE(OutputFolder::remove_all_staged(), LeftBehind::checkpoint) << "no checkpoint yet";
  EXPECT_FALSE(std::filesystem::exists(out()));

  OutputFolder again(out(), {});
  write(again.staged("a.tif"), "half");
  write(again.staging() + "/a.tif.spool", "tiles");
  write(again.staging() + "/checkpoint.json", "{}");
  EXPECT_EQ(OutputFolder::remove_all_staged(), LeftBehind::checkpoint);
  EXPECT_FALSE(std::filesystem::exists(again.staging() + "/a.tif"));
  EXPECT_EQ(read(again.staging() + "/a.tif.spool"), "tiles");
  EXPECT_FALSE(std::filesystem::exists(path("lost")));
}

TEST_F(OutputFolderResumeIn, RemovesSpillFilesThatNobodyNeedsWhenInterrupted) {
  SpillFile unkept(options({10})), kept(options({10}));
  kept.keep(true);
  OutputFolder::remove_all_staged();
  EXPECT_FALSE(std::filesystem::exists(unkept.path()));
  EXPECT_TRUE(std::filesystem::exists(kept.path()));
  kept.keep(false);
}

TEST_F(OutputFolderResumeIn, LocksAFolderUntilItIsLetGo) {
  std::filesystem::create_directory(out());
  FolderLock first(out());
  EXPECT_TRUE(first);
  EXPECT_FALSE(FolderLock(out()));
  FolderLock moved(std::move(first));
  EXPECT_TRUE(moved);
  EXPECT_FALSE(FolderLock(out()));
  moved = FolderLock();
  EXPECT_TRUE(FolderLock(out()));
  EXPECT_FALSE(FolderLock(path("nowhere")));
}

TEST_F(OutputFolderResumeIn, LeavesTheChoiceBetweenTwoInterruptedRunsToTheUser) {
  for (const char* name : {"/.cubemill-aaaaaa", "/.cubemill-bbbbbb"}) {
    std::filesystem::create_directories(out() + name);
    write(out() + name + "/checkpoint.json", "{}");
  }
  try {
    OutputFolder(out(), resume);
    FAIL() << "one of them was taken";
  } catch (const InvalidInput& error) {
    EXPECT_NE(std::string(error.what()).find("holds two interrupted runs"), std::string::npos);
  }
  EXPECT_TRUE(std::filesystem::exists(out() + "/.cubemill-aaaaaa/checkpoint.json"));
  EXPECT_TRUE(std::filesystem::exists(out() + "/.cubemill-bbbbbb/checkpoint.json"));
}

}  // namespace
}  // namespace cubemill
