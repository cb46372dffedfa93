#include "exec/chunk_reader.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "cubemill/backend/mode.hpp"
#include "exec/wanted_blocks.hpp"
#include "io/thread_clock.hpp"

namespace cubemill {

void ReadTally::add(const ReadTally& o) {
  cost.requests += o.cost.requests;
  cost.bytes_read += o.cost.bytes_read;
  cost.bytes_decoded += o.cost.bytes_decoded;
  cost.nanoseconds_reading += o.cost.nanoseconds_reading;
  cost.nanoseconds_decoding += o.cost.nanoseconds_decoding;
  blocks_decoded += o.blocks_decoded;
  blocks_left_out += o.blocks_left_out;
  flags_seen += o.flags_seen;
  flags_masked += o.flags_masked;
  nanoseconds_encoding += o.nanoseconds_encoding;
  nanoseconds_coordinates += o.nanoseconds_coordinates;
  nanoseconds_flags += o.nanoseconds_flags;
}

/// A window being filled: its memory, rim included.
struct ChunkReader::Window {
  SourceWindow source;
  WindowLayout layout;
  std::size_t pixel_bytes = 2;
  std::byte* data = nullptr;

  std::ptrdiff_t stride() const { return layout.stride() * std::ptrdiff_t(pixel_bytes); }
  std::byte* at(std::int64_t col, std::int64_t row) const {
    return data + (row - source.top + WindowLayout::rim_rows) * stride() +
           (col - source.left + WindowLayout::rim_columns) * std::ptrdiff_t(pixel_bytes);
  }
  WindowView view(std::uint16_t key) const {
    if (source.empty()) return {};
    constexpr auto c = std::int32_t(WindowLayout::rim_columns),
                   r = std::int32_t(WindowLayout::rim_rows);
    return {
        data, layout.stride(), source.left - c, source.top - r, source.right + c, source.bottom + r,
        key};
  }
};

/// One scene of the chunk being read.
struct ChunkReader::SceneWork {
  const ChunkScene* use = nullptr;
  const PlannedScene* planned = nullptr;
  const SurveyedScene* surveyed = nullptr;
  std::uint8_t* classes = nullptr;
  std::vector<std::shared_ptr<const TileCoordinates>> tables;  // by input
  std::vector<Window> windows;                                 // by input; flags: empty
};

namespace {

class Stopwatch {
 public:
  explicit Stopwatch(std::uint64_t& total) : total_(total), start_(thread_nanoseconds()) {}
  ~Stopwatch() { total_ += thread_nanoseconds() - start_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::uint64_t& total_;
  std::uint64_t start_;
};

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

/// Surrounds the pixels of a window with invalid ones.
void fill_rim(std::byte* data, const WindowLayout& layout, std::size_t pixel_bytes) {
  if (layout.rows <= 0 || layout.columns <= 0) return;  // nobody looks into an empty window
  const std::size_t stride = std::size_t(layout.stride());
  const std::size_t line = stride * pixel_bytes, rim = std::size_t(WindowLayout::rim_rows);
  const std::size_t left = std::size_t(WindowLayout::rim_columns),
                    columns = std::size_t(layout.columns), rows = std::size_t(layout.rows);
  // The right rim of a row and the left rim of the next lie together.
  fill_invalid(data, stride * rim + left, pixel_bytes);
  std::byte* right = data + rim * line + (left + columns) * pixel_bytes;
  for (std::size_t y = 1; y < rows; ++y, right += line)
    fill_invalid(right, stride - columns, pixel_bytes);
  fill_invalid(right, stride * (rim + 1) - left - columns, pixel_bytes);
}

}  // namespace

ChunkReader::ChunkReader(Sources sources) : s_(std::move(sources)) {
  std::uint64_t block = 0;
  for (const auto& scene : s_.bands)
    for (const auto& band : scene) {
      first_block_.push_back(block);
      block += std::uint64_t(band->info().blocks_across() * band->info().blocks_down());
    }
}

ReadyChunk ChunkReader::read(std::uint32_t index, Slab slab) {
  const TraceSpan span(s_.trace, "read", "chunk", index);
  const Chunk& chunk = s_.plan.chunks[index];
  ReadyChunk ready;
  ready.chunk = index;
  ready.staged.slab = std::move(slab);
  ready.staged.fold.width = chunk.window.width;
  ready.staged.fold.height = chunk.window.height;
  ready.staged.fold.fuse_pixels = s_.fuse_pixels;
  std::vector<SceneWork> works;
  for (std::uint32_t i = 0; i < chunk.scenes; ++i) {
    const ChunkScene& use = s_.plan.chunk_scenes[chunk.first_scene + i];
    if (s_.left_out[use.scene]) continue;
    SceneWork& w = works.emplace_back();
    w.use = &use;
    w.planned = &s_.plan.scenes[w.use->scene];
    w.surveyed = &s_.survey.surveyed[w.planned->surveyed];
    w.classes = reinterpret_cast<std::uint8_t*>(
        ready.staged.slab.take(class_plane_bytes(chunk.window.width, chunk.window.height)));
    const Stopwatch watch(tally_.nanoseconds_coordinates);
    for (const PlannedInput& in : w.planned->inputs)
      w.tables.push_back(s_.coordinates.tables(in.lattice, chunk.window));
  }
  for (SceneWork& w : works) read_flags(chunk, w);
  const std::vector<std::uint8_t> cells = wanted_cells(chunk, works, ready);
  for (SceneWork& w : works)
    for (std::size_t i = 0; i < s_.survey.inputs.size(); ++i) {
      Window window;
      if (!s_.survey.inputs[i].flags) {
        window.source = s_.plan.windows[w.use->first_window + i];
        window.layout = {window.source.right - window.source.left,
                         window.source.bottom - window.source.top};
        window.pixel_bytes = size_of(w.planned->inputs[i].storage);
        window.data = ready.staged.slab.take(window.layout.bytes(window.pixel_bytes));
        fill_rim(window.data, window.layout, window.pixel_bytes);
        const std::vector<std::uint8_t> wanted =
            wanted_blocks(chunk, *w.tables[i], w.planned->inputs[i].origin, window.source,
                          w.surveyed->inputs[i].info, cells);
        fill_window(w, i, window, wanted);
      }
      w.windows.push_back(window);
    }
  for (const SceneWork& w : works) {
    ready.staged.fold.scenes.push_back(fold_scene(w));
    ready.staged.keep.insert(ready.staged.keep.end(), w.tables.begin(), w.tables.end());
  }
  return ready;
}

void ChunkReader::read_flags(const Chunk& chunk, SceneWork& w) {
  const std::size_t bytes = class_plane_bytes(chunk.window.width, chunk.window.height);
  if (!s_.survey.inputs.front().flags) {
    std::memset(w.classes, qa_good, bytes);
    return;
  }
  Window window;
  window.source = s_.plan.windows[w.use->first_window];
  const bool nothing = window.source.empty() || w.tables[0]->spacing == 0;
  // Sampling leaves alone what fills rows up to whole runs.
  if (nothing || chunk.window.width % run_length != 0) std::memset(w.classes, qa_missing, bytes);
  if (nothing) return;
  window.layout = {window.source.right - window.source.left,
                   window.source.bottom - window.source.top};
  const bool by_mode = s_.survey.inputs.front().method == Resampling::mode;
  window.pixel_bytes = by_mode ? size_of(w.planned->inputs[0].storage) : 1;
  if (flags_.size() < window.layout.bytes(window.pixel_bytes))
    flags_.resize(window.layout.bytes(window.pixel_bytes));
  window.data = flags_.data();
  fill_rim(window.data, window.layout, window.pixel_bytes);
  const RasterInfo& info = w.surveyed->inputs[0].info;
  fill_window(
      w, 0, window,
      std::vector<std::uint8_t>(std::size_t(block_rectangle(window.source, info).count()), 1));
  const Stopwatch watch(tally_.nanoseconds_flags);
  sample_flags(chunk, w, window);
}

CoordinateView ChunkReader::coordinates(const SceneWork& w, std::size_t input) const {
  const TileCoordinates& t = *w.tables[input];
  const Lattice::Origin& o = w.planned->inputs[input].origin;
  return {t.centres.data(), t.boxes.data(), t.segments, t.spacing, o.left, o.top, t.id};
}

void ChunkReader::sample_flags(const Chunk& chunk, SceneWork& w, const Window& window) {
  const CoordinateView where = coordinates(w, 0);
  const std::int64_t stride = class_stride(chunk.window.width);
  const auto width = std::int32_t(chunk.window.width);
  if (s_.survey.inputs.front().method == Resampling::mode) {
    BandGroup g;
    g.method = Resampling::mode;
    g.storage = w.planned->inputs[0].storage;
    g.where = where;
    g.bands = 1, g.window[0] = window.view(w.planned->inputs[0].key), g.scale[0] = 1,
    g.offset[0] = 0;
    RunValues values;
    for (std::int64_t y = 0; y < chunk.window.height; ++y)
      for (std::int32_t x = 0; x < width; x += run_length) {
        const std::int32_t count = std::min(run_length, width - x);
        sample_mode(g, y, x, count, ~0u, values);
        for (std::int32_t i = 0; i < count; ++i)
          w.classes[y * stride + x + i] = s_.flags.classify(values[0][i]);
      }
  } else {
    for (std::int64_t y = 0; y < chunk.window.height; ++y)
      s_.kernels.sample_classes(where, window.view(0), y, width, w.classes + y * stride);
  }
  const FlagCounts counts = count_flags(w.classes, chunk.window.width, chunk.window.height);
  tally_.flags_seen += counts.seen, tally_.flags_masked += counts.masked;
}

std::vector<std::uint8_t> ChunkReader::wanted_cells(const Chunk& chunk,
                                                    const std::vector<SceneWork>& works,
                                                    ReadyChunk& ready) {
  const Stopwatch watch(tally_.nanoseconds_flags);
  const std::int64_t width = chunk.window.width, height = chunk.window.height;
  const std::size_t bytes = class_plane_bytes(width, height);
  std::vector<const std::uint8_t*> planes;
  for (const SceneWork& w : works) planes.push_back(w.classes);
  if (!s_.fuse_pixels && works.size() > 1) {
    auto* const fused = reinterpret_cast<std::uint8_t*>(ready.staged.slab.take(bytes));
    std::memcpy(fused, works[0].classes, bytes);
    for (std::size_t i = 1; i < works.size(); ++i)
      for (std::size_t p = 0; p < bytes; ++p) fused[p] = fused[p] ? fused[p] : works[i].classes[p];
    ready.staged.fold.fused_classes = fused;
    planes = {fused};
  }
  return good_cells(planes, width, height);
}

BlockCache::NextUse ChunkReader::next_use(const SceneWork& w, std::size_t input, std::int64_t bx,
                                          std::int64_t by) const {
  const std::vector<SceneUse>& uses = s_.plan.uses[w.use->scene];
  const RasterInfo& info = w.surveyed->inputs[input].info;
  const auto needs = [&](const SceneUse& use) {
    return block_rectangle(s_.plan.windows[use.first_window + input], info).contains(bx, by);
  };
  for (std::size_t i = w.use->position + 1; i < uses.size(); ++i)
    if (needs(uses[i])) return uses[i].chunk;
  // An earlier chunk may still be on its way to this block.
  for (std::size_t i = w.use->position; i-- > 0 && uses[i].chunk >= s_.oldest_reading;)
    if (needs(uses[i])) return uses[i].chunk;
  return BlockCache::never;
}

void ChunkReader::fill_window(const SceneWork& w, std::size_t input, const Window& window,
                              const std::vector<std::uint8_t>& wanted) {
  const BlockRectangle blocks = block_rectangle(window.source, w.surveyed->inputs[input].info);
  std::size_t i = 0;
  for (std::int64_t by = blocks.top; by < blocks.bottom; ++by)
    for (std::int64_t bx = blocks.left; bx < blocks.right; ++bx, ++i) {
      if (wanted[i]) {
        fetch_block(w, input, window, bx, by);
        continue;
      }
      ++tally_.blocks_left_out;
      s_.cache.skip(block_number(w, input, bx, by), next_use(w, input, bx, by));
    }
}

std::uint64_t ChunkReader::block_number(const SceneWork& w, std::size_t input, std::int64_t bx,
                                        std::int64_t by) const {
  return first_block_[w.use->scene * s_.survey.inputs.size() + input] +
         std::uint64_t(by * w.surveyed->inputs[input].info.blocks_across() + bx);
}

void ChunkReader::encode(const SceneWork& w, std::size_t input, const std::byte* native,
                         std::ptrdiff_t stride, std::int64_t width, std::int64_t height,
                         PixelRows out) {
  const Stopwatch watch(tally_.nanoseconds_encoding);
  const SceneInput& in = w.surveyed->inputs[input];
  const bool classes =
      s_.survey.inputs[input].flags && s_.survey.inputs[input].method != Resampling::mode;
  if (classes)
    s_.flags.encode(native, stride, width, height, in.info.type, in.numbers.nodata, out);
  else
    encode_band(native, stride, width, height, in, w.planned->inputs[input], out);
}

void ChunkReader::fetch_block(const SceneWork& w, std::size_t input, const Window& window,
                              std::int64_t bx, std::int64_t by) {
  const RasterInfo& info = w.surveyed->inputs[input].info;
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
  const std::uint64_t number = block_number(w, input, bx, by);
  const BlockCache::NextUse next = next_use(w, input, bx, by);
  if (const std::byte* const block = s_.cache.acquire(number)) {
    copy(block);
    s_.cache.release(number, next);
    return;
  }
  const std::ptrdiff_t native_stride =
      std::ptrdiff_t(info.block_width) * std::ptrdiff_t(size_of(info.type));
  try {
    const TraceSpan span(s_.trace, "decode", "block", number);
    native_.resize(
        std::max(native_.size(), std::size_t(native_stride) * std::size_t(info.block_height)));
    s_.bands[w.use->scene][input]->read_block(bx, by, native_.data(), native_stride, scratch_,
                                              tally_.cost);
  } catch (const IoError& error) {
    s_.cache.abandon(number);
    throw SceneError(error, w.use->scene, w.surveyed->inputs[input].asset,
                     w.surveyed->inputs[input].href);
  } catch (...) {
    s_.cache.abandon(number);
    throw;
  }
  ++tally_.blocks_decoded;
  if (std::byte* const block =
          s_.cache.reserve(number, line * std::size_t(info.block_height), next)) {
    encode(w, input, native_.data(), native_stride, info.block_width, info.block_height,
           {block, std::ptrdiff_t(line)});
    s_.cache.publish(number);
    copy(block);
    s_.cache.release(number, next);
    return;
  }
  const std::byte* const from = native_.data() + (y0 - top) * native_stride +
                                (x0 - left) * std::ptrdiff_t(size_of(info.type));
  encode(w, input, from, native_stride, x1 - x0, y1 - y0, {window.at(x0, y0), window.stride()});
}

FoldScene ChunkReader::fold_scene(const SceneWork& w) const {
  FoldScene scene;
  scene.classes = w.classes;
  std::int32_t slot = 0;
  std::vector<std::size_t> key_of_group;
  for (std::size_t i = 0; i < s_.survey.inputs.size(); ++i) {
    const Input& input = s_.survey.inputs[i];
    if (input.flags) continue;
    const PlannedInput& p = w.planned->inputs[i];
    const auto same = [&](std::size_t g) {
      const PlannedInput& q = w.planned->inputs[key_of_group[g]];
      return q.lattice == p.lattice && q.origin.left == p.origin.left &&
             q.origin.top == p.origin.top && q.storage == p.storage &&
             s_.survey.inputs[key_of_group[g]].method == input.method &&
             scene.groups[g].bands < max_index_bands;
    };
    std::size_t g = 0;
    while (g < scene.groups.size() && !same(g)) ++g;
    if (g == scene.groups.size()) {
      scene.groups.push_back({input.method, p.storage, coordinates(w, i), 0, {}, {}, {}, {}});
      key_of_group.push_back(i);
    }
    BandGroup& group = scene.groups[g];
    group.slot[group.bands] = slot++;
    group.window[group.bands] = w.windows[i].view(p.key);
    group.scale[group.bands] = *w.surveyed->inputs[i].numbers.scale;
    group.offset[group.bands] = *w.surveyed->inputs[i].numbers.offset;
    ++group.bands;
  }
  return scene;
}

}  // namespace cubemill
