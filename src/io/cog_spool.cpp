#include "io/cog_spool.hpp"

#include <xxhash.h>

#include <algorithm>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

std::uint64_t checksum_of(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

// Offsets and sizes come from a file: their sum may be too large for its type.
bool lies_within(std::uint64_t offset, std::uint32_t size, std::uint64_t end) {
  return size > 0 && offset <= end && size <= end - offset;
}

}  // namespace

SpoolFile::SpoolFile(const std::string& path, SpoolName name)
    : file_(path), kept_(name == SpoolName::kept) {
  if (!kept_) file_.unlink();
}

SpoolFile::SpoolFile(const std::string& path, std::span<const StoredTile> tiles)
    : file_(path, DiskFile::Content::as_it_is), kept_(true) {
  const std::uint64_t size = file_.size();
  for (const StoredTile& t : tiles)
    if (lies_within(t.offset, t.size, size)) taken_over_ = std::max(taken_over_, t.offset + t.size);
  file_.cut(taken_over_);
  end_ = taken_over_;
}

SpooledTile SpoolFile::append(std::span<const std::byte> bytes) {
  const std::uint64_t at = end_.fetch_add(bytes.size(), std::memory_order_relaxed);
  file_.write_at(at, bytes);
  return {at, checksum_of(bytes), static_cast<std::uint32_t>(bytes.size())};
}

void SpoolFile::read(const SpooledTile& tile, std::span<std::byte> bytes) const {
  file_.read_at(tile.offset, bytes);
  if (checksum_of(bytes) != tile.checksum)
    throw IoError(file_.path(), "a tile cannot be read back: " + std::to_string(tile.size) +
                                    " bytes at byte " + std::to_string(tile.offset) +
                                    " were damaged after they were written: check the disk and run "
                                    "it again");
}

bool SpoolFile::take_over(const SpooledTile& tile, std::vector<std::byte>& bytes) const {
  if (!lies_within(tile.offset, tile.size, taken_over_)) return false;
  bytes.resize(tile.size);
  file_.read_at(tile.offset, bytes);
  return checksum_of(bytes) == tile.checksum;
}

}  // namespace cubemill
