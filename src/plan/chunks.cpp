#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "cubemill/pixel/window_layout.hpp"
#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

/// Output pixels that a scene can touch, roughly and on the safe side.
PixelWindow reach_of(const GeoBox& output, const GeoBox& source, const Transformer& to_output) {
  const PixelWindow everything{0, 0, output.width, output.height};
  Transformer transformer = to_output.clone();
  const Affine inverse = output.transform.inverse();
  double left = HUGE_VAL, top = HUGE_VAL, right = -HUGE_VAL, bottom = -HUGE_VAL;
  std::vector<Point> points = source.outline(32);
  const std::size_t outline = points.size();
  for (int i = 1; i < 8; ++i)
    for (int j = 1; j < 8; ++j)
      points.push_back(
          source.transform.apply(double(source.width) * i / 8, double(source.height) * j / 8));
  for (std::size_t i = 0; i < points.size(); ++i) {
    Point p = points[i];
    transformer.forward(&p.x, &p.y, 1);
    if (!std::isfinite(p.x) || !std::isfinite(p.y)) return everything;
    if (output.crs.geographic()) {
      const double middle = output.transform.apply(double(output.width) / 2, 0).x;
      p.x += 360 * std::round((middle - p.x) / 360);
    }
    const Point q = inverse.apply(p.x, p.y);
    if (i >= outline) {
      // What lies inside stays inside, unless the source holds a pole.
      if (q.x < left || q.x > right || q.y < top || q.y > bottom) return everything;
      continue;
    }
    left = std::min(left, q.x), right = std::max(right, q.x);
    top = std::min(top, q.y), bottom = std::max(bottom, q.y);
  }
  const double slack = 8 + 0.02 * std::max(right - left, bottom - top);
  const auto clamp = [](double v, std::int64_t high) {
    return std::int64_t(std::clamp(v, 0.0, double(high)));
  };
  const std::int64_t x0 = clamp(std::floor(left - slack), output.width),
                     x1 = clamp(std::ceil(right + slack), output.width);
  const std::int64_t y0 = clamp(std::floor(top - slack), output.height),
                     y1 = clamp(std::ceil(bottom + slack), output.height);
  return {x0, y0, x1 - x0, y1 - y0};
}

bool overlap(const PixelWindow& a, const PixelWindow& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/// Cuts one plan. Footprints are the same for all scenes of a lattice, so they are worked out once
/// a window.
class Cutter {
 public:
  Cutter(Plan& plan, const Survey& survey, std::int64_t edge)
      : plan_(plan), survey_(survey), edge_(edge) {
    std::map<std::string, Transformer> transformers;
    for (const PlannedScene& scene : plan.scenes) {
      const GeoBox& source = raster(scene, 0).grid;
      auto t = transformers.find(source.crs.wkt());
      if (t == transformers.end())
        t = transformers.emplace(source.crs.wkt(), Transformer(source.crs, plan.grid.crs)).first;
      reaches_.push_back(reach_of(plan.grid, source, t->second));
    }
    plan.uses.resize(plan.scenes.size());
  }

  void cut(std::uint32_t observation, std::uint32_t tile) {
    const PixelWindow& t = plan_.tiles[tile].window;
    for (std::int64_t y = t.y; y < t.y + t.height; y += edge_)
      for (std::int64_t x = t.x; x < t.x + t.width; x += edge_)
        add(observation, tile,
            {x, y, std::min(edge_, t.x + t.width - x), std::min(edge_, t.y + t.height - y)});
  }

 private:
  const RasterInfo& raster(const PlannedScene& scene, std::size_t input) const {
    return survey_.surveyed[scene.surveyed].inputs[input].info;
  }

  const PixelWindow& footprint(std::size_t lattice, const PixelWindow& w) {
    const auto [found, fresh] = footprints_.try_emplace(std::make_tuple(lattice, w.x, w.y));
    if (fresh) found->second = plan_.lattices[lattice]->footprint(w);
    return found->second;
  }

  SourceWindow source_window(const PlannedScene& scene, std::size_t input, const PixelWindow& w) {
    if (scene.cover && survey_.inputs[input].flags)
      return flags_window(*scene.cover, raster(scene, input).grid,
                          source_window(scene, scene.cover->input, w));
    const PlannedInput& p = scene.inputs[input];
    const RasterInfo& info = raster(scene, input);
    const PixelWindow& f = footprint(p.lattice, w);
    if (f.empty()) return {};
    const auto side = [](std::int64_t from, std::int64_t length, std::int64_t origin,
                         std::int64_t size) {
      return std::pair(std::int32_t(std::clamp<std::int64_t>(from - origin, 0, size)),
                       std::int32_t(std::clamp<std::int64_t>(from + length - origin, 0, size)));
    };
    const auto [left, right] = side(f.x, f.width, p.origin.left, info.grid.width);
    const auto [top, bottom] = side(f.y, f.height, p.origin.top, info.grid.height);
    return {left, top, right, bottom};
  }

  // The flags that have a share in a window of overviews.
  static SourceWindow flags_window(const FlagCover& cover, const GeoBox& flags,
                                   const SourceWindow& window) {
    if (window.empty()) return {};
    const PixelRange x = flags_under(cover.columns, {window.left, window.right}),
                     y = flags_under(cover.rows, {window.top, window.bottom});
    const auto inside = [](std::int64_t at, std::int64_t size) {
      return std::int32_t(std::clamp<std::int64_t>(at, 0, size));
    };
    return {inside(x.first, flags.width), inside(y.first, flags.height),
            inside(x.last, flags.width), inside(y.last, flags.height)};
  }

  void add(std::uint32_t observation, std::uint32_t tile, const PixelWindow& window) {
    Chunk chunk{tile, observation, window, std::uint32_t(plan_.chunk_scenes.size()), 0};
    for (const std::size_t s : plan_.observations[observation].scenes) {
      if (!overlap(reaches_[s], window)) continue;
      const PlannedScene& scene = plan_.scenes[s];
      const std::size_t first = plan_.windows.size();
      bool any = false;
      for (std::size_t i = 0; i < scene.inputs.size(); ++i) {
        plan_.windows.push_back(source_window(scene, i, window));
        any |= !plan_.windows.back().empty();
      }
      if (!any) {
        plan_.windows.resize(first);
        continue;
      }
      std::vector<SceneUse>& uses = plan_.uses[s];
      plan_.chunk_scenes.push_back(
          {std::uint32_t(s), std::uint32_t(first), std::uint32_t(uses.size())});
      uses.push_back({std::uint32_t(plan_.chunks.size()), std::uint32_t(first)});
      ++chunk.scenes;
    }
    if (chunk.scenes == 0) return;
    plan_.chunks.push_back(chunk);
    ++plan_.tiles[tile].chunks;
  }

  Plan& plan_;
  const Survey& survey_;
  std::int64_t edge_;
  std::vector<PixelWindow> reaches_;
  std::map<std::tuple<std::size_t, std::int64_t, std::int64_t>, PixelWindow> footprints_;
};

/// The tiles of every period, rows from top to bottom, every second row backwards: neighbours in
/// time are neighbours in space, so blocks that straddle tiles are needed again soon.
void list_tiles(Plan& plan) {
  const std::int64_t across = (plan.grid.width + tile_size - 1) / tile_size;
  const std::int64_t down = (plan.grid.height + tile_size - 1) / tile_size;
  for (std::size_t period = 0; period < plan.periods.size(); ++period)
    for (std::int64_t r = 0; r < down; ++r)
      for (std::int64_t i = 0; i < across; ++i) {
        const std::int64_t c = r % 2 ? across - 1 - i : i;
        const std::int64_t x = c * tile_size, y = r * tile_size;
        plan.tiles.push_back({period,
                              {x, y, std::min(tile_size, plan.grid.width - x),
                               std::min(tile_size, plan.grid.height - y)},
                              0});
      }
}

}  // namespace

void cut_chunks(Plan& plan, const Survey& survey, Order order, std::int64_t edge) {
  plan.order = order;
  // Not cleared: the memory of a finer cut that was tried before would stay.
  plan.tiles = {}, plan.chunks = {}, plan.chunk_scenes = {}, plan.windows = {}, plan.uses = {};
  list_tiles(plan);
  Cutter cutter(plan, survey, edge);
  const std::size_t tiles = plan.tiles.size() / plan.periods.size();
  for (std::size_t period = 0; period < plan.periods.size(); ++period) {
    const auto each_observation = [&](auto&& f) {
      for (std::size_t o = 0; o < plan.observations.size(); ++o)
        if (plan.observations[o].period == period) f(std::uint32_t(o));
    };
    const auto each_tile = [&](auto&& f) {
      for (std::size_t t = period * tiles; t < (period + 1) * tiles; ++t) f(std::uint32_t(t));
    };
    if (order == Order::scene)
      each_observation(
          [&](std::uint32_t o) { each_tile([&](std::uint32_t t) { cutter.cut(o, t); }); });
    else
      each_tile(
          [&](std::uint32_t t) { each_observation([&](std::uint32_t o) { cutter.cut(o, t); }); });
  }
}

BlockRange blocks_of(const SourceWindow& w, const RasterInfo& info) {
  if (w.empty()) return {};
  return {w.left / info.block_width, w.top / info.block_height,
          (w.right - 1) / info.block_width + 1, (w.bottom - 1) / info.block_height + 1};
}

namespace {

/// The chunks that need a block, in the order of the run.
struct NeededIn {
  std::uint32_t first = 0, last = 0, count = 0;
};

/// Calls f(pixels, flags, raster, input, uses) for every block that any chunk needs.
template <class F>
void each_block(const Plan& plan, const Survey& survey, F f) {
  std::vector<NeededIn> all;
  for (std::size_t s = 0; s < plan.scenes.size(); ++s) {
    const auto& inputs = survey.surveyed[plan.scenes[s].surveyed].inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const RasterInfo& info = inputs[i].info;
      all.assign(std::size_t(info.blocks_across() * info.blocks_down()), {});
      for (const SceneUse& use : plan.uses[s]) {
        const BlockRange r = blocks_of(plan.windows[use.first_window + i], info);
        for (std::int64_t y = r.top; y < r.bottom; ++y)
          for (std::int64_t x = r.left; x < r.right; ++x) {
            NeededIn& uses = all[std::size_t(y * info.blocks_across() + x)];
            if (uses.count++ == 0) uses.first = use.chunk;
            uses.last = use.chunk;
          }
      }
      const std::uint64_t pixels =
          std::uint64_t(info.block_width) * std::uint64_t(info.block_height);
      const bool flags = survey.inputs[i].flags;
      for (const NeededIn& uses : all)
        if (uses.count) f(pixels, flags, info, plan.scenes[s].inputs[i], uses);
    }
  }
}

}  // namespace

void count_blocks(Plan& plan, const Survey& survey) {
  plan.blocks = plan.block_bytes_decoded = 0;
  each_block(plan, survey,
             [&](std::uint64_t pixels, bool, const RasterInfo& info, const PlannedInput&, auto) {
               ++plan.blocks;
               plan.block_bytes_decoded += pixels * size_of(info.type);
             });
}

std::uint64_t useful_cache_bytes(const Plan& plan, const Survey& survey) {
  std::vector<std::int64_t> change(plan.chunks.size() + 1);
  each_block(plan, survey,
             [&](std::uint64_t pixels, bool flags, const RasterInfo&, const PlannedInput& p,
                 const NeededIn& uses) {
               if (uses.count == 1) return;
               const std::int64_t bytes = std::int64_t(pixels * (flags ? 1 : size_of(p.storage)));
               change[uses.first] += bytes;
               change[uses.last] -= bytes;
             });
  std::int64_t now = 0, most = 0;
  for (const std::int64_t c : change) most = std::max(most, now += c);
  return std::uint64_t(most);
}

bool needs_boxes(const Survey& survey) {
  return std::any_of(survey.inputs.begin(), survey.inputs.end(), [](const Input& i) {
    return i.method == Resampling::average || i.method == Resampling::mode;
  });
}

namespace {

/// Flags on the grid of overviews.
std::uint64_t reduced_bytes(const Plan& plan, const ChunkScene& use) {
  const std::optional<FlagCover>& cover = plan.scenes[use.scene].cover;
  if (!cover) return 0;
  const SourceWindow& w = plan.windows[use.first_window + cover->input];
  return WindowLayout{w.right - w.left, w.bottom - w.top}.bytes(1);
}

}  // namespace

ChunkBytes largest_chunk(const Plan& plan, const Survey& survey) {
  ChunkBytes most;
  const std::size_t segment =
      sizeof(CentreSegment) + (needs_boxes(survey) ? sizeof(BoxSegment) : 0);
  for (const Chunk& chunk : plan.chunks) {
    ChunkBytes b;
    b.slab = class_plane_bytes(chunk.window.width, chunk.window.height);
    std::vector<std::size_t> lattices;
    for (std::uint32_t c = 0; c < chunk.scenes; ++c) {
      const ChunkScene& cs = plan.chunk_scenes[chunk.first_scene + c];
      const PlannedScene& scene = plan.scenes[cs.scene];
      b.slab += class_plane_bytes(chunk.window.width, chunk.window.height);
      for (std::size_t i = 0; i < survey.inputs.size(); ++i) {
        const SourceWindow& w = plan.windows[cs.first_window + i];
        const WindowLayout layout{w.right - w.left, w.bottom - w.top};
        const bool raw_flags =
            survey.inputs[i].flags && survey.inputs[i].method == Resampling::mode;
        if (survey.inputs[i].flags)
          b.flags = std::max<std::uint64_t>(
              b.flags, layout.bytes(raw_flags ? size_of(scene.inputs[i].storage) : 1) +
                           reduced_bytes(plan, cs));
        else
          b.slab += layout.bytes(size_of(scene.inputs[i].storage));
        const std::size_t l = scene.inputs[i].lattice;
        if (std::find(lattices.begin(), lattices.end(), l) == lattices.end()) lattices.push_back(l);
      }
    }
    for (const std::size_t l : lattices) {
      const std::int64_t spacing = std::max(1, plan.lattices[l]->spacing_at(chunk.window));
      b.coordinates +=
          std::uint64_t(chunk.window.height * ((chunk.window.width + spacing - 1) / spacing)) *
          segment;
    }
    most.slab = std::max(most.slab, b.slab);
    most.flags = std::max(most.flags, b.flags);
    most.coordinates = std::max(most.coordinates, b.coordinates);
  }
  return most;
}

}  // namespace cubemill
