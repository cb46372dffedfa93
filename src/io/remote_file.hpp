// An object on the network as a file of bytes: one request opens it and brings its first bytes,
// which hold the header of a COG; what lies beyond is fetched when it is read. All reads are of the
// version that was opened. Thread-safe.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cubemill/io/byte_source.hpp"
#include "cubemill/net/range_client.hpp"

namespace cubemill {

class RemoteFile final : public ByteSource {
 public:
  /// What is fetched when a file is opened: the directory and the block tables of a Landsat COG
  /// with room to spare.
  static constexpr std::size_t front_bytes = 32 << 10;
  static RangeRequest front_request(const std::string& href);

  /// Opens the object; one that is open already is shared, one that comes ahead (FrontsAhead) is
  /// waited for. Throws RangeFailure.
  static std::shared_ptr<const RemoteFile> open(const std::string& href);
  /// Makes the next `open` fetch the object anew, whatever is kept of it. Who has it open keeps
  /// what he has.
  static void forget(const std::string& href);

  const std::string& href() const { return href_; }
  std::uint64_t size() const override { return front_.object_size; }
  /// As RasterBand::version.
  const std::string& version() const { return front_.etag; }
  /// Whether another fetch of it has brought the same beginning.
  bool begins_like(const RemoteFile& other) const;
  /// A digest of what opening has brought, as far as it was read.
  std::uint64_t front_digest() const;
  /// Keeps as much for later runs, where headers are kept; more than an earlier one, where that had
  /// no need of all.
  void keep_header() const;

  /// Throws RangeFailure, and ReadFailure beyond the end of the object. What lies beyond the
  /// beginning is fetched, and kept, in pages: directories are read in small pieces.
  void read(std::uint64_t offset, std::byte* out, std::size_t size) const override;
  /// The same without what opening has brought: for whoever keeps it long.
  std::shared_ptr<const ByteSource> without_front() const;

 private:
  struct Front {
    RangeAnswer answer;
    bool kept = false;  // by an earlier run
  };
  static Front front_of(const std::string& href);
  RemoteFile(std::string href, Front front)
      : href_(std::move(href)), front_(std::move(front.answer)), kept_(front.kept) {}

  std::size_t read() const { return std::min(reached_.load(), front_.size); }  // of the front
  using Page = std::shared_ptr<const std::vector<std::byte>>;
  Page page(std::uint64_t number) const;

  std::string href_;
  RangeAnswer front_;
  bool kept_;
  mutable std::atomic<std::size_t> reached_ = 0;  // of the first page, up to the last byte read
  mutable std::mutex mutex_;                      // guards the pages
  mutable std::map<std::uint64_t, Page> pages_;
};

}  // namespace cubemill
