#include "io/structural_metadata.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace cubemill {
namespace {

constexpr std::string_view start = "GDAL_STRUCTURAL_METADATA_SIZE=";
constexpr std::size_t digits = 6;
constexpr std::string_view unit = " bytes\n";
constexpr std::size_t longest = 4096;  // GDAL writes about 200 bytes

std::string read_text(const ByteSource& file, std::uint64_t offset, std::size_t size) {
  size = std::size_t(std::min<std::uint64_t>(size, file.size() - std::min(file.size(), offset)));
  std::string text(size, '\0');
  file.read(offset, reinterpret_cast<std::byte*>(text.data()), size);
  return text;
}

std::string structural_metadata(const TiffDirectory& directory) {
  const std::uint64_t offset = directory.big() ? 16 : 8;
  const std::size_t head_size = start.size() + digits + unit.size();
  const std::string head = read_text(directory.file(), offset, head_size);
  if (!head.starts_with(start) || !head.ends_with(unit)) return {};
  std::size_t size = 0;
  const char* const number = head.data() + start.size();
  if (std::from_chars(number, number + digits, size).ptr != number + digits || size > longest)
    return {};
  return read_text(directory.file(), offset + head_size, size);
}

// Where `KNOWN_INCOMPATIBLE_EDITION=NO` leaves room for `YES`, a line begins with a space.
bool has_line(std::string_view text, std::string_view line) {
  for (std::size_t at = 0; (at = text.find(line, at)) != text.npos; ++at) {
    const bool begins = at == 0 || text[at - 1] == '\n' || text[at - 1] == ' ';
    const std::size_t end = at + line.size();
    if (begins && (end == text.size() || text[end] == '\n')) return true;
  }
  return false;
}

}  // namespace

LayoutClaims read_layout_claims(const TiffDirectory& directory) {
  const std::string text = structural_metadata(directory);
  const auto says = [&](std::string_view line) { return has_line(text, line); };
  if (says("KNOWN_INCOMPATIBLE_EDITION=YES")) return {};
  LayoutClaims claims;
  claims.framed = says("BLOCK_LEADER=SIZE_AS_UINT4") && says("BLOCK_TRAILER=LAST_4_BYTES_REPEATED");
  claims.in_order =
      claims.framed && says("BLOCK_ORDER=ROW_MAJOR") && !says("MASK_INTERLEAVED_WITH_IMAGERY=YES");
  return claims;
}

}  // namespace cubemill
