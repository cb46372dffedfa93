// A folder for spill files, sums to put into them, small disks, and runs that are killed.
#pragma once
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "cubemill/base/error.hpp"
#include "io/spill_file.hpp"

namespace cubemill::spill_test {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;
using Parts = std::vector<Bytes>;
using Slot = SpillFile::Slot;

class SpillIn : public testing::Test {
 protected:
  SpillIn() {
    std::string pattern = (fs::temp_directory_path() / "spill_test_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directory(path("spill"));
    fs::create_directory(path("owner"));
  }
  ~SpillIn() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  std::string path(const std::string& name) const { return root_ + "/" + name; }
  std::string folder() const { return path("spill"); }
  SpillFile::Options options(const std::vector<std::size_t>& sizes, std::uint64_t limit = 0) const {
    SpillFile::Options options{folder(), path("owner"), {}, limit};
    for (const std::size_t bytes : sizes) options.parts.push_back({bytes});
    return options;
  }
  static std::size_t files_in(const std::string& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
  }

  std::string root_;
};

inline Parts random_parts(const std::vector<std::size_t>& sizes, unsigned seed) {
  std::mt19937 random(seed);
  Parts parts;
  for (const std::size_t size : sizes) {
    parts.emplace_back(size);
    for (std::byte& b : parts.back()) b = static_cast<std::byte>(random());
  }
  return parts;
}

inline Slot put(SpillFile& file, const Parts& parts) {
  return file.write(std::vector<std::span<const std::byte>>(parts.begin(), parts.end()));
}

inline Parts get(const SpillFile& file, const Slot& slot, const std::vector<std::size_t>& sizes) {
  Parts parts;
  for (const std::size_t size : sizes) parts.emplace_back(size);
  file.read(slot, [&](std::size_t part, std::size_t at, std::span<const std::byte> bytes) {
    ASSERT_LE(at + bytes.size(), parts.at(part).size());
    std::memcpy(parts[part].data() + at, bytes.data(), bytes.size());
  });
  return parts;
}

/// What an IoError or OutOfMemory of `body` says, after the name of its kind.
inline std::string failure_of(const std::function<void()>& body) {
  try {
    body();
    return "no error";
  } catch (const IoError& e) {
    return std::string("IoError ") + e.what();
  } catch (const OutOfMemory& e) {
    return std::string("OutOfMemory ") + e.what();
  } catch (const std::exception& e) {
    return std::string("other ") + e.what();
  }
}

/// Bytes that a file has on the disk, without its holes.
inline std::int64_t disk_bytes(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? std::int64_t{status.st_blocks} * 512 : -1;
}

/// Whether files in this folder may have holes where something was.
inline bool has_holes(const std::string& folder) {
  const std::string path = folder + "/holes";
  std::ofstream(path) << std::string(8192, 'x');
  const int descriptor = ::open(path.c_str(), O_RDWR);
  const bool made =
      ::fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
  ::close(descriptor);
  fs::remove(path);
  return made;
}
#define SKIP_WITHOUT_HOLES(folder) \
  if (!has_holes(folder)) GTEST_SKIP() << "the file system of " << (folder) << " has no holes"

/// Turns the bits of one byte of a file.
inline void flip_byte(const std::string& path, std::uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 0xff));
}

/// A disk of its own in memory; says why there is none when there is none.
class SmallDisk {
 public:
  SmallDisk(std::string path, const std::string& options) : path_(std::move(path)) {
    fs::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  explicit operator bool() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_;
};
#define SKIP_WITHOUT(disk) \
  if (!(disk)) GTEST_SKIP() << "this user may not mount a small disk: " << std::strerror(errno)

/// A process that runs `body`, says something, and then waits to be killed.
class OtherRun {
 public:
  explicit OtherRun(const std::function<void(int pipe)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      try {
        body(ends[1]);
      } catch (...) {  // must not reach the tests that follow: they are the parent's
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  ~OtherRun() {
    kill();
    ::close(pipe_);
  }
  OtherRun(const OtherRun&) = delete;
  OtherRun& operator=(const OtherRun&) = delete;

  template <typename T>
  T said() const {
    T value;
    if (::read(pipe_, &value, sizeof value) != sizeof value)
      throw std::runtime_error("the other run said nothing");
    return value;
  }
  std::string said_text() const {
    std::string text;
    char piece[512];
    for (ssize_t n; (n = ::read(pipe_, piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<std::size_t>(n));
    return text;
  }
  void kill() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }

 private:
  pid_t child_ = 0;
  int pipe_ = -1;
};

/// What a run that holds a spill file says of it.
struct Held {
  char path[512] = {};
  Slot slots[3] = {};
};

/// Runs a process that makes a spill file, puts three sums of `sizes` (seeds 0, 1, 2) into it, and
/// holds it.
class HoldingRun : public OtherRun {
 public:
  HoldingRun(const SpillFile::Options& options, const std::vector<std::size_t>& sizes)
      : OtherRun([&](int pipe) {
          SpillFile file(options);
          Held held;
          file.path().copy(held.path, sizeof held.path - 1);
          for (unsigned i = 0; i < 3; ++i) held.slots[i] = put(file, random_parts(sizes, i));
          if (::write(pipe, &held, sizeof held) == sizeof held)
            for (;;) ::pause();
        }),
        held_(said<Held>()) {}
  const Slot* slots() const { return held_.slots; }
  std::string path() const { return held_.path; }

 private:
  Held held_;
};

}  // namespace cubemill::spill_test
