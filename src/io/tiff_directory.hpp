// A directory of a TIFF, the first or a later one: its tags and their values, in native byte order.
// Classic and BigTIFF of both byte orders (TIFF 6.0, BigTIFF). Knows nothing of what tags mean.
// Reads from its source when asked for values; that must outlive it. One thread at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/io/byte_source.hpp"

namespace cubemill {

enum class TiffTag : std::uint16_t {
  new_subfile_type = 254,
  image_width = 256,
  image_length = 257,
  bits_per_sample = 258,
  compression = 259,
  photometric = 262,
  fill_order = 266,
  strip_offsets = 273,
  samples_per_pixel = 277,
  rows_per_strip = 278,
  strip_byte_counts = 279,
  planar_configuration = 284,
  predictor = 317,
  tile_width = 322,
  tile_length = 323,
  tile_offsets = 324,
  tile_byte_counts = 325,
  sample_format = 339,
  geo_keys = 34735,  // 34736 and 34737 hold values of theirs
  gdal_nodata = 42113,
};

class TiffDirectory {
 public:
  /// Reads the first directory; nothing when `file` is no TIFF. Throws ReadFailure when the
  /// directory is cut off.
  static std::optional<TiffDirectory> first(const ByteSource& file);

  /// Reads the directory that follows; nothing behind the last. Throws as `first`.
  std::optional<TiffDirectory> next() const;

  bool big() const { return big_; }          ///< BigTIFF
  bool swapped() const { return swapped_; }  ///< the other byte order than the machine's
  bool big_endian() const;
  const ByteSource& file() const { return *file_; }

  /// Whether all tags are such that GDAL writes them into rasters of numbers.
  bool has_usual_tags() const;
  bool has(TiffTag tag) const { return entries_.contains(std::uint16_t(tag)); }
  /// The first value of a tag; `otherwise` where the tag is absent. Throws ReadFailure where its
  /// type or count cannot be, as where a bit was lost.
  std::uint64_t number(TiffTag tag, std::uint64_t otherwise) const;
  /// Values first … first + count - 1 of a tag; empty where it does not have them.
  std::vector<std::uint64_t> numbers(TiffTag tag, std::uint64_t first, std::uint64_t count) const;
  /// The bytes of a text tag, up to the first NUL; empty where it is absent.
  std::string text(TiffTag tag) const;
  /// A digest of the tags from `first` to `last`: of what they are, and with `values` of what they
  /// hold.
  std::uint64_t digest(std::uint16_t first, std::uint16_t last, bool values) const;

 private:
  struct Entry {
    std::uint16_t type = 0;
    std::uint64_t count = 0;
    std::uint64_t position = 0;  // where the values lie
  };

  explicit TiffDirectory(const ByteSource& file) : file_(&file) {}
  template <class T>
  T get(std::uint64_t offset) const;
  bool read_head();
  void read_at(std::uint64_t start);
  void read_classic(std::uint64_t start);
  void read_big(std::uint64_t start);
  template <class Word>
  void add(std::uint64_t at, std::uint64_t count, std::uint64_t field);
  std::vector<std::byte> bytes_of(const Entry& entry, std::uint64_t first,
                                  std::uint64_t count) const;
  std::vector<std::uint64_t> numbers_of(const Entry& entry, std::uint64_t first,
                                        std::uint64_t count) const;

  const ByteSource* file_;
  bool swapped_ = false;
  bool big_ = false;
  std::uint64_t next_at_ = 0;  // where the place of the following directory stands
  std::map<std::uint16_t, Entry> entries_;
};

}  // namespace cubemill
