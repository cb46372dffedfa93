// Launches the fold kernel of an index. Its own source, so that the backend is compiled without
// kernels.
#pragma once
#include <cuda_runtime.h>

#include <optional>

#include "fold_args.hpp"

namespace cubemill::cuda {

/// What all bands of a launch have in common; nothing where they differ.
struct Shape {
  Storage storage;
  Resampling method;
};

/// Launches the kernel of index `index` (position in AllIndices). Throws DeviceError.
void launch_fold(std::int32_t index, const std::optional<Shape>& shape, const FoldArgs& arguments,
                 cudaStream_t stream);

}  // namespace cubemill::cuda
