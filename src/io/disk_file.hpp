// A file of ours on a disk: positioned reads and writes that never end early without saying why.
// Owns its descriptor; read_at and write_at may be called from any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cubemill {

class DiskFile {
 public:
  enum class Content { emptied, as_it_is };

  /// Opens `path`, made when it is not there. Throws IoError.
  explicit DiskFile(std::string path, Content content = Content::emptied);
  /// Makes a file with a name that no other has: `stem`, six characters, `ending`. Only its user
  /// may read it. Throws IoError.
  static DiskFile make_unique(const std::string& stem, std::string_view ending);
  /// Opens a regular file that is there, never through a link at its end. Throws IoError.
  static DiskFile open_existing(std::string path);
  DiskFile(DiskFile&& other) noexcept;
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
  /// Cuts the file off behind `size` bytes. Throws IoError.
  void cut(std::uint64_t size);
  /// Waits until what was written, and the file's name, would survive a power cut. Throws IoError.
  void store();
  /// Returns the file's size in bytes. Throws IoError.
  std::uint64_t size() const;
  /// Gives the bytes that the disk has left, 0 when it does not say.
  std::uint64_t free_bytes() const noexcept;

  enum class Lock { ours, others, unknown };
  /// Locks the file until this object and all forks of the process end; never waits. `unknown`: the
  /// file system knows no locks.
  Lock lock() noexcept;
  /// Whether path() still names this file.
  bool is_named() const noexcept;

  /// Takes the name away: the bytes live until this object ends, and no longer if the process is
  /// killed.
  void unlink() noexcept;
  /// Closes the file. Throws IoError when bytes that were accepted could not be stored (network
  /// file systems).
  void close();

  const std::string& path() const { return path_; }

 private:
  DiskFile(std::string path, int descriptor);

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace cubemill
