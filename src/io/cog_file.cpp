#include "io/cog_file.hpp"

#include <algorithm>

namespace cubemill {

SequentialFile::SequentialFile(const std::string& path)
    : file_(path), buffer_(std::make_unique_for_overwrite<std::byte[]>(piece)) {}

SequentialFile::~SequentialFile() {
  if (!finished_) file_.unlink();
}

void SequentialFile::append(std::span<const std::byte> bytes) {
  std::copy(bytes.begin(), bytes.end(), extend(bytes.size()).begin());
}

std::span<std::byte> SequentialFile::extend(std::size_t size) {
  if (used_ + size > capacity_) flush();
  if (size > capacity_) {
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(size);
    capacity_ = size;
  }
  used_ += size;
  return {buffer_.get() + used_ - size, size};
}

void SequentialFile::finish() {
  flush();
  file_.close();
  finished_ = true;
}

void SequentialFile::flush() {
  file_.write_at(written_, {buffer_.get(), used_});
  written_ += used_;
  used_ = 0;
}

}  // namespace cubemill
