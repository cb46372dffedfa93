// The final file of a COG being written, in big pieces. Not responsible for what is in it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "io/disk_file.hpp"

namespace cubemill {

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
  std::unique_ptr<std::byte[]> buffer_;  // never filled beforehand
  std::size_t capacity_ = piece, used_ = 0;
  std::uint64_t written_ = 0;
  bool finished_ = false;
};

}  // namespace cubemill
