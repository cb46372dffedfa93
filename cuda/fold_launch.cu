#include "fold_kernel.cuh"
#include "fold_launch.hpp"
#include "handles.hpp"

namespace cubemill::cuda {
namespace {

template <class Index, class Sampler>
void launch(const FoldArgs& a, cudaStream_t stream) {
  const dim3 block(block_columns, block_rows);
  const dim3 grid(unsigned((a.width + block_columns - 1) / block_columns),
                  unsigned((a.height + block_rows - 1) / block_rows));
  const auto kernel = fold_kernel<Index, Sampler>;
  CUBEMILL_LAUNCH(kernel, grid, block, stream, a);
  CUBEMILL_CUDA(cudaGetLastError());
}

template <class Index, Storage S>
void launch_method(Resampling method, const FoldArgs& a, cudaStream_t stream) {
  switch (method) {
    case Resampling::nearest:
      return launch<Index, Fixed<S, Resampling::nearest>>(a, stream);
    case Resampling::bilinear:
      return launch<Index, Fixed<S, Resampling::bilinear>>(a, stream);
    case Resampling::cubic:
      return launch<Index, Fixed<S, Resampling::cubic>>(a, stream);
    case Resampling::average:
      return launch<Index, Fixed<S, Resampling::average>>(a, stream);
    case Resampling::mode:
      return launch<Index, Fixed<S, Resampling::mode>>(a, stream);
  }
}

template <class Index>
void launch_index(const std::optional<Shape>& shape, const FoldArgs& a, cudaStream_t stream) {
  if (!shape) return launch<Index, Mixed>(a, stream);
  switch (shape->storage) {
    case Storage::u16:
      return launch_method<Index, Storage::u16>(shape->method, a, stream);
    case Storage::i16:
      return launch_method<Index, Storage::i16>(shape->method, a, stream);
    case Storage::f32:
      return launch_method<Index, Storage::f32>(shape->method, a, stream);
    case Storage::f64:
      return launch_method<Index, Storage::f64>(shape->method, a, stream);
  }
}

template <std::size_t... I>
void launch_one(std::index_sequence<I...>, std::int32_t index, const std::optional<Shape>& shape,
                const FoldArgs& a, cudaStream_t stream) {
  (void)((index == std::int32_t(I) &&
          (launch_index<std::tuple_element_t<I, AllIndices>>(shape, a, stream), true)) ||
         ...);
}

}  // namespace

void launch_fold(std::int32_t index, const std::optional<Shape>& shape, const FoldArgs& arguments,
                 cudaStream_t stream) {
  launch_one(std::make_index_sequence<index_count>(), index, shape, arguments, stream);
}

}  // namespace cubemill::cuda
