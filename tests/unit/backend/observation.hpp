// A random observation of a tile for the tests of backends: scenes with their source windows and
// classes, staged into slabs, in whole or in pieces, as readers would. Owns its data, so that it
// can be staged again and again. One thread at a time.
#pragma once
#include <array>
#include <deque>
#include <map>
#include <memory>

#include "cubemill/backend/fold_backend.hpp"
#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/window_layout.hpp"
#include "unit/backend/pass_fixture.hpp"

namespace cubemill::testing_pass {

/// What an observation is like.
struct Look {
  Resampling method = Resampling::nearest;
  Storage storage = Storage::u16;
  bool fuse_pixels = true;
  bool bands_differ = false;  ///< the first band has this method and storage, the others the next
  double scale = 2.75e-5;
  int scenes = 2;
};

/// Bands in slots 0 to 2 over a tile of edge × edge pixels.
class Observation {
 public:
  static constexpr std::int64_t edge = 64;
  static constexpr std::size_t slab_bytes = std::size_t(1) << 19;  ///< what any of them fits into

  Observation(const Look& look, std::uint64_t seed) : look_(look), random_(seed) {
    for (int s = 0; s < look.scenes; ++s) add_scene();
    fuse_classes();
  }

  /// Fills a slab with what a window of the tile needs; windows begin at multiples of run_length.
  StagedChunk stage(Slab slab, const PixelWindow& window) {
    StagedChunk staged{{window.width, window.height, look_.fuse_pixels, {}, nullptr}, {}, {}};
    for (Scene& scene : scenes_) {
      FoldScene to{copied_classes(scene.classes, window, slab), {}};
      const std::shared_ptr<const Located>& tables = scene.tables_of(window, output_);
      for (BandGroup group : scene.groups) {
        group.where = tables->view;
        for (int b = 0; b < group.bands; ++b) copy_pixels(group.window[b], group.storage, slab);
        to.groups.push_back(group);
      }
      staged.fold.scenes.push_back(std::move(to));
      staged.keep.push_back(tables);
    }
    if (!look_.fuse_pixels && scenes_.size() > 1)
      staged.fold.fused_classes = copied_classes(fused_, window, slab);
    staged.slab = std::move(slab);
    return staged;
  }

 private:
  using Classes = std::array<std::uint8_t, edge * edge>;

  struct Scene {
    GeoBox source;
    Classes classes;
    std::vector<BandGroup> groups;  // views of `windows`; no tables
    std::deque<RandomWindow> windows;
    std::map<std::array<std::int64_t, 4>, std::shared_ptr<const Located>> tables;

    // The same window, the same tables: backends may keep them by their id.
    const std::shared_ptr<const Located>& tables_of(const PixelWindow& w, const GeoBox& output) {
      auto& found = tables[{w.x, w.y, w.width, w.height}];
      if (!found)
        found = std::make_shared<Located>(Lattice(output, source.crs, source.transform), source, w);
      return found;
    }
  };

  // Pixels as large as the tile's, smaller or larger ones, or turned. It covers the middle of the
  // tile, and not always its edges.
  GeoBox some_source() {
    const auto up_to = [&](double most) { return most * double(random_() % 1000) / 1000; };
    const double west = up_to(24) - 4, north = up_to(24) - 4;
    const double left = 300015 + 30 * west, top = 4000005 - 30 * north;
    const Affine maps[] = {{30, 0, left, 0, -30, top},
                           {23, 0, left, 0, -23, top},
                           {47, 0, left, 0, -47, top},
                           {29, 5, left, 5, -29, top}};
    const Affine& map = maps[random_() % std::size(maps)];
    const auto columns = std::int64_t((52 + up_to(16) - west) * 30 / map.a),
               rows = std::int64_t((42 + up_to(26) - north) * 30 / map.a);
    return grid("EPSG:32618", map, columns, rows);
  }

  void add_scene() {
    Scene& scene = scenes_.emplace_back();
    scene.source = some_source();
    for (std::uint8_t& c : scene.classes) c = std::uint8_t(random_() % 3);
    const auto method = Resampling((int(look_.method) + 1) % 5);
    const auto storage = Storage((int(look_.storage) + 1) % 4);
    if (look_.bands_differ) {
      add_group(scene, look_.method, look_.storage, 0, 1);
      add_group(scene, method, storage, 1, 2);
    } else {
      add_group(scene, look_.method, look_.storage, 0, 3);
    }
  }

  void add_group(Scene& scene, Resampling method, Storage storage, int first_slot, int bands) {
    BandGroup g{method, storage, {}, bands, {}, {}, {}, {}};
    for (int b = 0; b < bands; ++b) {
      scene.windows.emplace_back(storage, whole(scene.source), 0.3, std::uint16_t(random_()),
                                 random_);
      g.slot[b] = first_slot + b, g.window[b] = scene.windows.back().view;
      g.scale[b] = look_.scale, g.offset[b] = b == 1 ? -0.2 : 0.0;
    }
    scene.groups.push_back(g);
  }

  void fuse_classes() {
    fused_.fill(qa_missing);
    for (const Scene& scene : scenes_)
      for (std::size_t i = 0; i < fused_.size(); ++i)
        if (fused_[i] == qa_missing) fused_[i] = scene.classes[i];
  }

  static const std::uint8_t* copied_classes(const Classes& from, const PixelWindow& w, Slab& slab) {
    const std::size_t bytes = class_plane_bytes(w.width, w.height);
    auto* const to = reinterpret_cast<std::uint8_t*>(slab.take(bytes));
    std::memset(to, qa_missing, bytes);
    for (std::int64_t y = 0; y < w.height; ++y)
      std::memcpy(to + y * class_stride(w.width), &from[std::size_t((w.y + y) * edge + w.x)],
                  std::size_t(w.width));
    return to;
  }

  static void copy_pixels(WindowView& window, Storage storage, Slab& slab) {
    const std::size_t bytes =
        std::size_t(window.stride * (window.bottom - window.top)) * size_of(storage);
    window.data = std::memcpy(slab.take(bytes), window.data, bytes);
  }

  const Look look_;
  std::mt19937_64 random_;
  const GeoBox output_ = grid("EPSG:32618", {30, 0, 300015, 0, -30, 4000005}, edge, edge);
  std::deque<Scene> scenes_;
  Classes fused_;
};

}  // namespace cubemill::testing_pass
