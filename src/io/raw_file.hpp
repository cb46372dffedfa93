// The bytes of a file, by position: local files by pread, remote ones in ranges, /vsi… paths by
// GDAL. Opened at the first read, and closed and opened again as needed: at most a few dozen
// handles are open over the whole process. Knows nothing of formats. Thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "cubemill/io/byte_source.hpp"

namespace cubemill {

class FileHandle;

class RawFile final : public ByteSource {
 public:
  /// Remembers the path; opens nothing.
  explicit RawFile(std::string path);
  ~RawFile() override;
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  /// Reads exactly `size` bytes from byte `offset` on. Throws ReadFailure: cannot be opened, ends
  /// too early, I/O error; RangeFailure of remote files.
  void read(std::uint64_t offset, std::byte* out, std::size_t size) const override;
  /// Gives the size of the file in bytes, as of its opening. Throws ReadFailure.
  std::uint64_t size() const override;

  const std::string& path() const { return path_; }

 private:
  std::shared_ptr<FileHandle> handle() const;

  std::string path_;
};

/// Tells how many files may be open at a time: 64, or a quarter of the process's limit where that
/// is less.
std::size_t raw_file_limit();

}  // namespace cubemill
