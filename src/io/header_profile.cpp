#include "cubemill/io/header_profile.hpp"

#include <span>

namespace cubemill {
namespace {

struct Flag {
  const char* name;
  bool HeaderProfile::*value;
};
struct Number {
  const char* name;
  std::uint32_t HeaderProfile::*value;
};

constexpr Flag flags[] = {
    {"TIFF", &HeaderProfile::tiff},
    {"BigTIFF", &HeaderProfile::big_tiff},
    {"big-endian", &HeaderProfile::big_endian},
    {"tiled", &HeaderProfile::tiled},
    {"block leaders", &HeaderProfile::framed},
    {"contiguous blocks", &HeaderProfile::contiguous_blocks},
};
// Of all bands of a scene.
constexpr Number coding[] = {
    {"compression", &HeaderProfile::compression},
    {"predictor", &HeaderProfile::predictor},
    {"samples per pixel", &HeaderProfile::samples_per_pixel},
    {"planar configuration", &HeaderProfile::planar_configuration},
    {"photometric", &HeaderProfile::photometric},
    {"block width", &HeaderProfile::block_width},
    {"block height", &HeaderProfile::block_height},
    {"overviews", &HeaderProfile::overviews},
};
// Of one band of all scenes.
constexpr Number type[] = {
    {"sample format", &HeaderProfile::sample_format},
    {"bits per sample", &HeaderProfile::bits_per_sample},
};
// Of one scene.
constexpr Number size[] = {
    {"width", &HeaderProfile::width},
    {"height", &HeaderProfile::height},
};

std::string against(const std::string& name, const std::string& a, const std::string& b) {
  return name + " " + a + " against " + b;
}

std::string difference(std::span<const Number> numbers, const HeaderProfile& a,
                       const HeaderProfile& b) {
  for (const auto& [name, value] : numbers)
    if (a.*value != b.*value)
      return against(name, std::to_string(a.*value), std::to_string(b.*value));
  return {};
}

std::string difference_in_layout(const HeaderProfile& a, const HeaderProfile& b) {
  if (!a.table_fault.empty()) return "block table: " + a.table_fault;
  for (const auto& [name, value] : flags)
    if (a.*value != b.*value)
      return against(name, a.*value ? "yes" : "no", b.*value ? "yes" : "no");
  if (const std::string found = difference(coding, a, b); !found.empty()) return found;
  if (a.overview_coding != b.overview_coding) return "overviews of another coding";
  return a.tags != b.tags ? "other tags" : "";
}

}  // namespace

std::string difference_between_scenes(const HeaderProfile& a, const HeaderProfile& b) {
  if (const std::string found = difference_in_layout(a, b); !found.empty()) return found;
  if (const std::string found = difference(type, a, b); !found.empty()) return found;
  return a.nodata != b.nodata ? against("nodata", "'" + a.nodata + "'", "'" + b.nodata + "'") : "";
}

std::string difference_between_bands(const HeaderProfile& a, const HeaderProfile& b) {
  if (const std::string found = difference_in_layout(a, b); !found.empty()) return found;
  if (const std::string found = difference(size, a, b); !found.empty()) return found;
  if (a.overview_sizes != b.overview_sizes) return "overviews of other sizes";
  return a.georeference != b.georeference ? "another georeference" : "";
}

}  // namespace cubemill
