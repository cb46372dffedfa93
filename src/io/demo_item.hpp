// The STAC Item of a demo scene, in the form in which Landsat Collection 2 items are published. No
// files, no threads.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "io/demo_scene.hpp"

namespace cubemill::demo {

/// One band of a scene: key of its asset and end of its file's name.
struct DemoBand {
  const char* key;
  const char* suffix;
  bool flags;
};
inline constexpr DemoBand demo_bands[] = {
    {"red", "SR_B4", false}, {"nir08", "SR_B5", false}, {"qa_pixel", "QA_PIXEL", true}};

std::string file_name(const DemoScene& scene, const DemoBand& band);

/// Describes the scene with hrefs that start with `prefix` (`./`, or `./FOLDER/`); `cloud_cover` in
/// percent.
nlohmann::ordered_json stac_item(const DemoScene& scene, double cloud_cover,
                                 const std::string& prefix);

}  // namespace cubemill::demo
