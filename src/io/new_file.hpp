// A file that is written under a name of its own. Not responsible for what is in it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "io/disk_file.hpp"

namespace cubemill {

/// Removed unless it was finished.
class NewFile {
 public:
  /// Throws IoError.
  explicit NewFile(const std::string& path) : file_(path) {}
  ~NewFile() {
    if (!finished_) file_.unlink();
  }

  /// Throws IoError.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
    file_.write_at(offset, bytes);
  }
  /// Throws IoError when what was written could not be stored.
  void finish() {
    file_.close();
    finished_ = true;
  }

 private:
  DiskFile file_;
  bool finished_ = false;
};

}  // namespace cubemill
