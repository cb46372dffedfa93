#include "io/remote_file.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "io/fronts_ahead.hpp"

namespace cubemill {
namespace {

/// Objects that are open somewhere.
class OpenFiles {
 public:
  std::shared_ptr<const RemoteFile> find(const std::string& href) {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(href);
    return found == files_.end() ? nullptr : found->second.lock();
  }
  void add(const std::shared_ptr<const RemoteFile>& file) {
    const std::lock_guard lock(mutex_);
    if (files_.size() > 2 * most_) {  // most of them closed long ago
      std::erase_if(files_, [](const auto& f) { return f.second.expired(); });
      most_ = std::max<std::size_t>(files_.size(), 64);
    }
    files_[file->href()] = file;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const RemoteFile>> files_;
  std::size_t most_ = 64;
};

OpenFiles& open_files() {
  static auto& files = *new OpenFiles;  // outlives every static owner
  return files;
}

}  // namespace

RangeRequest RemoteFile::front_request(const std::string& href) {
  return {href, 0, front_bytes, true, {}};
}

std::shared_ptr<const RemoteFile> RemoteFile::open(const std::string& href) {
  if (auto file = open_files().find(href)) return file;
  std::optional<RangeAnswer> front = take_front(href);
  const std::shared_ptr<const RemoteFile> file(
      new RemoteFile(href, front ? *std::move(front) : net_client().fetch(front_request(href))));
  open_files().add(file);
  return file;
}

std::size_t RemoteFile::read(std::uint64_t offset, std::byte* out, std::size_t size) const {
  if (offset >= front_.object_size) return 0;
  size = std::size_t(std::min<std::uint64_t>(size, front_.object_size - offset));
  std::size_t done = 0;
  if (offset < front_.size) {
    done = std::min<std::size_t>(size, front_.size - std::size_t(offset));
    std::memcpy(out, front_.bytes.get() + offset, done);
  }
  if (done == size) return size;
  const RangeAnswer rest =
      net_client().fetch({href_, offset + done, size - done, false, front_.etag});
  std::memcpy(out + done, rest.bytes.get(), rest.size);
  return size;
}

}  // namespace cubemill
