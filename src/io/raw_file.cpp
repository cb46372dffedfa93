#include "io/raw_file.hpp"

#include <cpl_vsi.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "cubemill/io/href.hpp"
#include "io/gdal_session.hpp"
#include "io/open_pool.hpp"
#include "io/read_failure.hpp"
#include "io/remote_file.hpp"

namespace cubemill {

/// An open file.
class FileHandle {
 public:
  virtual ~FileHandle() = default;
  /// Reads up to `size` bytes, less only at the end of the file. Throws ReadFailure.
  virtual std::size_t read_at(std::uint64_t offset, std::byte* out, std::size_t size) = 0;
  std::uint64_t size() const { return size_; }

 protected:
  std::uint64_t size_ = 0;
};

namespace {

std::string errno_text() { return std::strerror(errno); }

class LocalHandle final : public FileHandle {
 public:
  explicit LocalHandle(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) throw ReadFailure("cannot be opened: " + errno_text());
    struct stat status {};
    if (::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) {
      size_ = std::uint64_t(status.st_size);
      return;
    }
    ::close(descriptor_);
    throw ReadFailure("is not a regular file");
  }
  ~LocalHandle() override { ::close(descriptor_); }
  LocalHandle(const LocalHandle&) = delete;
  LocalHandle& operator=(const LocalHandle&) = delete;

  std::size_t read_at(std::uint64_t offset, std::byte* out, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n = ::pread(descriptor_, out + done, size - done, off_t(offset + done));
      if (n == 0) break;
      if (n > 0)
        done += std::size_t(n);
      else if (errno != EINTR)
        throw ReadFailure("read error: " + errno_text());
    }
    return done;
  }

 private:
  int descriptor_;
};

struct VsiClose {
  void operator()(VSILFILE* file) const { VSIFCloseL(file); }
};

class VsiHandle final : public FileHandle {
 public:
  explicit VsiHandle(const std::string& path) {
    GdalErrors errors;
    file_.reset(VSIFOpenL(path.c_str(), "rb"));
    if (!file_) throw ReadFailure("cannot be opened: " + errors.text("no such file"));
    if (VSIFSeekL(file_.get(), 0, SEEK_END) != 0)
      throw ReadFailure("its size is unknown: " + errors.text("seeking failed"));
    size_ = VSIFTellL(file_.get());
  }

  std::size_t read_at(std::uint64_t offset, std::byte* out, std::size_t size) override {
    const std::lock_guard lock(mutex_);
    GdalErrors errors;
    if (VSIFSeekL(file_.get(), offset, SEEK_SET) != 0)
      throw ReadFailure("read error: " + errors.text("seeking failed"));
    const std::size_t done = VSIFReadL(out, 1, size, file_.get());
    if (done < size && errors.any()) throw ReadFailure("read error: " + errors.text(""));
    return done;
  }

 private:
  std::mutex mutex_;  // a VSILFILE has one position
  std::unique_ptr<VSILFILE, VsiClose> file_;
};

class RemoteHandle final : public FileHandle {
 public:
  explicit RemoteHandle(const std::string& href) : file_(RemoteFile::open(href)) {
    size_ = file_->size();
  }
  std::size_t read_at(std::uint64_t offset, std::byte* out, std::size_t size) override {
    size = std::size_t(std::min<std::uint64_t>(size, size_ - std::min(size_, offset)));
    file_->read(offset, out, size);
    return size;
  }

 private:
  std::shared_ptr<const RemoteFile> file_;
};

std::unique_ptr<FileHandle> open_handle(const std::string& href) {
  if (is_remote(href)) return std::make_unique<RemoteHandle>(href);
  const std::string path = gdal_path(href);
  if (path.starts_with("/vsi")) return std::make_unique<VsiHandle>(path);
  return std::make_unique<LocalHandle>(path);
}

OpenPool<FileHandle>& files() {
  static auto& files = *new OpenPool<FileHandle>(raw_file_limit());  // outlives every static owner
  return files;
}

}  // namespace

std::size_t raw_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 64;
  return std::clamp<std::size_t>(limit.rlim_cur / 4, 4, 64);
}

RawFile::RawFile(std::string path) : path_(std::move(path)) {}

RawFile::~RawFile() { files().forget(this); }

std::shared_ptr<FileHandle> RawFile::handle() const {
  auto slot = files().slot(this);
  FileHandle* open = nullptr;
  {
    const std::lock_guard lock(slot->mutex);
    if (!slot->handle) slot->handle = open_handle(path_);
    open = slot->handle.get();
  }
  return {std::move(slot), open};
}

std::uint64_t RawFile::size() const { return handle()->size(); }

void RawFile::read(std::uint64_t offset, std::byte* out, std::size_t size) const {
  const auto file = handle();
  if (offset > file->size() || size > file->size() - offset)
    throw ReadFailure("beyond the end of the file, which has " + std::to_string(file->size()) +
                      " bytes: it is truncated, fetch it again");
  const std::size_t done = file->read_at(offset, out, size);
  if (done < size)
    throw ReadFailure("the file gave only " + std::to_string(done) + " of " + std::to_string(size) +
                      " bytes: it shrank or cannot be read, fetch it again");
}

}  // namespace cubemill
