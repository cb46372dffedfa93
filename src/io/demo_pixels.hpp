// Renders the pixels of one demo scene: landscape, season, clouds with shadows, QA_PIXEL codes,
// sensor noise, and the few awkward pixels that real scenes have. Owns nothing; one scene is
// rendered by one thread.
#pragma once
#include <cstdint>
#include <vector>

#include "io/demo_landscape.hpp"
#include "io/demo_scene.hpp"

namespace cubemill::demo {

/// Digital numbers as Collection 2 stores them, row-major, width × height of the scene's grid.
struct ScenePixels {
  std::vector<std::uint16_t> red;  ///< reflectance = DN × 2.75e-5 − 0.2; 0 = nodata
  std::vector<std::uint16_t> nir08;
  std::vector<std::uint16_t> qa_pixel;  ///< bits of QA_PIXEL; 1 = fill
  double cloud_cover = 0;               ///< percent of the valid pixels whose cloud bit is set
};

ScenePixels render(const DemoScene& scene, const Landscape& landscape);

}  // namespace cubemill::demo
