// How many output pixels of a row go through the pass together. Plain.
#pragma once

namespace cubemill {

/// Pixels of a run: four groups of eight lanes, one warp of a GPU. Windows of chunks begin at a
/// multiple of it.
constexpr int run_length = 32;

}  // namespace cubemill
