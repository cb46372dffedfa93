#include "io/tiff_blocks.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <string>

#include "io/read_failure.hpp"

namespace cubemill {
namespace {

enum Tag : std::uint16_t {
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
};

constexpr std::uint64_t stored = 1, deflate_adobe = 8, deflate_old = 32946;

// The start of the file in one read, which holds the whole directory of a COG; single reads beyond
// it.
class FrontBytes {
 public:
  explicit FrontBytes(const RawFile& file) : file_(file) {
    front_.resize(std::size_t(std::min<std::uint64_t>(file.size(), 16384)));
    file_.read(0, front_.data(), front_.size());
  }

  void copy(std::uint64_t offset, void* out, std::size_t size) const {
    if (offset <= front_.size() && size <= front_.size() - offset)
      std::memcpy(out, front_.data() + offset, size);
    else
      file_.read(offset, static_cast<std::byte*>(out), size);
  }

  template <class T>
  T get(std::uint64_t offset) const {
    T value;
    copy(offset, &value, sizeof value);
    return value;
  }

 private:
  const RawFile& file_;
  std::vector<std::byte> front_;
};

std::size_t size_of_value(std::uint16_t type) {
  switch (type) {
    case 1:
      return 1;  // BYTE
    case 3:
      return 2;  // SHORT
    case 4:
    case 13:
      return 4;  // LONG, IFD
    case 16:
    case 18:
      return 8;  // LONG8, IFD8
    default:
      return 0;  // not an unsigned integer
  }
}

class Directory {
 public:
  /// Reads the first directory; nothing when the file is not a little-endian TIFF.
  static std::optional<Directory> first(const RawFile& file) {
    Directory directory(file);
    if (directory.front_.get<std::uint16_t>(0) != 0x4949) return {};  // "II"
    const auto version = directory.front_.get<std::uint16_t>(2);
    if (version == 42)
      directory.read_classic();
    else if (version == 43 && directory.front_.get<std::uint32_t>(4) == 8)
      directory.read_big();
    else
      return {};
    return directory;
  }

  bool has(Tag tag) const { return entries_.contains(tag); }

  /// The first value of a tag; `otherwise` where the tag is absent or holds no unsigned integer.
  std::uint64_t number(Tag tag, std::uint64_t otherwise) const {
    const auto found = entries_.find(tag);
    if (found == entries_.end() || found->second.count == 0) return otherwise;
    const std::vector<std::uint64_t> values = read(found->second, 0, 1);
    return values.empty() ? otherwise : values[0];
  }

  /// Values first … first + count - 1 of a tag; empty where it does not have them.
  std::vector<std::uint64_t> numbers(Tag tag, std::uint64_t first, std::uint64_t count) const {
    const auto found = entries_.find(tag);
    if (found == entries_.end() || found->second.count < first + count) return {};
    return read(found->second, first, count);
  }

 private:
  struct Entry {
    std::uint16_t type = 0;
    std::uint64_t count = 0;
    std::uint64_t position = 0;  // where the values lie
  };

  explicit Directory(const RawFile& file) : file_(file), front_(file) {}

  void read_classic() {
    const std::uint64_t start = front_.get<std::uint32_t>(4);
    const unsigned count = front_.get<std::uint16_t>(start);
    for (unsigned i = 0; i < count; ++i) {
      const std::uint64_t at = start + 2 + 12 * i;
      add<std::uint32_t>(at, front_.get<std::uint32_t>(at + 4), at + 8);
    }
  }

  void read_big() {
    const auto start = front_.get<std::uint64_t>(8);
    const auto count = front_.get<std::uint64_t>(start);
    if (count > 65535) throw ReadFailure("the TIFF directory is corrupt; fetch the file again");
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t at = start + 8 + 20 * i;
      add<std::uint64_t>(at, front_.get<std::uint64_t>(at + 4), at + 12);
    }
  }

  // `Word` is the size of the field that holds the values, or points to them where they do not fit.
  template <class Word>
  void add(std::uint64_t at, std::uint64_t count, std::uint64_t field) {
    const auto type = front_.get<std::uint16_t>(at + 2);
    const std::size_t each = size_of_value(type);
    if (each == 0) return;
    const bool inside = count <= sizeof(Word) / each;
    entries_.emplace(front_.get<std::uint16_t>(at),
                     Entry{type, count, inside ? field : std::uint64_t(front_.get<Word>(field))});
  }

  std::vector<std::uint64_t> read(const Entry& entry, std::uint64_t first,
                                  std::uint64_t count) const {
    const std::size_t each = size_of_value(entry.type);
    if (count > file_.size() / each || entry.position > file_.size())
      throw ReadFailure("the TIFF directory is cut off; fetch the file again");
    std::vector<std::byte> raw(std::size_t(count) * each);
    front_.copy(entry.position + first * each, raw.data(), raw.size());
    std::vector<std::uint64_t> values(std::size_t(count), 0);
    for (std::size_t i = 0; i < values.size(); ++i)
      std::memcpy(&values[i], &raw[i * each], each);  // both little-endian
    return values;
  }

  const RawFile& file_;
  FrontBytes front_;
  std::map<std::uint16_t, Entry> entries_;
};

bool coding_is_known(const Directory& directory, const RasterInfo& info) {
  const std::uint64_t code = directory.number(compression, stored);
  const std::uint64_t bits = 8 * size_of(info.type);
  const std::uint64_t differences = code == stored ? 1 : directory.number(predictor, 1);
  const std::uint64_t colours = directory.number(photometric, 1);
  return (code == stored || code == deflate_adobe || code == deflate_old) &&
         directory.number(bits_per_sample, 1) == bits && directory.number(fill_order, 1) == 1 &&
         (differences == 1 || (differences == 2 && bits <= 32)) && colours >= 1 &&
         colours <= 4;  // min-is-black, RGB, palette, mask: samples are what they are
}

// One sample a pixel in each block: a single band, or a plane per band.
bool layout_is_known(const Directory& directory, int band) {
  const std::uint64_t samples = directory.number(samples_per_pixel, 1);
  return std::uint64_t(band) <= samples &&
         (samples == 1 || directory.number(planar_configuration, 1) == 2);
}

bool shape_agrees(const Directory& directory, const RasterInfo& info, bool tiled) {
  const auto height = std::uint64_t(info.grid.height);
  const std::uint64_t block_width = directory.number(tiled ? tile_width : image_width, 0);
  const std::uint64_t block_height =
      tiled ? directory.number(tile_length, 0)
            : std::min(directory.number(rows_per_strip, height), height);
  return directory.number(image_width, 0) == std::uint64_t(info.grid.width) &&
         directory.number(image_length, 0) == height &&
         block_width == std::uint64_t(info.block_width) &&
         block_height == std::uint64_t(info.block_height);
}

std::vector<std::uint32_t> saturated(const std::vector<std::uint64_t>& values) {
  std::vector<std::uint32_t> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), [](std::uint64_t value) {
    return std::uint32_t(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
  });
  return result;
}

}  // namespace

std::optional<TiffBlocks> find_tiff_blocks(const RawFile& file, const RasterInfo& info, int band) {
  if constexpr (std::endian::native != std::endian::little) return {};
  const auto directory = Directory::first(file);
  if (!directory) return {};
  const bool tiled = directory->has(tile_width);
  if (!coding_is_known(*directory, info) || !layout_is_known(*directory, band) ||
      !shape_agrees(*directory, info, tiled))
    return {};

  const auto count = std::uint64_t(info.blocks_across() * info.blocks_down());
  const std::uint64_t first = std::uint64_t(band - 1) * count;
  TiffBlocks blocks;
  blocks.deflate = directory->number(compression, stored) != stored;
  blocks.difference = blocks.deflate && directory->number(predictor, 1) == 2;
  blocks.strips = !tiled;
  blocks.offsets = directory->numbers(tiled ? tile_offsets : strip_offsets, first, count);
  blocks.sizes =
      saturated(directory->numbers(tiled ? tile_byte_counts : strip_byte_counts, first, count));
  if (blocks.offsets.size() != count || blocks.sizes.size() != count) return {};
  return blocks;
}

}  // namespace cubemill
