#include "io/front_bytes.hpp"

#include <algorithm>
#include <utility>

namespace cubemill {

FrontBytes::FrontBytes(std::vector<std::byte> front, std::shared_ptr<const ByteSource> rest)
    : front_(std::move(front)), rest_(std::move(rest)), size_(rest_->size()) {}

FrontBytes FrontBytes::of(std::shared_ptr<const ByteSource> rest, std::size_t size) {
  std::vector<std::byte> front(std::size_t(std::min<std::uint64_t>(rest->size(), size)));
  rest->read(0, front.data(), front.size());
  return {std::move(front), std::move(rest)};
}

void FrontBytes::read(std::uint64_t offset, std::byte* out, std::size_t size) const {
  if (offset <= front_.size() && size <= front_.size() - offset)
    std::copy_n(front_.data() + offset, size, out);
  else
    rest_->read(offset, out, size);
}

}  // namespace cubemill
