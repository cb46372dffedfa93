#include "io/tiff_blocks.hpp"

#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "io/structural_metadata.hpp"

namespace cubemill {
namespace {

constexpr std::uint32_t planes = 2;  // planar configuration: a plane per band

std::optional<BlockCoding> coding_of(std::uint32_t compression) {
  switch (compression) {
    case 1:
      return BlockCoding::stored;
    case 5:
      return BlockCoding::lzw;
    case 8:
    case 32946:
      return BlockCoding::deflate;
    case 50000:
      return BlockCoding::zstd;
    default:
      return {};
  }
}

bool predictor_is_known(const HeaderProfile& profile, PixelType type) {
  const bool real = type == PixelType::f32 || type == PixelType::f64;
  return profile.predictor == 1 || profile.predictor == 2 || (profile.predictor == 3 && real);
}

void take_coding(const HeaderProfile& profile, BlockCoding coding, bool swapped,
                 TiffBlocks& blocks) {
  const bool predicted = coding != BlockCoding::stored;  // else libtiff does not look at it
  blocks.coding = coding;
  blocks.floating = predicted && profile.predictor == 3;
  blocks.samples.differences = predicted && profile.predictor == 2;
  blocks.samples.swapped = swapped;
}

std::uint32_t number(const TiffDirectory& directory, TiffTag tag, std::uint64_t otherwise) {
  return std::uint32_t(std::min<std::uint64_t>(directory.number(tag, otherwise),
                                               std::numeric_limits<std::uint32_t>::max()));
}

HeaderProfile read_profile(const TiffDirectory& directory) {
  HeaderProfile profile;
  profile.tiff = true;
  profile.big_tiff = directory.big();
  profile.big_endian = directory.big_endian();
  profile.tiled = directory.has(TiffTag::tile_width);
  profile.compression = number(directory, TiffTag::compression, 1);
  profile.predictor = number(directory, TiffTag::predictor, 1);
  profile.sample_format = number(directory, TiffTag::sample_format, 1);
  profile.bits_per_sample = number(directory, TiffTag::bits_per_sample, 1);
  profile.samples_per_pixel = number(directory, TiffTag::samples_per_pixel, 1);
  profile.planar_configuration = number(directory, TiffTag::planar_configuration, 1);
  profile.photometric = number(directory, TiffTag::photometric, 1);
  profile.width = number(directory, TiffTag::image_width, 0);
  profile.height = number(directory, TiffTag::image_length, 0);
  profile.block_width = profile.tiled ? number(directory, TiffTag::tile_width, 0) : profile.width;
  profile.block_height =
      profile.tiled
          ? number(directory, TiffTag::tile_length, 0)
          : std::min(profile.height, number(directory, TiffTag::rows_per_strip, profile.height));
  profile.nodata = directory.text(TiffTag::gdal_nodata);
  profile.tags = directory.digest(0, 32767, false);
  profile.georeference = directory.digest(33550, 34737, true);
  return profile;
}

bool interleaved(const HeaderProfile& profile) {
  return profile.samples_per_pixel > 1 && profile.planar_configuration != planes;
}

bool samples_are_known(const TiffDirectory& directory, const HeaderProfile& profile,
                       const RasterInfo& info, int band) {
  return profile.bits_per_sample == 8 * size_of(info.type) &&
         directory.number(TiffTag::fill_order, 1) == 1 &&
         std::uint32_t(band) <= profile.samples_per_pixel && profile.samples_per_pixel <= 65535 &&
         profile.photometric >= 1 && profile.photometric <= 4;
  // Photometric min-is-black, RGB, palette, mask: samples are what they are.
}

bool shape_agrees(const HeaderProfile& profile, const RasterInfo& info) {
  return profile.width == std::uint64_t(info.grid.width) &&
         profile.height == std::uint64_t(info.grid.height) &&
         profile.block_width == std::uint64_t(info.block_width) &&
         profile.block_height == std::uint64_t(info.block_height);
}

std::vector<std::uint32_t> saturated(const std::vector<std::uint64_t>& values) {
  std::vector<std::uint32_t> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), [](std::uint64_t value) {
    return std::uint32_t(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
  });
  return result;
}

// Reads the table, and notes in the profile what is to be said of it; false where it has too few
// entries.
bool read_table(const TiffDirectory& directory, const RasterInfo& info, int plane,
                LayoutClaims claims, TiffBlocks& blocks, HeaderProfile& profile) {
  const auto count = std::uint64_t(info.blocks_across() * info.blocks_down());
  const std::uint64_t first = std::uint64_t(plane) * count;
  const bool tiles = profile.tiled;
  const auto offsets =
      directory.numbers(tiles ? TiffTag::tile_offsets : TiffTag::strip_offsets, first, count);
  auto sizes = saturated(directory.numbers(
      tiles ? TiffTag::tile_byte_counts : TiffTag::strip_byte_counts, first, count));
  if (offsets.size() != count || sizes.size() != count) return false;
  profile.table_fault = fault_of_table(offsets, sizes, directory.file().size(), claims);
  blocks.table = BlockTable(offsets, std::move(sizes));
  profile.contiguous_blocks = blocks.table.contiguous();
  return true;
}

/// Directories behind the first that are looked at: more than any raster has overviews and masks.
constexpr int most_directories = 64;
constexpr std::uint64_t reduced_image = 1, mask_image = 4;  // bits of the subfile type

// The header of an overview, of which GDAL is not asked: as the raster's but for what its own
// directory says. Nothing where that cannot be an overview of the raster.
std::optional<RasterInfo> overview_info(const HeaderProfile& overview, const HeaderProfile& first,
                                        const RasterInfo& info) {
  const bool smaller = overview.width <= first.width && overview.height <= first.height &&
                       (overview.width < first.width || overview.height < first.height);
  const bool alike = overview.sample_format == first.sample_format &&
                     overview.bits_per_sample == first.bits_per_sample &&
                     overview.samples_per_pixel == first.samples_per_pixel;
  constexpr std::uint32_t most = std::numeric_limits<std::int32_t>::max();
  const auto possible = [](std::uint32_t size) { return size > 0 && size <= most; };
  if (!smaller || !alike || !possible(overview.width) || !possible(overview.height) ||
      !possible(overview.block_width) || !possible(overview.block_height))
    return {};
  RasterInfo of = info;
  of.grid = info.grid.resized(overview.width, overview.height);
  of.block_width = std::int32_t(overview.block_width);
  of.block_height = std::int32_t(overview.block_height);
  return of;
}

// To be compared with overviews of other bands and scenes.
void add_overview(HeaderProfile& profile, const HeaderProfile& overview) {
  ++profile.overviews;
  const std::uint64_t coding[] = {overview.compression,
                                  overview.predictor,
                                  overview.photometric,
                                  overview.planar_configuration,
                                  overview.tiled ? overview.block_width : 0,
                                  overview.tiled ? overview.block_height : 0,
                                  overview.tags};
  const std::uint32_t size[] = {overview.width, overview.height};
  profile.overview_coding = XXH3_64bits_withSeed(coding, sizeof coding, profile.overview_coding);
  profile.overview_sizes = XXH3_64bits_withSeed(size, sizeof size, profile.overview_sizes);
}

}  // namespace

TiffHeader find_tiff_blocks(const TiffDirectory& directory, const RasterInfo& info, int band) {
  TiffHeader header;
  HeaderProfile& profile = header.profile = read_profile(directory);
  header.has_usual_tags = directory.has_usual_tags();
  const auto coding = coding_of(profile.compression);
  if (!coding || !predictor_is_known(profile, info.type) ||
      !samples_are_known(directory, profile, info, band) || !shape_agrees(profile, info))
    return header;

  TiffBlocks blocks;
  take_coding(profile, *coding, directory.swapped(), blocks);
  blocks.strips = !profile.tiled;
  const bool by_pixel = interleaved(profile);
  if (by_pixel) {
    blocks.samples_in_pixel = profile.samples_per_pixel;
    blocks.sample = std::uint32_t(band - 1);
  }
  LayoutClaims claims = read_layout_claims(directory);
  claims.in_order = claims.in_order && (by_pixel || profile.samples_per_pixel == 1);
  blocks.framed = profile.framed = claims.framed;
  if (read_table(directory, info, by_pixel ? 0 : band - 1, claims, blocks, profile))
    header.blocks = std::move(blocks);
  return header;
}

std::vector<TiffOverview> find_tiff_overviews(const TiffDirectory& first, const RasterInfo& info,
                                              int band, TiffHeader& header) {
  std::vector<TiffOverview> found;
  std::optional<TiffDirectory> directory = first.next();
  for (int i = 0; i < most_directories && directory; ++i, directory = directory->next()) {
    const std::uint64_t kind = directory->number(TiffTag::new_subfile_type, 0);
    if (kind & mask_image) continue;
    if (!(kind & reduced_image)) break;  // another image, with overviews of its own
    const auto of = overview_info(read_profile(*directory), header.profile, info);
    if (!of) continue;
    TiffHeader overview = find_tiff_blocks(*directory, *of, band);
    if (header.profile.table_fault.empty() && !overview.profile.table_fault.empty())
      header.profile.table_fault = "overview: " + overview.profile.table_fault;
    if (!overview.blocks) continue;
    add_overview(header.profile, overview.profile);
    found.push_back({{of->grid.width, of->grid.height, of->block_width, of->block_height,
                      overview.blocks->table.stored_bytes()},
                     std::move(*overview.blocks)});
  }
  const auto finer = [](const TiffOverview& a, const TiffOverview& b) {
    return a.info.width * a.info.height > b.info.width * b.info.height;
  };
  std::stable_sort(found.begin(), found.end(), finer);
  return found;
}

}  // namespace cubemill
