#include "io/range_stream.hpp"

#include <algorithm>
#include <utility>

namespace cubemill {

RangeStream::RangeStream(std::string href, FetchRange fetch)
    : std::istream(nullptr), pieces_(std::move(href), std::move(fetch)) {
  rdbuf(&pieces_);
  exceptions(std::ios::badbit);  // lets through what fetching throws
}

RangeStream::Pieces::int_type RangeStream::Pieces::underflow() {
  if (size_ && next_ >= *size_) return traits_type::eof();
  // The first answer says how large the object is; only it may be shorter than asked for.
  const std::size_t wanted =
      size_ ? std::size_t(std::min<std::uint64_t>(piece, *size_ - next_)) : piece;
  here_ = fetch_({href_, next_, wanted, !size_, here_.etag, size_.value_or(0)});
  size_ = here_.object_size;
  next_ += here_.size;
  if (here_.size == 0) return traits_type::eof();
  // std::streambuf wants writable bytes, but nothing here writes to them.
  char* const bytes = reinterpret_cast<char*>(const_cast<std::byte*>(here_.bytes.get()));
  setg(bytes, bytes, bytes + here_.size);
  return traits_type::to_int_type(*bytes);
}

}  // namespace cubemill
