#include <cstring>
#include <stdexcept>
#include <utility>

#include "chunk_launches.hpp"
#include "cubemill/pixel/window_layout.hpp"

namespace cubemill::cuda {
namespace {

constexpr std::size_t scene_bytes(std::size_t bands) {
  return offsetof(SceneArgs<1>, band) + bands * sizeof(BandArgs);
}

std::pair<const BandGroup*, int> find(const FoldScene& scene, std::int32_t slot) {
  for (const BandGroup& g : scene.groups)
    for (int b = 0; b < g.bands; ++b)
      if (g.slot[b] == slot) return {&g, b};
  throw std::logic_error("a chunk lacks a band of its index");
}

std::optional<Shape> shape_of(const FoldChunk& chunk, const FoldIndex& index) {
  std::optional<Shape> shape;
  for (const FoldScene& scene : chunk.scenes)
    for (const std::int32_t slot : index.slots) {
      const BandGroup& g = *find(scene, slot).first;
      if (shape && (shape->storage != g.storage || shape->method != g.method)) return {};
      shape = Shape{g.storage, g.method};
    }
  return shape;
}

template <class T>
const T* on_device(const ChunkPlaces& places, const T* host) {
  const auto offset = reinterpret_cast<const std::byte*>(host) - places.slab;
  return reinterpret_cast<const T*>(places.device_slab + offset);
}

FoldArgs arguments_of(const FoldChunk& chunk, AccumulatorKind kind, std::int64_t stride,
                      const ChunkPlaces& places) {
  const std::uint8_t* const fused =
      chunk.fused_classes ? chunk.fused_classes : chunk.scenes.front().classes;
  FoldArgs a{};
  a.width = std::int32_t(chunk.width), a.height = std::int32_t(chunk.height);
  a.scenes = std::int32_t(chunk.scenes.size());
  a.fuse_pixels = chunk.fuse_pixels;
  a.kind = kind;
  a.class_stride = std::int32_t(class_stride(chunk.width));
  a.fused_classes = on_device(places, fused);
  a.stride = std::int32_t(stride);
  return a;
}

void write_scene(const FoldScene& scene, const FoldIndex& index, std::int64_t rows,
                 const ChunkPlaces& places, TableCache& tables, std::byte* to) {
  const std::uint8_t* const classes = on_device(places, scene.classes);
  std::memcpy(to, &classes, sizeof classes);
  to += offsetof(SceneArgs<1>, band);
  BandArgs before{};
  for (const std::int32_t slot : index.slots) {
    const auto [group, b] = find(scene, slot);
    BandArgs band{};
    band.where = tables.on_device(group->where, rows);
    band.window = group->window[b];
    band.window.data = on_device(places, static_cast<const std::byte*>(band.window.data));
    band.scale = group->scale[b], band.offset = group->offset[b];
    band.storage = group->storage, band.method = group->method;
    place_band(band, slot == index.slots.front() ? nullptr : &before);
    std::memcpy(to, &band, sizeof band);
    to += sizeof band;
    before = band;
  }
}

}  // namespace

std::size_t argument_bytes(const FoldChunk& chunk, const std::vector<FoldIndex>& indices) {
  std::size_t bytes = 0;
  for (const FoldIndex& index : indices)
    bytes += chunk.scenes.size() * scene_bytes(index.slots.size());
  return bytes;
}

std::vector<ChunkLaunch> write_launches(const FoldChunk& chunk, const FoldSpec& spec,
                                        const ChunkPlaces& places, TableCache& tables) {
  std::vector<ChunkLaunch> launches;
  std::size_t at = 0;
  for (std::size_t i = 0; i < spec.indices.size(); ++i) {
    const FoldIndex& index = spec.indices[i];
    launches.push_back({index.index, shape_of(chunk, index),
                        arguments_of(chunk, spec.kinds[i], spec.tile_edge, places)});
    launches.back().arguments.scene = places.device_arguments + at;
    for (const FoldScene& scene : chunk.scenes) {
      write_scene(scene, index, chunk.height, places, tables, places.arguments + at);
      at += scene_bytes(index.slots.size());
    }
  }
  return launches;
}

}  // namespace cubemill::cuda
