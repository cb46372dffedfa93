// The spool of a COG being written: the file that tiles go to as they come and are read back from,
// checked. Not responsible for which tile lies where (CogIndex). Has no name, unless a later
// process is to take over.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cubemill/io/stored_tile.hpp"
#include "io/disk_file.hpp"

namespace cubemill {

/// Where a tile lies in the spool, and the XXH3 of its bytes.
struct SpooledTile {
  std::uint64_t offset = 0;
  std::uint64_t checksum = 0;
  std::uint32_t size = 0;  ///< 0: not there yet

  bool empty() const { return offset == StoredTile::nowhere; }
};

class SpoolFile {
 public:
  /// Creates or empties `path`, and takes its name away unless it is to be kept. Throws IoError.
  SpoolFile(const std::string& path, SpoolName name);
  /// Opens the spool that another process kept at `path`, and cuts it off behind the last of
  /// `tiles` that it has. A spool that is not there has none. Throws IoError.
  SpoolFile(const std::string& path, std::span<const StoredTile> tiles);

  /// Appends a tile. Thread-safe. Throws IoError.
  SpooledTile append(std::span<const std::byte> bytes);
  /// Reads a tile. Throws IoError when its bytes are not those that were appended.
  void read(const SpooledTile& tile, std::span<std::byte> bytes) const;
  /// Reads a tile of the other process; false when its bytes are not those that were appended.
  bool take_over(const SpooledTile& tile, std::vector<std::byte>& bytes) const;
  /// Gives the tile's space back to the disk; it must not be read again.
  void release(const SpooledTile& tile) noexcept { file_.release(tile.offset, tile.size); }
  /// Gives the space behind `end` back, where no tile may be read any more. Throws IoError.
  void cut(std::uint64_t end) { file_.cut(end); }
  /// Waits until the disk has all tiles. Throws IoError.
  void store() { file_.store(); }

  bool kept() const { return kept_; }
  std::uint64_t size() const { return end_.load(std::memory_order_relaxed); }
  /// Gives the bytes that the disk has left.
  std::uint64_t free_bytes() const noexcept { return file_.free_bytes(); }

 private:
  DiskFile file_;
  bool kept_;
  std::uint64_t taken_over_ = 0;  // bytes of the other process
  std::atomic<std::uint64_t> end_{0};
};

}  // namespace cubemill
