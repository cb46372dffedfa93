// An object on the network as a stream, fetched piece by piece as it is read: catalogs need no
// memory for the whole. All pieces are of one version of the object. Not responsible for retries,
// which the fetcher makes. Single-threaded.
#pragma once
#include <cstdint>
#include <istream>
#include <optional>
#include <streambuf>
#include <string>

#include "cubemill/io/catalog.hpp"

namespace cubemill {

class RangeStream final : public std::istream {
 public:
  /// Fetches nothing yet. Reading throws what `fetch` throws.
  RangeStream(std::string href, FetchRange fetch);

  static constexpr std::size_t piece = std::size_t(4) << 20;  ///< bytes at a time

 private:
  class Pieces final : public std::streambuf {
   public:
    Pieces(std::string href, FetchRange fetch) : href_(std::move(href)), fetch_(std::move(fetch)) {}

   private:
    int_type underflow() override;

    std::string href_;
    FetchRange fetch_;
    RangeAnswer here_;
    std::uint64_t next_ = 0;             // byte of the object
    std::optional<std::uint64_t> size_;  // of the object, once an answer has told
  };

  Pieces pieces_;
};

}  // namespace cubemill
