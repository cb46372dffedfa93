#include "cubemill/model/scene.hpp"

#include <algorithm>

namespace cubemill {

double Scene::centre_longitude() const {
  if (!bbox) return 0;
  const double west = (*bbox)[0], east = (*bbox)[2];
  double centre = (west + east) / 2;
  if (west > east) centre += 180;  // half of the 360° by which east lies further on
  if (centre > 180) centre -= 360;
  return centre;
}

const SceneAsset* Scene::find_asset(const std::string& key) const {
  if (const auto found = assets.find(key); found != assets.end()) return &found->second;
  const SceneAsset* only = nullptr;
  for (const auto& entry : assets) {
    const auto& names = entry.second.names;
    if (std::find(names.begin(), names.end(), key) == names.end()) continue;
    if (only) return nullptr;
    only = &entry.second;
  }
  return only;
}

Date solar_day(const Scene& scene, double output_longitude) {
  if (!scene.has_time_of_day) return utc_date(scene.start);
  double longitude = scene.centre_longitude();
  if (longitude - output_longitude > 180) longitude -= 360;
  if (longitude - output_longitude < -180) longitude += 360;
  return solar_date(scene.start, longitude);
}

}  // namespace cubemill
