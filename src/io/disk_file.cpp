#include "io/disk_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

std::string reason(int error) { return std::strerror(error); }

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

[[noreturn]] void fail_write(const DiskFile& file, int error, std::uint64_t offset,
                             std::uint64_t left) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  const std::string free =
      full ? ", " + std::to_string(file.free_bytes()) + " bytes are free" : std::string();
  throw IoError(file.path(), "cannot write: " + reason(error) + " (" + std::to_string(left) +
                                 " bytes needed at byte " + std::to_string(offset) + free + ")" +
                                 advice(error));
}

[[noreturn]] void fail(const DiskFile& file, const char* what, int error) {
  throw IoError(file.path(), what + (": " + reason(error)) + advice(error));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// A disk with free bytes is full when it has no room for one more name.
bool out_of_names(const std::string& path) {
  struct statvfs disk {};
  return ::statvfs(folder_of(path).c_str(), &disk) == 0 && disk.f_files > 0 && disk.f_favail == 0;
}

[[noreturn]] void fail_create(const std::string& path, int error) {
  if (error == ENOSPC && out_of_names(path))
    throw IoError(path,
                  "cannot create: the disk has no inode left for one more file: remove files"
                  " there or write elsewhere");
  throw IoError(path, "cannot create: " + reason(error) + advice(error));
}

// Names survive a power cut when their folder was stored; file systems that cannot do it need not.
void store_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool failed = descriptor < 0 || (::fsync(descriptor) != 0 && errno != EINVAL);
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (failed) throw IoError(folder, "cannot store the names in it: " + reason(error));
}

}  // namespace

DiskFile::DiskFile(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}

DiskFile::DiskFile(std::string path, Content content) : path_(std::move(path)) {
  const int emptied = content == Content::emptied ? O_TRUNC : 0;
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | emptied, 0666);
  if (descriptor_ < 0) fail_create(path_, errno);
}

DiskFile DiskFile::make_unique(const std::string& stem, std::string_view ending) {
  const std::string pattern = stem + "XXXXXX" + std::string(ending);
  std::string path = pattern;
  const int descriptor = ::mkostemps(path.data(), static_cast<int>(ending.size()), O_CLOEXEC);
  if (descriptor < 0) fail_create(pattern, errno);
  return {std::move(path), descriptor};
}

DiskFile DiskFile::open_existing(std::string path) {
  // Not to wait for the other end of a pipe that bears the name.
  const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const int descriptor = ::open(path.c_str(), flags);
  if (descriptor < 0) {
    const int error = errno;
    throw IoError(path, "cannot open: " + reason(error));
  }
  DiskFile file(std::move(path), descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
    throw IoError(file.path_, "is no regular file");
  return file;
}

DiskFile::DiskFile(DiskFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

DiskFile::~DiskFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void DiskFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_write(*this, n < 0 ? errno : ENOSPC, offset, bytes.size());
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

void DiskFile::cut(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) fail(*this, "cannot cut", errno);
}

void DiskFile::store() {
  while (::fdatasync(descriptor_) != 0)
    if (errno != EINTR) fail(*this, "cannot store what was written", errno);
  store_folder(folder_of(path_));
}

std::uint64_t DiskFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail(*this, "cannot tell its size", errno);
  return static_cast<std::uint64_t>(status.st_size);
}

std::uint64_t DiskFile::free_bytes() const noexcept {
  struct statvfs disk {};
  if (::fstatvfs(descriptor_, &disk) != 0) return 0;
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

DiskFile::Lock DiskFile::lock() noexcept {
  int failed;
  do failed = ::flock(descriptor_, LOCK_EX | LOCK_NB);
  while (failed != 0 && errno == EINTR);
  if (failed == 0) return Lock::ours;
  return errno == EWOULDBLOCK ? Lock::others : Lock::unknown;
}

bool DiskFile::is_named() const noexcept {
  struct stat ours {};
  struct stat named {};
  return ::fstat(descriptor_, &ours) == 0 && ::lstat(path_.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

void DiskFile::unlink() noexcept { ::unlink(path_.c_str()); }

void DiskFile::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0)
    fail(*this, "cannot store what was written", errno);
}

}  // namespace cubemill
