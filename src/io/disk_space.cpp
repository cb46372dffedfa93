#include "io/disk_space.hpp"

#include <linux/magic.h>
#include <sys/statfs.h>

#include <cerrno>
#include <cstring>

#include "cubemill/base/error.hpp"
#include "io/disk_file.hpp"
#include "io/spill_header.hpp"

namespace cubemill {
namespace {

struct statfs disk_of(const std::string& folder) {
  struct statfs disk {};
  int failed;
  do failed = ::statfs(folder.c_str(), &disk);
  while (failed != 0 && errno == EINTR);
  if (failed != 0) {
    const std::string reason = std::strerror(errno);
    throw IoError(folder, "cannot be asked for its free space: " + reason);
  }
  return disk;
}

}  // namespace

std::uint64_t free_bytes(const std::string& folder) {
  const struct statfs disk = disk_of(folder);
  const auto unit = disk.f_frsize > 0 ? disk.f_frsize : disk.f_bsize;
  return static_cast<std::uint64_t>(disk.f_bavail) * static_cast<std::uint64_t>(unit);
}

bool is_ram_disk(const std::string& folder) {
  const auto type = static_cast<std::uint64_t>(disk_of(folder).f_type) & 0xffffffff;
  return type == TMPFS_MAGIC || type == RAMFS_MAGIC;
}

void check_spill_room(const std::string& folder, std::uint64_t bytes) {
  DiskFile::make_unique(spill_stem(folder), spill_ending).unlink();
  const std::uint64_t free = free_bytes(folder);
  if (free < bytes)
    throw IoError(folder, "sums that memory has no room for need " + std::to_string(bytes) +
                              " bytes, " + std::to_string(free) +
                              " are free: free space there, choose another folder (--spill-dir) or"
                              " give more --memory");
}

}  // namespace cubemill
