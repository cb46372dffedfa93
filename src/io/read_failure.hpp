// Why a read did not work, before it is known which raster and which block it was for. Never leaves
// src/io: whoever knows path and block turns it into an IoError.
#pragma once
#include <stdexcept>

namespace cubemill {

struct ReadFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace cubemill
