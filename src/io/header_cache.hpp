// The first bytes of remote files, as far as their headers need them, kept on a disk from one run
// to the next. Believes no file of its own: what is damaged, or of another format, is as if it were
// not there. Whether an object is still the one that was kept is not known here: whoever reads on
// asks for that version. Thread-safe; processes may share a folder.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cubemill/net/range_client.hpp"

namespace cubemill {

class HeaderCache {
 public:
  /// Keeps in `folder`, which is made. Throws IoError.
  explicit HeaderCache(std::string folder);

  bool has(const std::string& href) const;
  std::optional<RangeAnswer> find(const std::string& href) const;
  /// Keeps the first `size` bytes of `front`; nothing where its version has no strong name (ETag).
  /// What the disk refuses is not kept: see `fault`.
  void keep(const std::string& href, const RangeAnswer& front, std::size_t size);
  void drop(const std::string& href) noexcept;
  /// Why something could not be kept; empty: all was.
  std::string fault() const;

 private:
  std::string path_of(const std::string& href) const;

  const std::string folder_;
  mutable std::mutex mutex_;
  std::string fault_;
};

/// Keeps headers that are opened from now on in `folder`, and opens those that are there; empty: no
/// longer. Call while nobody opens files. Throws IoError.
void keep_headers_in(const std::string& folder);
/// Where headers are kept; null: nowhere.
std::shared_ptr<HeaderCache> header_cache();
/// How many headers of an earlier run were opened since the folder was named.
std::uint64_t kept_headers_used();
/// Opens none of an earlier run any more: they turned out to be stale. They are replaced as files
/// are opened.
void distrust_kept_headers();
/// Looks for a header of an earlier run, unless they are distrusted.
std::optional<RangeAnswer> find_kept_header(const std::string& href);
bool has_kept_header(const std::string& href);

}  // namespace cubemill
