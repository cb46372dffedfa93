#include "exec/verify_bands.hpp"

#include <algorithm>
#include <utility>

#include "cubemill/base/error.hpp"
#include "exec/damaged.hpp"

namespace cubemill {
namespace {

// Where bands are interleaved by pixel, a block of one holds those of all.
int bands_to_read(const HeaderProfile& profile) {
  return profile.planar_configuration == 2 ? int(profile.samples_per_pixel) : 1;
}

std::ptrdiff_t row_bytes(const RasterBand& band) {
  return std::ptrdiff_t(band.info().block_width) * std::ptrdiff_t(size_of(band.info().type));
}

// An object that is shorter than its header says still has some of the blocks of a range.
bool may_have_some(const std::exception_ptr& failure, std::string& why) {
  try {
    std::rethrow_exception(failure);
  } catch (const RangeFailure& range) {
    why = range.what();
    return range.kind() == RangeFailure::Kind::replaced ||
           range.kind() == RangeFailure::Kind::unusable;
  } catch (const Error& error) {
    why = error.what();
  }
  return false;
}

}  // namespace

void Finding::fail(std::uint64_t place, const std::string& why) {
  if (!reason.empty() && where <= place) return;
  reason = why;
  where = place;
}

void Finding::add(const Finding& part) {
  blocks += part.blocks, sparse += part.sparse, damaged += part.damaged;
  by_gdal |= part.by_gdal;
  unreachable |= part.unreachable;
  if (!part.reason.empty()) fail(part.where, part.reason);
  cost.requests += part.cost.requests;
  cost.bytes_read += part.cost.bytes_read;
  cost.bytes_decoded += part.cost.bytes_decoded;
  cost.nanoseconds_reading += part.cost.nanoseconds_reading;
  cost.nanoseconds_decoding += part.cost.nanoseconds_decoding;
}

std::vector<std::unique_ptr<RasterBand>> open_bands(const FileToVerify& file) {
  std::vector<std::unique_ptr<RasterBand>> bands;
  bands.push_back(open_raster(file.href, file.band != 0 ? file.band : 1));
  if (file.band != 0) return bands;
  const int count = bands_to_read(bands.front()->profile());
  for (int band = 2; band <= count; ++band) bands.push_back(open_raster(file.href, band));
  return bands;
}

std::vector<RangeToVerify> ranges_of(const RasterBand& band, std::size_t number, Finding& found,
                                     std::vector<BlockToVerify>& alone) {
  WantedBlocks wanted;
  std::vector<BlockToVerify> blocks;
  for_each_block(band, number, [&](BlockToVerify block) {
    const BlockPlace place = *band.block_place(block.x, block.y);
    if (place.size == 0 ||  // sparse, or two blocks in one place
        !wanted.emplace(place.offset, WantedBlock{place.size, blocks.size()}).second)
      return alone.push_back(block);
    blocks.push_back(block);
  });
  const MergeRule rule;
  // A size that cannot be is refused when its block is read alone.
  std::erase_if(wanted, [&](const auto& w) {
    if (w.second.size <= rule.longest) return false;
    alone.push_back(blocks[w.second.number]);
    return true;
  });
  std::vector<RangeToVerify> ranges;
  while (!wanted.empty()) {
    const MergedRange merged = merge_around(wanted, wanted.begin(), rule, rule.longest);
    RangeToVerify range{&band, merged.offset, merged.size, {}};
    for (auto w = merged.first; w != merged.last; ++w)
      range.blocks.push_back(blocks[w->second.number]);
    ranges.push_back(std::move(range));
    wanted.erase(merged.first, merged.last);
  }
  found.cost.requests += ranges.size();
  return ranges;
}

std::byte* BlockVerifier::room_for(const RasterBand& band) {
  block_.resize(std::size_t(row_bytes(band)) * std::size_t(band.info().block_height));
  return block_.data();
}

void BlockVerifier::read(const RasterBand& band, BlockToVerify block, Finding& found) {
  ++found.blocks;
  const auto place = band.block_place(block.x, block.y);
  if (place && place->size == 0) ++found.sparse;
  read_after(0, band, block, found);
}

void BlockVerifier::read_after(int failures, const RasterBand& band, BlockToVerify block,
                               Finding& found) {
  const int most = is_remote(band.path()) ? fetches_of_damaged : 1;
  for (;;) try {
      return band.read_block(block.x, block.y, room_for(band), row_bytes(band), scratch_,
                             found.cost);
    } catch (const IoError& error) {
      const bool not_had = dynamic_cast<const RangeFailure*>(&error) != nullptr;
      if (!not_had && ++failures < most) continue;
      ++found.damaged;
      found.unreachable |= not_had;
      return found.fail(block.where, error.what());
    }
}

void BlockVerifier::decode(const RangeToVerify& range, const RangeAnswer& answer,
                           const std::exception_ptr& failure, Finding& found) {
  const RasterBand& band = *range.band;
  std::string why;
  if (failure && !may_have_some(failure, why)) {
    found.blocks += range.blocks.size(), found.damaged += range.blocks.size();
    found.unreachable = true;
    return found.fail(range.blocks.front().where, why);
  }
  for (const BlockToVerify& block : range.blocks) {
    if (failure) {
      read(band, block, found);
      continue;
    }
    const BlockPlace place = *band.block_place(block.x, block.y);
    ++found.blocks;
    found.cost.bytes_read += place.size;
    try {
      band.decode_block(block.x, block.y,
                        answer.view().subspan(place.offset - range.offset, place.size),
                        room_for(band), row_bytes(band), scratch_, found.cost);
    } catch (const IoError&) {
      read_after(1, band, block, found);
    }
  }
}

}  // namespace cubemill
