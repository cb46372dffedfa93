#include "exec/estimated_header.hpp"

#include <algorithm>
#include <cmath>

namespace cubemill {
namespace {

// The side of an overview of a raster of `size` pixels, where another one of `like` has `overview`.
std::int64_t side_like(std::int64_t size, std::int64_t like, std::int64_t overview) {
  const auto factor = std::int64_t(std::llround(double(like) / double(overview)));
  const bool rounded_down = factor * overview <= like;
  return std::max<std::int64_t>(1, (size + (rounded_down ? 0 : factor - 1)) / factor);
}

}  // namespace

RasterInfo info_from_metadata(const SceneAsset& asset, const RasterInfo& like) {
  RasterInfo info = like;
  info.grid.crs = Crs::parse(asset.proj.crs);
  const auto& t = *asset.proj.transform;
  info.grid.transform = {t[0], t[1], t[2], t[3], t[4], t[5]};
  info.grid.height = (*asset.proj.shape)[0], info.grid.width = (*asset.proj.shape)[1];
  for (OverviewInfo& overview : info.overviews) {
    overview.width = side_like(info.grid.width, like.grid.width, overview.width);
    overview.height = side_like(info.grid.height, like.grid.height, overview.height);
    overview.stored_bytes = 0;
  }
  return info;
}

bool has_grid(const SceneAsset& a) {
  return !a.proj.crs.empty() && a.proj.transform && a.proj.shape;
}

}  // namespace cubemill
