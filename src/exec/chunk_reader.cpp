#include "exec/chunk_reader.hpp"

#include <algorithm>
#include <cstring>

#include "cubemill/backend/mode.hpp"
#include "cubemill/base/wide_loops.hpp"
#include "exec/packed_classes.hpp"
#include "exec/reduced_classes.hpp"
#include "exec/stopwatch.hpp"
#include "exec/wanted_blocks.hpp"

namespace cubemill {

namespace {

CUBEMILL_WIDE_LOOPS void fill_missing(const std::uint8_t* __restrict from, std::size_t count,
                                      std::uint8_t* __restrict classes) {
  static_assert(qa_missing == 0);
  for (std::size_t i = 0; i < count; ++i) classes[i] = classes[i] ? classes[i] : from[i];
}

}  // namespace

/// One scene of the chunk being read.
struct ChunkReader::SceneWork {
  const ChunkScene* use = nullptr;
  const PlannedScene* planned = nullptr;
  const SurveyedScene* surveyed = nullptr;
  std::uint8_t* classes = nullptr;
  std::vector<std::shared_ptr<const TileCoordinates>> tables;  // by input
  std::vector<Window> windows;                                 // by input; flags: empty
};

ChunkReader::ChunkReader(const Sources& sources, CoordinateCache& coordinates,
                         const PassKernels& kernels, bool fuse_pixels)
    : s_(sources),
      coordinates_(coordinates),
      kernels_(kernels),
      fuse_pixels_(fuse_pixels),
      windows_(s_) {}

ReadyChunk ChunkReader::read(std::uint32_t index, Slab slab) {
  const TraceSpan span(s_.trace, "read", "chunk", index);
  Work work;
  const ScreenedChunk screened =
      screen_into(index, work, [&](std::size_t bytes) { return slab.take(bytes); });
  return fill_from(screened, work, std::move(slab));
}

ScreenedChunk ChunkReader::screen(std::uint32_t index) {
  const TraceSpan span(s_.trace, "screen", "chunk", index);
  const Chunk& chunk = s_.plan.chunks[index];
  const std::size_t bytes = class_plane_bytes(chunk.window.width, chunk.window.height);
  planes_.resize(std::max(planes_.size(), bytes * (chunk.scenes + 1)));
  std::byte* next = planes_.data();
  Work work;
  ScreenedChunk screened = screen_into(
      index, work, [&](std::size_t plane) { return std::exchange(next, next + plane); });
  for (std::size_t i = 0; i < work.scenes.size(); ++i)
    screened.scenes[i].classes = pack_classes(work.scenes[i].classes, bytes);
  return screened;
}

ReadyChunk ChunkReader::fill(const ScreenedChunk& screened, Slab slab) {
  const TraceSpan span(s_.trace, "fill", "chunk", screened.chunk);
  const Chunk& chunk = s_.plan.chunks[screened.chunk];
  const std::size_t bytes = class_plane_bytes(chunk.window.width, chunk.window.height);
  ScreenedChunk kept{screened.chunk, {}};
  Work work;
  for (const ScreenedChunk::Scene& scene : screened.scenes) {
    if (s_.left_out[s_.plan.chunk_scenes[chunk.first_scene + scene.position].scene]) continue;
    work.scenes.push_back(start(chunk, scene.position));
    work.scenes.back().classes = reinterpret_cast<std::uint8_t*>(slab.take(bytes));
    unpack_classes(scene.classes, work.scenes.back().classes, bytes);
    kept.scenes.push_back({scene.position, {}, scene.wanted});
  }
  return fill_from(kept, work, std::move(slab));
}

ChunkReader::SceneWork ChunkReader::start(const Chunk& chunk, std::uint32_t position) {
  SceneWork w;
  w.use = &s_.plan.chunk_scenes[chunk.first_scene + position];
  w.planned = &s_.plan.scenes[w.use->scene];
  w.surveyed = &s_.survey.surveyed[w.planned->surveyed];
  const Stopwatch watch(windows_.tally().nanoseconds_coordinates);
  for (const PlannedInput& in : w.planned->inputs)
    w.tables.push_back(coordinates_.tables(in.lattice, chunk.window));
  return w;
}

ScreenedChunk ChunkReader::screen_into(std::uint32_t index, Work& work,
                                       const std::function<std::byte*(std::size_t)>& plane) {
  const Chunk& chunk = s_.plan.chunks[index];
  const std::int64_t width = chunk.window.width, height = chunk.window.height;
  const std::size_t bytes = class_plane_bytes(width, height);
  std::vector<SceneWork>& works = work.scenes;
  ScreenedChunk screened{index, {}};
  for (std::uint32_t i = 0; i < chunk.scenes; ++i) {
    if (s_.left_out[s_.plan.chunk_scenes[chunk.first_scene + i].scene]) continue;
    screened.scenes.push_back({i, {}, {}});
    works.push_back(start(chunk, i));
    works.back().classes = reinterpret_cast<std::uint8_t*>(plane(bytes));
  }
  for (SceneWork& w : works) read_flags(chunk, w);

  std::vector<std::uint8_t> cells;
  {
    const Stopwatch watch(windows_.tally().nanoseconds_flags);
    std::vector<const std::uint8_t*> planes;
    for (const SceneWork& w : works) planes.push_back(w.classes);
    // Of the scenes of a day the first one that is not missing counts.
    if (!fuse_pixels_ && works.size() > 1) planes = {work.fused = fuse(chunk, works, plane(bytes))};
    cells = good_cells(planes, width, height);
  }
  for (std::size_t w = 0; w < works.size(); ++w)
    for (std::size_t i = 0; i < s_.survey.inputs.size(); ++i)
      screened.scenes[w].wanted.push_back(
          s_.survey.inputs[i].flags
              ? std::vector<std::uint8_t>()
              : wanted_blocks(chunk, *works[w].tables[i], works[w].planned->inputs[i].origin,
                              s_.plan.windows[works[w].use->first_window + i],
                              works[w].surveyed->inputs[i].info, cells));
  return screened;
}

std::uint8_t* ChunkReader::fuse(const Chunk& chunk, const std::vector<SceneWork>& works,
                                std::byte* plane) {
  const std::size_t bytes = class_plane_bytes(chunk.window.width, chunk.window.height);
  auto* const fused = reinterpret_cast<std::uint8_t*>(plane);
  std::memcpy(fused, works[0].classes, bytes);
  for (std::size_t i = 1; i < works.size(); ++i) fill_missing(works[i].classes, bytes, fused);
  return fused;
}

ReadyChunk ChunkReader::fill_from(const ScreenedChunk& screened, Work& work, Slab slab) {
  const Chunk& chunk = s_.plan.chunks[screened.chunk];
  ReadyChunk ready;
  ready.chunk = screened.chunk;
  ready.staged.slab = std::move(slab);
  FoldChunk& fold = ready.staged.fold;
  fold.width = chunk.window.width;
  fold.height = chunk.window.height;
  fold.fuse_pixels = fuse_pixels_;
  std::vector<SceneWork>& works = work.scenes;
  if (!fuse_pixels_ && works.size() > 1 && !work.fused)
    work.fused =
        fuse(chunk, works,
             ready.staged.slab.take(class_plane_bytes(chunk.window.width, chunk.window.height)));
  fold.fused_classes = work.fused;
  for (std::size_t w = 0; w < works.size(); ++w)
    fill_bands(screened.scenes[w], works[w], ready.staged.slab);
  for (const SceneWork& w : works) {
    fold.scenes.push_back(fold_scene(w));
    ready.staged.keep.insert(ready.staged.keep.end(), w.tables.begin(), w.tables.end());
  }
  return ready;
}

void ChunkReader::fill_bands(const ScreenedChunk::Scene& screened, SceneWork& w, Slab& slab) {
  for (std::size_t i = 0; i < s_.survey.inputs.size(); ++i) {
    Window window;
    if (!s_.survey.inputs[i].flags) {
      window.source = s_.plan.windows[w.use->first_window + i];
      window.layout = {window.source.right - window.source.left,
                       window.source.bottom - window.source.top};
      window.pixel_bytes = size_of(w.planned->inputs[i].storage);
      window.data = slab.take(window.layout.bytes(window.pixel_bytes));
      window.fill_rim();
      windows_.fill({w.use, i}, window, screened.wanted[i]);
    }
    w.windows.push_back(window);
  }
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
  window.fill_rim();
  const RasterInfo& info = w.surveyed->inputs[0].info;
  windows_.fill(
      {w.use, 0}, window,
      std::vector<std::uint8_t>(std::size_t(block_rectangle(window.source, info).count()), 1));
  const Stopwatch watch(windows_.tally().nanoseconds_flags);
  sample_flags(chunk, w, w.planned->cover ? reduced(w, window) : window);
}

// Flags on the grid of the overviews that the bands are read from.
Window ChunkReader::reduced(const SceneWork& w, const Window& flags) {
  const FlagCover& cover = *w.planned->cover;
  Window window;
  window.source = s_.plan.windows[w.use->first_window + cover.input];
  window.layout = {window.source.right - window.source.left,
                   window.source.bottom - window.source.top};
  window.pixel_bytes = 1;
  if (reduced_.size() < window.layout.bytes(1)) reduced_.resize(window.layout.bytes(1));
  window.data = reduced_.data();
  window.fill_rim();
  const auto classes = [](std::byte* at) { return reinterpret_cast<std::uint8_t*>(at); };
  reduce_classes(
      {flags.source, classes(flags.at(flags.source.left, flags.source.top)), flags.stride()}, cover,
      window.source, classes(window.at(window.source.left, window.source.top)), window.stride());
  return window;
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
      kernels_.sample_classes(where, window.view(0), y, width, w.classes + y * stride);
  }
  const FlagCounts counts = count_flags(w.classes, chunk.window.width, chunk.window.height);
  windows_.tally().flags_seen += counts.seen;
  windows_.tally().flags_masked += counts.masked;
}

std::vector<NeededBlock> ChunkReader::needed_flags(std::uint32_t index) const {
  std::vector<NeededBlock> needed;
  if (!s_.survey.inputs.front().flags) return needed;
  const Chunk& chunk = s_.plan.chunks[index];
  for (std::uint32_t i = 0; i < chunk.scenes; ++i)
    add_needed(s_.plan.chunk_scenes[chunk.first_scene + i], 0, nullptr, needed);
  return needed;
}

std::vector<NeededBlock> ChunkReader::needed_blocks(const ScreenedChunk& screened) const {
  std::vector<NeededBlock> needed;
  const Chunk& chunk = s_.plan.chunks[screened.chunk];
  for (const ScreenedChunk::Scene& scene : screened.scenes)
    for (std::size_t i = 0; i < s_.survey.inputs.size(); ++i)
      if (!s_.survey.inputs[i].flags)
        add_needed(s_.plan.chunk_scenes[chunk.first_scene + scene.position], i, &scene.wanted[i],
                   needed);
  return needed;
}

// `wanted`: which blocks of the window, row by row; null: all.
void ChunkReader::add_needed(const ChunkScene& use, std::size_t input,
                             const std::vector<std::uint8_t>* wanted,
                             std::vector<NeededBlock>& needed) const {
  const RasterBand& raster = *s_.bands[use.scene][input];
  if (!BlockSupply::serves(raster)) return;
  const BlockRectangle blocks =
      block_rectangle(s_.plan.windows[use.first_window + input], raster.info());
  std::size_t i = 0;
  for (std::int64_t by = blocks.top; by < blocks.bottom; ++by)
    for (std::int64_t bx = blocks.left; bx < blocks.right; ++bx, ++i)
      if (!wanted || (*wanted)[i])
        needed.push_back(
            {s_.numbers.number(use.scene, input, bx, by), &raster, *raster.block_place(bx, by)});
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
