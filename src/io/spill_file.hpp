// A file of equal slots for sums that memory has no room for: each slot takes one partial sum of an
// output tile, which is read back and added later. It knows bytes, not sums; which slot holds what,
// also across runs, is known to its user. All functions may be called from any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "io/disk_file.hpp"

namespace cubemill {

class SpillFile {
 public:
  struct Slot {
    std::uint32_t number = 0;
    std::uint64_t checksum = 0;  ///< XXH3 of what was written
  };
  struct Part {
    std::size_t bytes = 0;
    std::size_t unit = 1;  ///< bytes that are read as one: a run of sums
  };
  struct Options {
    std::string folder;
    std::string owner;        ///< folder whose checkpoint may need the file; empty: none
    std::vector<Part> parts;  ///< the buffers that fill a slot, one after the other
    std::uint64_t limit = 0;  ///< bytes that all slots may have, 0: any
  };
  /// Takes the bytes of part `part` from byte `at` on.
  using Piece =
      std::function<void(std::size_t part, std::size_t at, std::span<const std::byte> bytes)>;

  /// Makes FOLDER/cubemill-XXXXXX.spill and locks it, which says that its run lives. Throws
  /// IoError.
  explicit SpillFile(Options options);
  /// Opens the file that an interrupted run kept; all slots but `used` are free. It is kept until
  /// keep(false). Throws IoError: it is gone, too short, another's, or its run lives.
  SpillFile(Options options, const std::string& path, std::span<const Slot> used);
  /// Removes the file unless it is to be kept.
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  /// Writes the parts, of the sizes given at the start, into the lowest free slot. Throws IoError,
  /// or OutOfMemory beyond the limit; the slot is free and nothing is counted then.
  Slot write(std::span<const std::span<const std::byte>> parts);
  /// Reads a slot from front to back, in pieces of about 192 KiB that are whole units of one part.
  /// Throws IoError when the bytes are not those that were written, which shows after the last
  /// piece: throw away what was made of them.
  void read(const Slot& slot, const Piece& piece) const;
  /// Gives the slot back; nobody may be reading it.
  void free(const Slot& slot) noexcept;

  /// Says whether the file stays when this object, or by remove_unkept() the process, ends.
  void keep(bool keep);
  /// Waits until all that was written would survive a power cut. Throws IoError, also when somebody
  /// removed the file: it works, but no later run would find it.
  void store();
  /// Removes the files of this process that are not to be kept, for an interrupt; their objects go
  /// on working.
  static void remove_unkept() noexcept;

  const std::string& path() const { return file_.path(); }
  std::uint64_t bytes_in_use() const;
  std::uint64_t peak_bytes() const;
  std::uint64_t bytes_written() const;
  std::uint64_t bytes_read() const;

 private:
  std::uint32_t take();
  void give_back(std::uint32_t number) noexcept;
  std::uint64_t place(std::uint32_t number) const;
  void claim_used(std::span<const Slot> used);
  void release_unused();

  Options options_;
  std::size_t slot_bytes_;
  std::uint64_t stride_;  // from slot to slot: whole pages
  DiskFile file_;

  mutable std::mutex mutex_;  // for all below
  std::vector<bool> used_;    // by slot
  std::size_t lowest_ = 0;    // all slots below are used
  std::uint64_t taken_ = 0;   // slots
  std::uint64_t peak_ = 0;    // bytes, as the next two
  std::uint64_t written_ = 0;
  mutable std::uint64_t read_ = 0;
};

/// Removes the spill files in `folder` that nobody needs: those of this machine whose run is dead
/// and whose owner is gone, or that were never begun. Returns their paths.
std::vector<std::string> purge_dead_spills(const std::string& folder);

}  // namespace cubemill
