// A ByteSource whose first bytes are there already, as one read or one request brought them: a
// header costs no more reads where it lies within them. Thread-safe where the rest is.
#pragma once
#include <memory>
#include <vector>

#include "cubemill/io/byte_source.hpp"

namespace cubemill {

class FrontBytes final : public ByteSource {
 public:
  /// `front` are the first bytes of `rest`.
  FrontBytes(std::vector<std::byte> front, std::shared_ptr<const ByteSource> rest);
  /// Reads the first `size` bytes of `rest`, or as many as it has.
  static FrontBytes of(std::shared_ptr<const ByteSource> rest, std::size_t size);

  void read(std::uint64_t offset, std::byte* out, std::size_t size) const override;
  std::uint64_t size() const override { return size_; }

 private:
  std::vector<std::byte> front_;
  std::shared_ptr<const ByteSource> rest_;
  std::uint64_t size_;
};

}  // namespace cubemill
