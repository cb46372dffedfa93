#include "io/cog_header.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "io/cog_sample.hpp"
#include "io/tile_codec.hpp"

namespace cubemill {
namespace {

static_assert(std::endian::native == std::endian::little, "tags are written as they lie in memory");

namespace tag {
constexpr std::uint16_t subfile_type = 254, width = 256, height = 257, bits = 258,
                        compression = 259, photometric = 262, samples_per_pixel = 277,
                        planar_configuration = 284, predictor = 317, tile_width = 322,
                        tile_height = 323, tile_offsets = 324, tile_sizes = 325,
                        extra_samples = 338, sample_format = 339, gdal_nodata = 42113;
}  // namespace tag

template <class T>
TiffEntry values_tag(std::uint16_t number, TiffType type, std::span<const T> values) {
  TiffEntry t{number, type, values.size(), {}};
  t.values.resize(values.size_bytes());
  std::memcpy(t.values.data(), values.data(), values.size_bytes());
  return t;
}
TiffEntry short_tag(std::uint16_t number, std::uint16_t value, std::size_t count = 1) {
  const std::vector<std::uint16_t> values(count, value);
  return values_tag<std::uint16_t>(number, TiffType::u16, values);
}
TiffEntry long_tag(std::uint16_t number, std::uint32_t value) {
  return values_tag<std::uint32_t>(number, TiffType::u32, {{value}});
}

// Claims that readers may rely on without looking at the tile index. The blank after NO is the
// place for the S of YES that an editor who breaks a claim writes there.
std::string structural_metadata(bool planar) {
  std::string claims =
      "LAYOUT=IFDS_BEFORE_DATA\n"
      "BLOCK_ORDER=ROW_MAJOR\n"
      "BLOCK_LEADER=SIZE_AS_UINT4\n"
      "BLOCK_TRAILER=LAST_4_BYTES_REPEATED\n"
      "KNOWN_INCOMPATIBLE_EDITION=NO\n ";
  if (planar) claims += "INTERLEAVE=BAND\n";
  char head[64];
  std::snprintf(head, sizeof head, "GDAL_STRUCTURAL_METADATA_SIZE=%06zu bytes\n", claims.size());
  return head + claims;
}

// The tags of one level without its tile index, sorted.
std::vector<TiffEntry> level_tags(const CogSpec& spec, const CogLevel& level, bool overview) {
  const std::size_t bands = spec.bands.size();
  std::vector<TiffEntry> tags;
  if (overview) tags.push_back(long_tag(tag::subfile_type, 1));
  tags.push_back(long_tag(tag::width, static_cast<std::uint32_t>(level.width)));
  tags.push_back(long_tag(tag::height, static_cast<std::uint32_t>(level.height)));
  tags.push_back(
      short_tag(tag::bits, static_cast<std::uint16_t>(8 * sample_bytes(spec.type)), bands));
  tags.push_back(short_tag(tag::compression, compression_tag(spec.compression)));
  tags.push_back(short_tag(tag::photometric, 1));
  tags.push_back(short_tag(tag::samples_per_pixel, static_cast<std::uint16_t>(bands)));
  tags.push_back(short_tag(tag::planar_configuration, bands > 1 ? 2 : 1));
  if (const auto predictor = predictor_tag(spec.compression, spec.type); predictor != 1)
    tags.push_back(short_tag(tag::predictor, predictor));
  tags.push_back(long_tag(tag::tile_width, static_cast<std::uint32_t>(CogWriter::tile)));
  tags.push_back(long_tag(tag::tile_height, static_cast<std::uint32_t>(CogWriter::tile)));
  if (bands > 1) tags.push_back(short_tag(tag::extra_samples, 0, bands - 1));
  tags.push_back(short_tag(tag::sample_format, spec.type == SampleType::f32 ? 3 : 1, bands));
  if (spec.nodata_nan)
    tags.push_back(values_tag<char>(tag::gdal_nodata, TiffType::ascii, {{'n', 'a', 'n', '\0'}}));
  return tags;
}

// Writes IFDs one after the other; values that do not fit into an entry follow their IFD, tile
// indexes follow all IFDs, so that a reader's first few kilobytes hold every IFD.
class HeaderBytes {
 public:
  explicit HeaderBytes(bool big) : big_(big) {}

  void start(bool planar) {
    text(big_ ? std::string_view("II\x2b\0\x08\0\0\0", 8) : std::string_view("II\x2a\0", 4));
    link_ = out_.size();
    offset(0);
    text(structural_metadata(planar));
  }

  void directory(const std::vector<TiffEntry>& tags) {
    align(2);
    put_offset(link_, out_.size());
    number(tags.size(), big_ ? 8 : 2);
    std::vector<std::pair<std::size_t, const TiffEntry*>> outside;
    for (const TiffEntry& t : tags) entry(t, outside);
    link_ = out_.size();
    offset(0);
    for (const auto& [place, t] : outside) {
      if (is_index(*t))
        indexes_.emplace_back(place, *t);
      else
        append_values(place, *t);
    }
  }

  std::vector<std::byte> finish() {
    for (const auto& [place, t] : indexes_) append_values(place, t);
    align(8);
    return std::move(out_);
  }

 private:
  static bool is_index(const TiffEntry& t) {
    return t.tag == tag::tile_offsets || t.tag == tag::tile_sizes;
  }
  void text(std::string_view bytes) {
    const auto* p = reinterpret_cast<const std::byte*>(bytes.data());
    out_.insert(out_.end(), p, p + bytes.size());
  }
  void number(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) out_.push_back(std::byte(value >> (8 * i)));
  }
  std::size_t offset_bytes() const { return big_ ? 8 : 4; }
  void offset(std::uint64_t value) { number(value, offset_bytes()); }
  void put_offset(std::size_t place, std::uint64_t value) {
    std::memcpy(out_.data() + place, &value, offset_bytes());
  }
  void align(std::size_t to) {
    while (out_.size() % to != 0) out_.push_back(std::byte{0});
  }
  void entry(const TiffEntry& t, std::vector<std::pair<std::size_t, const TiffEntry*>>& outside) {
    number(t.tag, 2);
    number(static_cast<std::uint16_t>(t.type), 2);
    offset(t.count);
    const std::size_t place = out_.size();
    offset(0);
    if (t.values.size() > offset_bytes())
      outside.emplace_back(place, &t);
    else
      std::copy(t.values.begin(), t.values.end(),
                out_.begin() + static_cast<std::ptrdiff_t>(place));
  }
  void append_values(std::size_t place, const TiffEntry& t) {
    align(2);
    put_offset(place, out_.size());
    out_.insert(out_.end(), t.values.begin(), t.values.end());
  }

  bool big_;
  std::vector<std::byte> out_;
  std::size_t link_ = 0;  // where the offset of the next IFD goes
  std::vector<std::pair<std::size_t, TiffEntry>> indexes_;
};

using TileSizes = std::vector<std::vector<std::uint32_t>>;

// Offsets of all tiles, the last level's first tile being the first of the data.
std::vector<std::vector<std::uint64_t>> tile_offsets(const TileSizes& sizes, std::uint64_t data) {
  std::vector<std::vector<std::uint64_t>> offsets(sizes.size());
  for (std::size_t level = sizes.size(); level-- > 0;)
    for (const std::uint32_t size : sizes[level]) {
      offsets[level].push_back(data + tile_leader_bytes);
      data += stored_bytes(size);
    }
  return offsets;
}

TiffEntry offsets_tag(const std::vector<std::uint64_t>& offsets, bool big) {
  if (big) return values_tag<std::uint64_t>(tag::tile_offsets, TiffType::u64, offsets);
  const std::vector<std::uint32_t> narrow(offsets.begin(), offsets.end());
  return values_tag<std::uint32_t>(tag::tile_offsets, TiffType::u32, narrow);
}

std::vector<std::byte> serialise(const CogSpec& spec, const std::vector<CogLevel>& levels,
                                 const TileSizes& sizes, const std::vector<TiffEntry>& extra,
                                 bool big, std::uint64_t data) {
  HeaderBytes bytes(big);
  bytes.start(spec.bands.size() > 1);
  const auto offsets = tile_offsets(sizes, data);
  for (std::size_t level = 0; level < levels.size(); ++level) {
    std::vector<TiffEntry> tags = level_tags(spec, levels[level], level > 0);
    tags.push_back(offsets_tag(offsets[level], big));
    tags.push_back(values_tag<std::uint32_t>(tag::tile_sizes, TiffType::u32, sizes[level]));
    if (level == 0) tags.insert(tags.end(), extra.begin(), extra.end());
    std::sort(tags.begin(), tags.end(),
              [](const TiffEntry& a, const TiffEntry& b) { return a.tag < b.tag; });
    bytes.directory(tags);
  }
  return bytes.finish();
}

}  // namespace

CogHeader make_cog_header(const CogSpec& spec, const std::vector<CogLevel>& levels,
                          const std::vector<std::vector<std::uint32_t>>& sizes,
                          const std::vector<TiffEntry>& tags) {
  std::uint64_t data_bytes = 0;
  for (const auto& level : sizes)
    for (const std::uint32_t size : level) data_bytes += stored_bytes(size);
  for (const bool big : {false, true}) {
    // Offsets do not change the header's size: a first draft tells where the data begin.
    const std::uint64_t header = serialise(spec, levels, sizes, tags, big, 0).size();
    if (!big && header + data_bytes > UINT32_MAX) continue;
    return {serialise(spec, levels, sizes, tags, big, header), header + data_bytes};
  }
  return {};
}

}  // namespace cubemill
