// What cuda/ uses of Thrust and CUB, by the stand-in's own means. Their host back ends would not
// do: they work at once, in the calling thread, where the device's work is put into a stream.
#pragma once
#include <cstddef>
#include <system_error>
#include <type_traits>

#include "cuda_runtime.h"

namespace cudashim {

/// A stream as an execution policy.
struct InStream {
  cudaStream_t stream = nullptr;
  InStream on(cudaStream_t s) const { return {s}; }
};

/// Calls `body(i)` for i in [0, count), each in a thread of a kernel.
template <class Body>
void on_each(InStream policy, std::size_t count, Body body) {
  constexpr unsigned block = 64;
  launch_threads(unsigned((count + block - 1) / block), block, policy.stream, [=] {
    const std::size_t i = std::size_t(blockIdx.x) * block + threadIdx.x;
    if (i < count) body(i);
  });
}

}  // namespace cudashim

namespace thrust {

namespace cuda {
constexpr cudashim::InStream par_nosync;
}

struct system_error : std::system_error {
  using std::system_error::system_error;
};

template <class T>
struct counting_iterator {
  T first;
  explicit counting_iterator(T first_) : first(first_) {}
  T operator[](std::size_t i) const { return first + T(i); }
};

template <class Function, class Iterator>
struct transform_iterator {
  Iterator from;
  Function function;
  auto operator[](std::size_t i) const { return function(from[i]); }
};

template <class Function, class Iterator>
transform_iterator<Function, Iterator> make_transform_iterator(Iterator from, Function function) {
  return {from, function};
}

template <class Iterator, class Function>
void for_each_n(cudashim::InStream policy, Iterator first, std::size_t count, Function function) {
  cudashim::on_each(policy, count, [=](std::size_t i) { function(first[i]); });
}

template <class T, class U, class Output, class Function>
void transform(cudashim::InStream policy, T first, T last, U second, Output out,
               Function function) {
  cudashim::on_each(policy, std::size_t(last - first),
                    [=](std::size_t i) { out[i] = function(first[i], second[i]); });
}

}  // namespace thrust

namespace cub {

struct DeviceReduce {
  /// Without scratch: says how much it wants. It writes there as the device would.
  template <class Iterator, class Output>
  static cudaError_t Sum(void* scratch, std::size_t& bytes, Iterator from, Output out, int count,
                         cudaStream_t stream) {
    if (scratch == nullptr) {
      bytes = sizeof *out;
      return cudaSuccess;
    }
    return cudashim::push(stream, [=] {
      auto& sum = *static_cast<std::remove_pointer_t<Output>*>(scratch);
      sum = {};
      for (int i = 0; i < count; ++i) sum += from[std::size_t(i)];
      *out = sum;
    });
  }
};

}  // namespace cub
