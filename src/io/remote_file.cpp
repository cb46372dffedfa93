#include "io/remote_file.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "io/fronts_ahead.hpp"
#include "io/header_cache.hpp"
#include "io/read_failure.hpp"

namespace cubemill {
namespace {

constexpr std::size_t page_bytes = RemoteFile::front_bytes;
constexpr std::size_t most_pages = 16;

ReadFailure beyond_end(std::uint64_t size) {
  return ReadFailure("beyond the end of the file, which has " + std::to_string(size) +
                     " bytes: it is truncated");
}

/// An object by its name and version.
class RemoteRest final : public ByteSource {
 public:
  explicit RemoteRest(const RemoteFile& file)
      : href_(file.href()), version_(file.version()), size_(file.size()) {}

  void read(std::uint64_t offset, std::byte* out, std::size_t size) const override {
    if (offset > size_ || size > size_ - offset) throw beyond_end(size_);
    if (size == 0) return;
    const RangeAnswer answer = net_client().fetch({href_, offset, size, false, version_});
    std::memcpy(out, answer.bytes.get(), answer.size);
  }
  std::uint64_t size() const override { return size_; }

 private:
  std::string href_, version_;
  std::uint64_t size_;
};

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
  void remove(const std::string& href) {
    const std::lock_guard lock(mutex_);
    files_.erase(href);
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
  const std::shared_ptr<const RemoteFile> file(new RemoteFile(href, front_of(href)));
  open_files().add(file);
  return file;
}

RemoteFile::Front RemoteFile::front_of(const std::string& href) {
  if (auto ahead = take_front(href)) return {*std::move(ahead)};
  if (auto kept = find_kept_header(href)) return {*std::move(kept), true};
  return {net_client().fetch(front_request(href))};
}

void RemoteFile::forget(const std::string& href) {
  open_files().remove(href);
  if (const auto cache = header_cache()) cache->drop(href);
}

// What was kept of a header is a part of what is fetched.
bool RemoteFile::begins_like(const RemoteFile& other) const {
  const std::size_t both = std::min(front_.size, other.front_.size);
  return both > 0 && std::memcmp(front_.bytes.get(), other.front_.bytes.get(), both) == 0;
}

std::uint64_t RemoteFile::front_digest() const { return XXH3_64bits(front_.bytes.get(), read()); }

void RemoteFile::keep_header() const {
  const auto cache = header_cache();
  if (!cache) return;
  if (!kept_) return cache->keep(href_, front_, read());
  Page grown;
  {
    const std::lock_guard lock(mutex_);
    if (const auto first = pages_.find(0); first != pages_.end()) grown = first->second;
  }
  if (!grown) return;
  RangeAnswer front = front_;
  front.size = grown->size();
  front.bytes = {grown, grown->data()};
  cache->keep(href_, front, std::min(reached_.load(), front.size));
}

void RemoteFile::read(std::uint64_t offset, std::byte* out, std::size_t size) const {
  std::size_t done = 0;
  if (offset < front_.size) {
    done = std::min<std::size_t>(size, front_.size - std::size_t(offset));
    std::memcpy(out, front_.bytes.get() + offset, done);
  }
  if (offset < page_bytes) {
    const std::size_t end = std::min(std::size_t(offset) + size, page_bytes);
    for (std::size_t read = reached_; read < end && !reached_.compare_exchange_weak(read, end);) {
    }
  }
  if (size - done >= page_bytes)
    return RemoteRest(*this).read(offset + done, out + done, size - done);
  while (done < size) {
    const std::uint64_t at = offset + done;
    const Page bytes = page(at / page_bytes);
    const std::size_t from = std::size_t(at % page_bytes);
    if (from >= bytes->size()) throw beyond_end(this->size());
    const std::size_t part = std::min(size - done, bytes->size() - from);
    std::copy_n(bytes->begin() + std::ptrdiff_t(from), part, out + done);
    done += part;
  }
}

RemoteFile::Page RemoteFile::page(std::uint64_t number) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto kept = pages_.find(number); kept != pages_.end()) return kept->second;
  }
  const std::uint64_t begin = number * page_bytes, end = std::min(begin + page_bytes, size());
  if (begin >= end) throw beyond_end(size());
  auto bytes = std::make_shared<std::vector<std::byte>>(std::size_t(end - begin));
  RemoteRest(*this).read(begin, bytes->data(), bytes->size());
  const std::lock_guard lock(mutex_);
  if (pages_.size() >= most_pages) pages_.clear();
  return pages_.emplace(number, std::move(bytes)).first->second;
}

std::shared_ptr<const ByteSource> RemoteFile::without_front() const {
  return std::make_shared<RemoteRest>(*this);
}

}  // namespace cubemill
