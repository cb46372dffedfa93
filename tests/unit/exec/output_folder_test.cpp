#include "exec/output_folder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;

class OutputFolderIn : public testing::Test {
 protected:
  OutputFolderIn() {
    std::string pattern = testing::TempDir() + "/output_folder_XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~OutputFolderIn() override { fs::remove_all(root_); }

  std::string path(const std::string& name) const { return root_ + "/" + name; }
  static void write(const std::string& file, const std::string& text) {
    std::ofstream(file) << text;
  }
  static std::string read(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  using Names = std::vector<std::string>;

  std::string root_;
};

TEST_F(OutputFolderIn, PutsAllFilesInPlaceAtTheEnd) {
  {
    OutputFolder folder(path("new/deeper"), {});
    write(folder.staged("a.tif"), "a");
    write(folder.staged("b.json"), "b");
    EXPECT_FALSE(fs::exists(path("new/deeper/a.tif")));
    folder.commit();
  }
  EXPECT_EQ(names_in(path("new/deeper")), (Names{"a.tif", "b.json"}));
  EXPECT_EQ(read(path("new/deeper/a.tif")), "a");
}

TEST_F(OutputFolderIn, LeavesNothingWhenTheRunFails) {
  for (const char* name : {"fresh", "trailing/", "two/levels"}) {
    {
      OutputFolder folder(path(name), {});
      write(folder.staged("a.tif"), "half");
    }
    EXPECT_EQ(names_in(root_), Names{}) << name;
  }
}

TEST_F(OutputFolderIn, KeepsAnEmptyFolderThatWasThere) {
  fs::create_directory(path("empty"));
  { OutputFolder folder(path("empty"), {}); }
  EXPECT_TRUE(fs::is_directory(path("empty")));
  EXPECT_EQ(names_in(path("empty")), Names{});
}

TEST_F(OutputFolderIn, RefusesAFolderThatIsNotEmpty) {
  fs::create_directory(path("full"));
  write(path("full/mine.txt"), "mine");
  EXPECT_THROW(OutputFolder(path("full"), {}), InvalidInput);
  EXPECT_EQ(names_in(path("full")), Names{"mine.txt"});
}

TEST_F(OutputFolderIn, OverwritesWhenAskedAndOnlyAtTheEnd) {
  fs::create_directory(path("full"));
  write(path("full/mine.txt"), "mine");
  write(path("full/a.tif"), "old");
  {
    OutputFolder folder(path("full"), {.overwrite = true});
    write(folder.staged("a.tif"), "new");
  }
  EXPECT_EQ(read(path("full/a.tif")), "old");
  {
    OutputFolder folder(path("full"), {.overwrite = true});
    write(folder.staged("a.tif"), "new");
    folder.commit();
  }
  EXPECT_EQ(read(path("full/a.tif")), "new");
  EXPECT_EQ(names_in(path("full")), (Names{"a.tif", "mine.txt"}));
}

TEST_F(OutputFolderIn, RefusesAFileInTheWay) {
  write(path("file"), "text");
  EXPECT_THROW(OutputFolder(path("file"), {}), InvalidInput);
  EXPECT_THROW(OutputFolder(path("file"), {.overwrite = true}), InvalidInput);
  EXPECT_THROW(OutputFolder(path("file/below"), {}), Error);
  EXPECT_EQ(read(path("file")), "text");
}

TEST_F(OutputFolderIn, ReplacesNothingWhenOneFileCannotBePutInPlace) {
  fs::create_directories(path("out/b.tif"));  // a folder where a file is to be
  write(path("out/a.tif"), "old");
  {
    OutputFolder folder(path("out"), {.overwrite = true});
    write(folder.staged("a.tif"), "new");
    write(folder.staged("b.tif"), "new");
    EXPECT_THROW(folder.commit(), Error);
  }
  EXPECT_EQ(read(path("out/a.tif")), "old");
  EXPECT_EQ(names_in(path("out")), (Names{"a.tif", "b.tif"}));
}

TEST_F(OutputFolderIn, PutsNothingInPlaceWhenAStagedFileIsMissing) {
  {
    OutputFolder folder(path("out"), {});
    write(folder.staged("a.tif"), "new");
    folder.staged("never_written.tif");
    EXPECT_THROW(folder.commit(), IoError);
  }
  EXPECT_EQ(names_in(root_), Names{});
}

TEST_F(OutputFolderIn, ForgetsStagedNamesToWriteThemAnew) {
  OutputFolder folder(path("out"), {});
  folder.staged("first.tif");
  folder.forget_staged();
  write(folder.staged("second.tif"), "x");
  folder.commit();
  EXPECT_TRUE(fs::exists(path("out/second.tif")));
}

TEST_F(OutputFolderIn, RemovesWhatIsStagedWhenInterrupted) {
  OutputFolder folder(path("out"), {});
  write(folder.staged("a.tif"), "half");
  OutputFolder::remove_all_staged();
  EXPECT_EQ(names_in(root_), Names{});
}

}  // namespace
}  // namespace cubemill
