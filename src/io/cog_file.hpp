// Files that output goes to: positioned reads and writes that never end early without saying why.
// Owns its descriptor; read_at and write_at may be called from any thread.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cubemill {

class OutputFile {
 public:
  /// Creates or empties `path`. Throws IoError.
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Writes all bytes at `offset`. Throws IoError: the reason, the bytes needed, and on a full disk
  /// the bytes free.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Reads all bytes from `offset` on. Throws IoError.
  void read_at(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// Gives the space of these bytes back to the disk, where it can; they must not be read again.
  void release(std::uint64_t offset, std::uint64_t size) noexcept;
  /// Takes the name away: the bytes live until this object ends, and no longer if the process is
  /// killed.
  void unlink() noexcept;
  /// Closes the file. Throws IoError when bytes that were accepted could not be stored (network
  /// file systems).
  void close();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_ = -1;
};

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
  OutputFile file_;
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

  OutputFile file_;
  std::vector<std::byte> buffer_;
  std::uint64_t written_ = 0;
  bool finished_ = false;
};

}  // namespace cubemill
