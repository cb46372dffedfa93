// A file of ours on a disk: positioned reads and writes that never end early without saying why. Owns
// its descriptor; read_at and write_at may be called from any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace cubemill {

class DiskFile {
 public:
  /// Creates or empties `path`. Throws IoError.
  explicit DiskFile(std::string path);
  ~DiskFile();
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;

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

}  // namespace cubemill
