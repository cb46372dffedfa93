#include "io/cog_geotags.hpp"

#include <cpl_error.h>
#include <cpl_vsi.h>
#include <gdal_priv.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

constexpr std::uint16_t copied_tags[] = {33550, 33922, 34264, 34735, 34736, 34737, 42112};

// A file name in GDAL's memory file system, unlinked at the end.
class MemoryFile {
 public:
  MemoryFile() {
    static std::atomic<unsigned> number{0};
    path_ = "/vsimem/cubemill_geotags_" + std::to_string(number++) + ".tif";
  }
  ~MemoryFile() {
    VSIUnlink(path_.c_str());
    VSIUnlink((path_ + ".aux.xml").c_str());
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  const std::string& path() const { return path_; }
  std::vector<std::byte> bytes() const {
    vsi_l_offset size = 0;
    const GByte* data = VSIGetMemFileBuffer(path_.c_str(), &size, FALSE);
    const auto* p = reinterpret_cast<const std::byte*>(data);
    return {p, p + size};
  }

 private:
  std::string path_;
};

// libgeotiff's tables hold 65535 values of each kind, and it does not look whether it was given
// them: a process without that much ends with an error here, and with a crash there.
void need_memory_of_geokeys() {
  constexpr std::size_t tables = 65535 * (sizeof(double) + sizeof(std::uint16_t) + 1);
  void* memory = VSIMalloc(2 * tables);  // one set is written, one read back
  if (!memory) throw std::bad_alloc();
  VSIFree(memory);
}

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

[[noreturn]] void refuse_crs(const CogSpec& spec) {
  if (CPLGetLastErrorNo() == CPLE_OutOfMemory) throw std::bad_alloc();
  const std::string reason = CPLGetLastErrorMsg();
  throw InvalidInput("the CRS '" + spec.grid.crs.name() + "' cannot be written into a GeoTIFF" +
                     (reason.empty() ? "" : " (" + reason + ")") + ": choose another --crs");
}

OGRSpatialReference spatial_reference(const CogSpec& spec) {
  OGRSpatialReference srs;
  srs.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  if (!spec.grid.crs.empty() && srs.importFromWkt(spec.grid.crs.wkt().c_str()) != OGRERR_NONE)
    refuse_crs(spec);
  return srs;
}

void describe_band(GDALRasterBand& band, const std::string& name,
                   const CogWriter::BandStatistics* statistics) {
  band.SetDescription(name.c_str());
  if (!statistics || statistics->valid == 0) return;
  const auto set = [&](const char* key, double value) {
    band.SetMetadataItem(key, shortest(value).c_str());
  };
  set("STATISTICS_MINIMUM", statistics->minimum);
  set("STATISTICS_MAXIMUM", statistics->maximum);
  set("STATISTICS_MEAN", statistics->mean);
  set("STATISTICS_STDDEV", statistics->stddev);
  set("STATISTICS_VALID_PERCENT",
      100 * static_cast<double>(statistics->valid) / static_cast<double>(statistics->pixels));
}

GDALDriver* gtiff_driver() {
  if (!GDALGetDriverByName("GTiff")) GDALAllRegister();
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("GTiff");
  if (!driver) throw std::runtime_error("this GDAL has no GTiff driver");
  return driver;
}

void write_sample(const MemoryFile& file, const CogSpec& spec, const OGRSpatialReference& srs,
                  const std::vector<CogWriter::BandStatistics>& statistics) {
  GDALDriver* driver = gtiff_driver();
  const char* options[] = {"ENDIANNESS=LITTLE", "BIGTIFF=NO", "INTERLEAVE=BAND", nullptr};
  const int bands = static_cast<int>(spec.bands.size());
  std::unique_ptr<GDALDataset> sample(
      driver->Create(file.path().c_str(), 1, 1, bands, GDT_Byte, const_cast<char**>(options)));
  if (!sample)
    throw std::runtime_error(std::string("GDAL cannot write tags: ") + CPLGetLastErrorMsg());
  const Affine& t = spec.grid.transform;
  double transform[6] = {t.c, t.a, t.b, t.f, t.d, t.e};
  sample->SetGeoTransform(transform);
  if (!srs.IsEmpty() && sample->SetSpatialRef(&srs) != CE_None) refuse_crs(spec);
  for (const auto& [key, value] : spec.metadata)
    sample->SetMetadataItem(key.c_str(), value.c_str());
  for (int b = 0; b < bands; ++b)
    describe_band(*sample->GetRasterBand(b + 1), spec.bands[b],
                  statistics.empty() ? nullptr : &statistics[b]);
}

// A CRS that GeoKeys cannot express comes back as another one, or as none.
void check_crs(const MemoryFile& file, const CogSpec& spec, const OGRSpatialReference& srs) {
  if (srs.IsEmpty()) return;
  VSIUnlink((file.path() + ".aux.xml").c_str());  // only what the file itself says will be copied
  std::unique_ptr<GDALDataset> sample(GDALDataset::Open(file.path().c_str(), GDAL_OF_RASTER));
  const OGRSpatialReference* found = sample ? sample->GetSpatialRef() : nullptr;
  const char* options[] = {"CRITERION=EQUIVALENT", "IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES",
                           nullptr};
  if (!found || !found->IsSame(&srs, options)) refuse_crs(spec);
}

template <class T>
T number_at(const std::vector<std::byte>& file, std::size_t offset) {
  T value;
  if (offset + sizeof value > file.size()) throw std::logic_error("GDAL's sample file is cut off");
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

std::size_t type_bytes(std::uint16_t type) {
  switch (type) {
    case 3:
      return 2;
    case 4:
      return 4;
    case 12:
      return 8;
    default:
      return 1;
  }
}

// One 12-byte IFD entry of a classic little-endian TIFF, when it is among those to copy.
std::optional<TiffEntry> copied_tag(const std::vector<std::byte>& file, std::size_t entry) {
  const auto number = number_at<std::uint16_t>(file, entry);
  if (std::find(std::begin(copied_tags), std::end(copied_tags), number) == std::end(copied_tags))
    return std::nullopt;
  const auto type = number_at<std::uint16_t>(file, entry + 2);
  const auto count = number_at<std::uint32_t>(file, entry + 4);
  const std::size_t size = count * type_bytes(type);
  const std::size_t at = size <= 4 ? entry + 8 : number_at<std::uint32_t>(file, entry + 8);
  if (at + size > file.size()) throw std::logic_error("GDAL's sample file is cut off");
  const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at);
  return TiffEntry{number,
                   static_cast<TiffType>(type),
                   count,
                   {begin, begin + static_cast<std::ptrdiff_t>(size)}};
}

}  // namespace

std::vector<TiffEntry> make_geotags(const CogSpec& spec,
                                    const std::vector<CogWriter::BandStatistics>& statistics) {
  need_memory_of_geokeys();
  const CPLErrorHandlerPusher quiet(CPLQuietErrorHandler);
  CPLErrorReset();
  const OGRSpatialReference srs = spatial_reference(spec);
  const MemoryFile file;
  write_sample(file, spec, srs, statistics);
  check_crs(file, spec, srs);
  const std::vector<std::byte> bytes = file.bytes();
  const std::size_t directory = number_at<std::uint32_t>(bytes, 4);
  const auto entries = number_at<std::uint16_t>(bytes, directory);
  std::vector<TiffEntry> tags;
  for (std::size_t i = 0; i < entries; ++i)
    if (auto tag = copied_tag(bytes, directory + 2 + 12 * i)) tags.push_back(std::move(*tag));
  return tags;
}

}  // namespace cubemill
