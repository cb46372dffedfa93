#include "io/header_cache.hpp"

#include <xxhash.h>
#include <zstd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "cubemill/base/error.hpp"
#include "io/disk_file.hpp"
#include "io/remote_file.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;

// A file: title, checksum of all that follows, then href, ETag, size of the object, size of the
// front, the front compressed. Numbers in the byte order of the machine; on another one the
// checksum differs.
constexpr std::string_view title = "cubemill header 1\n";
constexpr std::size_t checksum_bytes = sizeof(std::uint64_t);
constexpr std::uint64_t largest_file = 1 << 20;
constexpr int level = 3;

using Bytes = std::vector<std::byte>;

void add(Bytes& bytes, const void* data, std::size_t size) {
  const auto* const first = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

void add(Bytes& bytes, std::uint64_t number) { add(bytes, &number, sizeof number); }

void add(Bytes& bytes, const std::string& text) {
  add(bytes, text.size());
  add(bytes, text.data(), text.size());
}

/// Takes from the front of what was checked; `good` turns false at the first thing that is not
/// there.
class Taker {
 public:
  explicit Taker(std::span<const std::byte> bytes) : left_(bytes) {}

  std::span<const std::byte> bytes(std::uint64_t size) {
    good_ &= size <= left_.size();
    const auto taken = left_.first(good_ ? std::size_t(size) : 0);
    left_ = left_.subspan(taken.size());
    return taken;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    const auto taken = bytes(sizeof value);
    if (good_) std::memcpy(&value, taken.data(), sizeof value);
    return value;
  }
  std::string text() {
    const auto taken = bytes(number());
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  std::span<const std::byte> rest() const { return left_; }
  bool good() const { return good_; }

 private:
  std::span<const std::byte> left_;
  bool good_ = true;
};

Bytes packed(const std::string& href, const RangeAnswer& front, std::size_t size) {
  Bytes body;
  add(body, href), add(body, front.etag);
  add(body, front.object_size), add(body, size);
  const std::size_t head = body.size();
  body.resize(head + ZSTD_compressBound(size));
  const std::size_t compressed =
      ZSTD_compress(body.data() + head, body.size() - head, front.bytes.get(), size, level);
  body.resize(head + compressed);  // within the bound it cannot fail
  Bytes file;
  add(file, title.data(), title.size());
  add(file, XXH3_64bits(body.data(), body.size()));
  add(file, body.data(), body.size());
  return file;
}

std::optional<RangeAnswer> unpacked(const Bytes& file, const std::string& href) {
  Taker all(file);
  const auto begin = all.bytes(title.size());
  const std::uint64_t checksum = all.number();
  if (!all.good() || std::memcmp(begin.data(), title.data(), title.size()) != 0) return {};
  if (XXH3_64bits(all.rest().data(), all.rest().size()) != checksum) return {};
  if (all.text() != href) return {};
  RangeAnswer front;
  front.etag = all.text();
  front.object_size = all.number();
  const std::uint64_t size = all.number();
  if (!all.good() || size > RemoteFile::front_bytes || size > front.object_size) return {};
  const auto bytes = std::make_shared<std::byte[]>(std::size_t(size));
  if (ZSTD_decompress(bytes.get(), std::size_t(size), all.rest().data(), all.rest().size()) != size)
    return {};
  front.size = std::size_t(size);
  front.bytes = bytes;
  return front;
}

bool is_strong(const std::string& etag) { return etag.starts_with('"'); }

struct Current {
  std::mutex mutex;
  std::shared_ptr<HeaderCache> cache;
  std::atomic<std::uint64_t> used = 0;
  std::atomic<bool> distrusted = false;
};

Current& current() {
  static auto& state = *new Current;  // outlives every static owner
  return state;
}

}  // namespace

HeaderCache::HeaderCache(std::string folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (!fs::is_directory(folder_))
    throw IoError(folder_, "--cache-dir: cannot be made" +
                               (error ? " (" + error.message() + ")" : std::string()) +
                               "; name another folder");
}

std::string HeaderCache::path_of(const std::string& href) const {
  const std::string name = without_secrets(href);
  const XXH128_hash_t hash = XXH3_128bits(name.data(), name.size());
  char hex[33];
  std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return folder_ + "/" + hex + ".header";
}

bool HeaderCache::has(const std::string& href) const {
  std::error_code ignored;
  return fs::is_regular_file(path_of(href), ignored);
}

std::optional<RangeAnswer> HeaderCache::find(const std::string& href) const {
  if (!has(href)) return {};
  try {
    const DiskFile file = DiskFile::open_existing(path_of(href));
    const std::uint64_t size = file.size();
    if (size > largest_file) return {};
    Bytes bytes(static_cast<std::size_t>(size));
    file.read_at(0, bytes);
    return unpacked(bytes, without_secrets(href));
  } catch (const IoError&) {  // another process may have replaced it, or may own it
    return {};
  }
}

void HeaderCache::keep(const std::string& href, const RangeAnswer& front, std::size_t size) {
  if (!is_strong(front.etag)) return;
  std::string part;
  try {
    DiskFile file = DiskFile::make_unique(folder_ + "/", ".part");
    part = file.path();
    file.write_at(0, packed(without_secrets(href), front, size));
    file.close();
    std::error_code error;
    fs::rename(part, path_of(href), error);
    if (error) throw IoError(path_of(href), error.message());
  } catch (const IoError& error) {
    std::error_code ignored;
    if (!part.empty()) fs::remove(part, ignored);
    const std::lock_guard lock(mutex_);
    fault_ = error.what();
  }
}

void HeaderCache::drop(const std::string& href) noexcept {
  std::error_code ignored;
  fs::remove(path_of(href), ignored);
}

std::string HeaderCache::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void keep_headers_in(const std::string& folder) {
  auto cache = folder.empty() ? nullptr : std::make_shared<HeaderCache>(folder);
  const std::lock_guard lock(current().mutex);
  current().cache = std::move(cache);
  current().used = 0;
  current().distrusted = false;
}

std::shared_ptr<HeaderCache> header_cache() {
  const std::lock_guard lock(current().mutex);
  return current().cache;
}

std::uint64_t kept_headers_used() { return current().used; }

void distrust_kept_headers() {
  current().distrusted = true;
  current().used = 0;
}

std::optional<RangeAnswer> find_kept_header(const std::string& href) {
  const auto cache = current().distrusted ? nullptr : header_cache();
  auto front = cache ? cache->find(href) : std::nullopt;
  if (front) ++current().used;
  return front;
}

bool has_kept_header(const std::string& href) {
  const auto cache = current().distrusted ? nullptr : header_cache();
  return cache && cache->has(href);
}

}  // namespace cubemill
