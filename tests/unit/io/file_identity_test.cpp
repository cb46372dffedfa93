#include "io/file_identity.hpp"

#include <cpl_vsi.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

class FileIdentityOf : public testing::Test {
 protected:
  FileIdentityOf() : path(testing::TempDir() + "/file_identity.bin") { write("12345"); }
  ~FileIdentityOf() override { std::filesystem::remove(path); }
  void write(const std::string& text) const { std::ofstream(path) << text; }
  void touch(std::int64_t seconds, long nanoseconds) const {
    const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  const std::string path;
};

TEST_F(FileIdentityOf, ALocalFileIsItsSizeAndItsAgeInNanoseconds) {
  touch(1'600'000'000, 123'456'789);
  EXPECT_EQ(file_identity(path).bytes, 5u);
  EXPECT_EQ(file_identity(path).modified, 1'600'000'000'123'456'789);
  touch(1'600'000'000, 123'456'788);
  EXPECT_EQ(file_identity(path).modified, 1'600'000'000'123'456'788);
  write("123456");
  EXPECT_EQ(file_identity(path).bytes, 6u);
}

TEST_F(FileIdentityOf, ALinkIsThatOfItsTarget) {
  const std::string link = path + ".link";
  std::filesystem::create_symlink(path, link);
  EXPECT_EQ(file_identity(link).bytes, 5u);
  std::filesystem::remove(link);
}

TEST_F(FileIdentityOf, AFileOfGdalIsWhatGdalSays) {
  const std::string inside = "/vsimem/file_identity.bin", zipped = "/vsisubfile/1_3," + path;
  VSILFILE* const file = VSIFOpenL(inside.c_str(), "wb");
  ASSERT_TRUE(file);
  EXPECT_EQ(VSIFWriteL("1234567", 1, 7, file), 7u);
  VSIFCloseL(file);
  EXPECT_EQ(file_identity(inside).bytes, 7u);
  EXPECT_EQ(file_identity(inside).modified % 1'000'000'000, 0) << "whole seconds";
  EXPECT_GT(file_identity(inside).modified, 1'600'000'000'000'000'000);
  EXPECT_EQ(file_identity(zipped).bytes, 3u);
  VSIUnlink(inside.c_str());
}

TEST_F(FileIdentityOf, AMissingFileIsAnErrorThatNamesIt) {
  for (const std::string& gone :
       {path + ".gone", std::string("/vsimem/gone.bin"), path + "/below", std::string()}) {
    try {
      file_identity(gone);
      ADD_FAILURE() << gone;
    } catch (const IoError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(gone));
      EXPECT_THAT(error.what(), testing::HasSubstr("is not there: "));
    }
  }
}

}  // namespace
}  // namespace cubemill
