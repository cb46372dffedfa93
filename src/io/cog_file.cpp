#include "io/cog_file.hpp"

namespace cubemill {

SequentialFile::SequentialFile(const std::string& path) : file_(path) { buffer_.reserve(piece); }

SequentialFile::~SequentialFile() {
  if (!finished_) file_.unlink();
}

void SequentialFile::append(std::span<const std::byte> bytes) {
  if (buffer_.size() + bytes.size() > piece) flush();
  if (bytes.size() > piece) {
    file_.write_at(written_, bytes);
    written_ += bytes.size();
  } else {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
}

std::span<std::byte> SequentialFile::extend(std::size_t size) {
  if (buffer_.size() + size > piece) flush();
  buffer_.resize(buffer_.size() + size);
  return {buffer_.data() + buffer_.size() - size, size};
}

void SequentialFile::finish() {
  flush();
  file_.close();
  finished_ = true;
}

void SequentialFile::flush() {
  file_.write_at(written_, buffer_);
  written_ += buffer_.size();
  buffer_.clear();
}

}  // namespace cubemill
