// The two files of a COG being written: the spool that tiles go to as they come, and the final file.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/disk_file.hpp"

namespace cubemill {

/// Appends tiles in order of arrival, from any thread, to a file without a name.
class SpoolFile {
 public:
  explicit SpoolFile(const std::string& path) : file_(path) { file_.unlink(); }

  /// Appends and gives the offset.
  std::uint64_t append(std::span<const std::byte> bytes) {
    const std::uint64_t at = end_.fetch_add(bytes.size(), std::memory_order_relaxed);
    file_.write_at(at, bytes);
    return at;
  }
  void read(std::uint64_t offset, std::span<std::byte> bytes) const {
    file_.read_at(offset, bytes);
  }
  /// Reads for the last time: while a spool is copied, the disk need not hold everything twice.
  void take(std::uint64_t offset, std::span<std::byte> bytes) {
    file_.read_at(offset, bytes);
    file_.release(offset, bytes.size());
  }
  std::uint64_t size() const { return end_.load(std::memory_order_relaxed); }

 private:
  DiskFile file_;
  std::atomic<std::uint64_t> end_{0};
};

/// Writes a file from front to back in big pieces and removes it unless it was finished.
/// Single-threaded.
class SequentialFile {
 public:
  static constexpr std::size_t piece = std::size_t{4} << 20;

  explicit SequentialFile(const std::string& path);
  ~SequentialFile();

  void append(std::span<const std::byte> bytes);
  /// Gives room for `size` bytes at the end, to be filled before the next call.
  std::span<std::byte> extend(std::size_t size);
  /// Writes what is left and closes. Throws IoError.
  void finish();

 private:
  void flush();

  DiskFile file_;
  std::vector<std::byte> buffer_;
  std::uint64_t written_ = 0;
  bool finished_ = false;
};

}  // namespace cubemill
