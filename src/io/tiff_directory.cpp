#include "io/tiff_directory.hpp"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "io/read_failure.hpp"

namespace cubemill {
namespace {

constexpr std::uint64_t longest_digested = 65536;  // bytes of one tag

std::size_t size_of_value(std::uint16_t type) {
  switch (type) {
    case 1:  // BYTE
    case 2:  // ASCII
    case 6:  // SBYTE
    case 7:  // UNDEFINED
      return 1;
    case 3:  // SHORT
    case 8:  // SSHORT
      return 2;
    case 4:   // LONG
    case 9:   // SLONG
    case 11:  // FLOAT
    case 13:  // IFD
      return 4;
    case 5:   // RATIONAL
    case 10:  // SRATIONAL
    case 12:  // DOUBLE
    case 16:  // LONG8
    case 17:  // SLONG8
    case 18:  // IFD8
      return 8;
    default:
      return 0;
  }
}

bool is_number(std::uint16_t type) {
  return type == 1 || type == 3 || type == 4 || type == 8 || type == 9 || type == 13 ||
         type == 16 || type == 18;
}

[[noreturn]] void refuse(std::uint16_t tag) {
  throw ReadFailure("tag " + std::to_string(tag) +
                    " of the TIFF directory is corrupt; fetch the file again");
}

}  // namespace

template <class T>
T TiffDirectory::get(std::uint64_t offset) const {
  std::byte bytes[sizeof(T)];
  file_->read(offset, bytes, sizeof(T));
  if (swapped_) std::reverse(bytes, bytes + sizeof(T));
  return std::bit_cast<T>(bytes);
}

bool TiffDirectory::has_usual_tags() const {
  // GDAL's GTiff and COG drivers; in order.
  static constexpr std::uint16_t usual[] = {
      254,   256,   257,   258,   259,   262,   266,   269,   270,   273,   274,   277,
      278,   279,   280,   281,   282,   283,   284,   296,   305,   306,   315,   316,
      317,   320,   322,   323,   324,   325,   338,   339,   340,   341,   347,   700,
      33432, 33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113, 50674, 50844, 50909};
  return std::ranges::all_of(
      entries_, [](const auto& entry) { return std::ranges::binary_search(usual, entry.first); });
}

bool TiffDirectory::big_endian() const {
  return swapped_ == (std::endian::native == std::endian::little);
}

std::optional<TiffDirectory> TiffDirectory::first(const ByteSource& file) {
  TiffDirectory directory(file);
  if (file.size() < 16 || !directory.read_head()) return {};
  directory.read_at(directory.big_ ? directory.get<std::uint64_t>(8)
                                   : directory.get<std::uint32_t>(4));
  return directory;
}

std::optional<TiffDirectory> TiffDirectory::next() const {
  const std::uint64_t start = big_ ? get<std::uint64_t>(next_at_) : get<std::uint32_t>(next_at_);
  if (start == 0) return {};
  TiffDirectory directory(*file_);
  directory.swapped_ = swapped_, directory.big_ = big_;
  directory.read_at(start);
  return directory;
}

void TiffDirectory::read_at(std::uint64_t start) { big_ ? read_big(start) : read_classic(start); }

bool TiffDirectory::read_head() {
  const auto order = get<std::uint16_t>(0);  // "II" or "MM": the same in either order
  if (order != 0x4949 && order != 0x4D4D) return false;
  swapped_ = (order == 0x4949) != (std::endian::native == std::endian::little);
  const auto version = get<std::uint16_t>(2);
  big_ = version == 43 && get<std::uint32_t>(4) == 8u << (big_endian() ? 16 : 0);
  return version == 42 || big_;
}

void TiffDirectory::read_classic(std::uint64_t start) {
  const unsigned count = get<std::uint16_t>(start);
  for (unsigned i = 0; i < count; ++i) {
    const std::uint64_t at = start + 2 + 12 * i;
    add<std::uint32_t>(at, get<std::uint32_t>(at + 4), at + 8);
  }
  next_at_ = start + 2 + 12 * count;
}

void TiffDirectory::read_big(std::uint64_t start) {
  const auto count = get<std::uint64_t>(start);
  if (count > 65535) throw ReadFailure("the TIFF directory is corrupt; fetch the file again");
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = start + 8 + 20 * i;
    add<std::uint64_t>(at, get<std::uint64_t>(at + 4), at + 12);
  }
  next_at_ = start + 8 + 20 * count;
}

// `Word` is the size of the field that holds the values, or points to them where they do not fit.
template <class Word>
void TiffDirectory::add(std::uint64_t at, std::uint64_t count, std::uint64_t field) {
  const auto type = get<std::uint16_t>(at + 2);
  const std::size_t each = std::max<std::size_t>(size_of_value(type), 1);
  const bool inside = count <= sizeof(Word) / each;
  entries_.emplace(get<std::uint16_t>(at),
                   Entry{type, count, inside ? field : std::uint64_t(get<Word>(field))});
}

std::vector<std::byte> TiffDirectory::bytes_of(const Entry& entry, std::uint64_t first,
                                               std::uint64_t count) const {
  const std::size_t each = size_of_value(entry.type);
  if (count > file_->size() / each || entry.position > file_->size())
    throw ReadFailure("the TIFF directory is cut off; fetch the file again");
  std::vector<std::byte> bytes(std::size_t(count) * each);
  file_->read(entry.position + first * each, bytes.data(), bytes.size());
  return bytes;
}

std::vector<std::uint64_t> TiffDirectory::numbers_of(const Entry& entry, std::uint64_t first,
                                                     std::uint64_t count) const {
  std::vector<std::byte> bytes = bytes_of(entry, first, count);
  const std::size_t each = size_of_value(entry.type);
  std::vector<std::uint64_t> values(std::size_t(count), 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t b = 0; b < each; ++b)
      values[i] |= std::uint64_t(bytes[i * each + b]) << 8 * (big_endian() ? each - 1 - b : b);
  }
  return values;
}

std::uint64_t TiffDirectory::number(TiffTag tag, std::uint64_t otherwise) const {
  const auto found = entries_.find(std::uint16_t(tag));
  if (found == entries_.end()) return otherwise;
  if (!is_number(found->second.type) || found->second.count == 0) refuse(found->first);
  return numbers_of(found->second, 0, 1)[0];
}

std::vector<std::uint64_t> TiffDirectory::numbers(TiffTag tag, std::uint64_t first,
                                                  std::uint64_t count) const {
  const auto found = entries_.find(std::uint16_t(tag));
  if (found == entries_.end()) return {};
  const Entry& entry = found->second;
  if (!is_number(entry.type)) refuse(found->first);
  if (entry.count < count || entry.count - count < first) return {};
  return numbers_of(entry, first, count);
}

std::string TiffDirectory::text(TiffTag tag) const {
  const auto found = entries_.find(std::uint16_t(tag));
  if (found == entries_.end()) return {};
  if (found->second.type != 2) refuse(found->first);
  const auto bytes = bytes_of(found->second, 0, std::min<std::uint64_t>(found->second.count, 4096));
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, text.find('\0'));
}

std::uint64_t TiffDirectory::digest(std::uint16_t first, std::uint16_t last, bool values) const {
  std::uint64_t sum = 0;
  for (auto at = entries_.lower_bound(first); at != entries_.end() && at->first <= last; ++at) {
    const auto& [tag, entry] = *at;
    const std::uint16_t kind[2] = {tag, entry.type};
    sum = XXH3_64bits_withSeed(kind, sizeof kind, sum);
    if (!values) continue;
    const std::size_t each = size_of_value(entry.type);
    if (each == 0) refuse(tag);
    const auto bytes = bytes_of(entry, 0, std::min(entry.count, longest_digested / each));
    sum = XXH3_64bits_withSeed(bytes.data(), bytes.size(), sum);
  }
  return sum;
}

}  // namespace cubemill
