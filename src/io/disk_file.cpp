#include "io/disk_file.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

std::string reason(int error) { return std::strerror(error); }

std::string free_space(int descriptor) {
  struct statvfs disk {};
  if (::fstatvfs(descriptor, &disk) != 0) return "";
  const std::uint64_t bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  return ", " + std::to_string(bytes) + " bytes are free";
}

std::string advice(int error) {
  switch (error) {
    case ENOSPC:
      return ": free space there or write elsewhere";
    case EDQUOT:
      return ": raise the quota or write elsewhere";
    case EFBIG:
      return ": raise the limit of a file's size (ulimit -f) or write elsewhere";
    default:
      return "";
  }
}

[[noreturn]] void fail_write(const std::string& path, int descriptor, int error,
                             std::uint64_t offset, std::uint64_t left) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw IoError(path, "cannot write: " + reason(error) + " (" + std::to_string(left) +
                          " bytes needed at byte " + std::to_string(offset) +
                          (full ? free_space(descriptor) : "") + ")" + advice(error));
}

}  // namespace

DiskFile::DiskFile(std::string path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    const int error = errno;
    throw IoError(path_, "cannot create: " + reason(error) + advice(error));
  }
}

DiskFile::~DiskFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void DiskFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_write(path_, descriptor_, n < 0 ? errno : ENOSPC, offset, bytes.size());
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

void DiskFile::read_at(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      throw IoError(path_, "cannot read back " + std::to_string(bytes.size()) + " bytes at byte " +
                               std::to_string(offset) + ": " +
                               (n < 0 ? reason(errno) : "the file ends there"));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

void DiskFile::release(std::uint64_t offset, std::uint64_t size) noexcept {
#ifdef FALLOC_FL_PUNCH_HOLE
  (void)!::fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     static_cast<off_t>(offset), static_cast<off_t>(size));
#endif
}

void DiskFile::unlink() noexcept { ::unlink(path_.c_str()); }

void DiskFile::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0) {
    const int error = errno;
    throw IoError(path_, "cannot store what was written: " + reason(error) + advice(error));
  }
}

}  // namespace cubemill
