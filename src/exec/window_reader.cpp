#include "exec/window_reader.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "exec/damaged.hpp"
#include "exec/stopwatch.hpp"
#include "exec/wanted_blocks.hpp"
#include "io/remote_file.hpp"

namespace cubemill {
namespace {

/// Fills pixels with what means invalid in a storage of `pixel_bytes` (1: a class, 2: a word, 4 and
/// 8: NaN).
void fill_invalid(std::byte* at, std::size_t pixels, std::size_t pixel_bytes) {
  if (pixel_bytes == 4)
    std::fill_n(reinterpret_cast<float*>(at), pixels, std::numeric_limits<float>::quiet_NaN());
  else if (pixel_bytes == 8)
    std::fill_n(reinterpret_cast<double*>(at), pixels, std::numeric_limits<double>::quiet_NaN());
  else
    std::memset(at, 0, pixels * pixel_bytes);
}

}  // namespace

void ReadTally::add(const ReadTally& o) {
  cost.requests += o.cost.requests;
  cost.bytes_read += o.cost.bytes_read;
  cost.bytes_decoded += o.cost.bytes_decoded;
  cost.nanoseconds_reading += o.cost.nanoseconds_reading;
  cost.nanoseconds_decoding += o.cost.nanoseconds_decoding;
  blocks_decoded += o.blocks_decoded;
  blocks_left_out += o.blocks_left_out;
  blocks_refetched += o.blocks_refetched;
  flags_seen += o.flags_seen;
  flags_masked += o.flags_masked;
  nanoseconds_encoding += o.nanoseconds_encoding;
  nanoseconds_coordinates += o.nanoseconds_coordinates;
  nanoseconds_flags += o.nanoseconds_flags;
}

std::byte* Window::at(std::int64_t col, std::int64_t row) const {
  return data + (row - source.top + WindowLayout::rim_rows) * stride() +
         (col - source.left + WindowLayout::rim_columns) * std::ptrdiff_t(pixel_bytes);
}

WindowView Window::view(std::uint16_t key) const {
  if (source.empty()) return {};
  constexpr auto c = std::int32_t(WindowLayout::rim_columns),
                 r = std::int32_t(WindowLayout::rim_rows);
  return {
      data, layout.stride(), source.left - c, source.top - r, source.right + c, source.bottom + r,
      key};
}

void Window::fill_rim() const {
  if (layout.rows <= 0 || layout.columns <= 0) return;  // nobody looks into an empty window
  const std::size_t across = std::size_t(layout.stride());
  const std::size_t line = across * pixel_bytes, rim = std::size_t(WindowLayout::rim_rows);
  const std::size_t left = std::size_t(WindowLayout::rim_columns),
                    columns = std::size_t(layout.columns), rows = std::size_t(layout.rows);
  // The right rim of a row and the left rim of the next lie together.
  fill_invalid(data, across * rim + left, pixel_bytes);
  std::byte* right = data + rim * line + (left + columns) * pixel_bytes;
  for (std::size_t y = 1; y < rows; ++y, right += line)
    fill_invalid(right, across - columns, pixel_bytes);
  fill_invalid(right, across * (rim + 1) - left - columns, pixel_bytes);
}

const SceneInput& WindowReader::source(BandUse band) const {
  return s_.survey.surveyed[s_.plan.scenes[band.use->scene].surveyed].inputs[band.input];
}

std::ptrdiff_t WindowReader::native_stride(BandUse band) const {
  const RasterInfo& info = source(band).info;
  return std::ptrdiff_t(info.block_width) * std::ptrdiff_t(size_of(info.type));
}

std::size_t WindowReader::native_bytes(BandUse band) const {
  return std::size_t(native_stride(band)) * std::size_t(source(band).info.block_height);
}

void WindowReader::fill(BandUse band, const Window& window,
                        const std::vector<std::uint8_t>& wanted) {
  const BlockRectangle blocks = block_rectangle(window.source, source(band).info);
  std::size_t i = 0;
  for (std::int64_t by = blocks.top; by < blocks.bottom; ++by)
    for (std::int64_t bx = blocks.left; bx < blocks.right; ++bx, ++i)
      wanted[i] ? fetch(band, window, bx, by) : skip(band, bx, by);
}

void WindowReader::skip(BandUse band, std::int64_t bx, std::int64_t by) {
  ++tally_.blocks_left_out;
  s_.cache.skip(s_.numbers.number(band.use->scene, band.input, bx, by), next_use(band, bx, by));
}

BlockCache::NextUse WindowReader::next_use(BandUse band, std::int64_t bx, std::int64_t by) const {
  const std::vector<SceneUse>& uses = s_.plan.uses[band.use->scene];
  const RasterInfo& info = source(band).info;
  const auto needs = [&](const SceneUse& use) {
    return block_rectangle(s_.plan.windows[use.first_window + band.input], info).contains(bx, by);
  };
  for (std::size_t i = band.use->position + 1; i < uses.size(); ++i)
    if (needs(uses[i])) return uses[i].chunk;
  // An earlier chunk may still be on its way to this block.
  const std::uint32_t oldest =
      s_.survey.inputs[band.input].flags ? s_.oldest.screening : s_.oldest.filling;
  for (std::size_t i = band.use->position; i-- > 0 && uses[i].chunk >= oldest;)
    if (needs(uses[i])) return uses[i].chunk;
  return BlockCache::never;
}

bool WindowReader::is_classified(BandUse band) const {
  const Input& input = s_.survey.inputs[band.input];
  return input.flags && input.method != Resampling::mode;
}

void WindowReader::encode(BandUse band, const std::byte* native, std::ptrdiff_t stride,
                          std::int64_t width, std::int64_t height, PixelRows out) {
  const Stopwatch watch(tally_.nanoseconds_encoding);
  const SceneInput& in = source(band);
  if (is_classified(band))
    s_.flags.encode(native, stride, width, height, in.info.type, in.numbers.nodata, out);
  else
    encode_band(native, stride, width, height, in,
                s_.plan.scenes[band.use->scene].inputs[band.input], out);
}

void WindowReader::fetch(BandUse band, const Window& window, std::int64_t bx, std::int64_t by) {
  const RasterInfo& info = source(band).info;
  const std::int64_t left = bx * info.block_width, top = by * info.block_height;
  const std::int64_t x0 = std::max<std::int64_t>(left, window.source.left),
                     x1 = std::min<std::int64_t>(left + info.block_width, window.source.right);
  const std::int64_t y0 = std::max<std::int64_t>(top, window.source.top),
                     y1 = std::min<std::int64_t>(top + info.block_height, window.source.bottom);
  const std::size_t pixel = window.pixel_bytes, width = std::size_t(x1 - x0),
                    line = std::size_t(info.block_width) * pixel;
  const auto copy = [&](const std::byte* block) {
    const Stopwatch watch(tally_.nanoseconds_encoding);
    const std::byte* from = block + std::size_t(y0 - top) * line + std::size_t(x0 - left) * pixel;
    for (std::int64_t y = y0; y < y1; ++y, from += line)
      std::memcpy(window.at(x0, y), from, width * pixel);
  };
  const std::uint64_t number = s_.numbers.number(band.use->scene, band.input, bx, by);
  const BlockCache::NextUse next = next_use(band, bx, by);
  if (const std::byte* const block = s_.cache.acquire(number)) {
    copy(block);
    s_.cache.release(number, next);
    return;
  }
  const std::ptrdiff_t stride = native_stride(band);
  std::byte* const block = s_.cache.reserve(number, line * std::size_t(info.block_height), next);
  // Pixels of one size are decoded where they stay.
  const bool in_place = block && line == std::size_t(stride) && !is_classified(band);
  if (!in_place) native_.resize(std::max(native_.size(), native_bytes(band)));
  std::byte* const native = in_place ? block : native_.data();
  try {
    decode(band, bx, by, number, native);
  } catch (...) {
    s_.cache.abandon(number);
    throw;
  }
  if (block) {
    encode(band, native, stride, info.block_width, info.block_height,
           {block, std::ptrdiff_t(line)});
    s_.cache.publish(number);
    copy(block);
    s_.cache.release(number, next);
    return;
  }
  s_.cache.abandon(number);
  const std::byte* const from =
      native + (y0 - top) * stride + (x0 - left) * std::ptrdiff_t(size_of(info.type));
  encode(band, from, stride, x1 - x0, y1 - y0, {window.at(x0, y0), window.stride()});
}

void WindowReader::decode(BandUse band, std::int64_t bx, std::int64_t by, std::uint64_t number,
                          std::byte* native) {
  const TraceSpan span(s_.trace, "decode", "block", number);
  try {
    read_native(*s_.bands[band.use->scene][band.input], bx, by, number, native);
  } catch (const IoError& error) {
    // What was kept of its header may be damaged, or of an earlier object.
    RemoteFile::forget(source(band).href);
    throw SceneError(error, band.use->scene, source(band).asset, source(band).href);
  }
  ++tally_.blocks_decoded;
}

void WindowReader::read_native(const RasterBand& raster, std::int64_t bx, std::int64_t by,
                               std::uint64_t number, std::byte* native) {
  const std::ptrdiff_t stride =
      std::ptrdiff_t(raster.info().block_width) * std::ptrdiff_t(size_of(raster.info().type));
  if (!s_.supply || !s_.supply->serves(raster))
    return raster.read_block(bx, by, native, stride, scratch_, tally_.cost);
  for (int fetched = 1;; ++fetched) {
    const SuppliedBlock block =
        fetched == 1 ? s_.supply->take(number, raster, bx, by) : s_.supply->fetch(raster, bx, by);
    tally_.cost.bytes_read += block.bytes.size();
    try {
      raster.decode_block(bx, by, block.bytes, native, stride, scratch_, tally_.cost);
      tally_.blocks_refetched += fetched > 1;
      return;
    } catch (const IoError& error) {
      if (fetched == fetches_of_damaged)
        throw IoError(raster.path(), std::string(error.what()).substr(raster.path().size() + 2) +
                                         " (fetched " + std::to_string(fetched) +
                                         " times: damaged in the store, or its header is)");
    }
  }
}

}  // namespace cubemill
