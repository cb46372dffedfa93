#include "cubemill/io/raster.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "cubemill/base/error.hpp"
#include "cubemill/io/href.hpp"
#include "io/front_bytes.hpp"
#include "io/gdal_band.hpp"
#include "io/gdal_bytes.hpp"
#include "io/gdal_header.hpp"
#include "io/gdal_session.hpp"
#include "io/raster_tiff.hpp"
#include "io/raw_file.hpp"
#include "io/read_failure.hpp"
#include "io/read_scratch.hpp"
#include "io/remote_file.hpp"
#include "io/tiff_blocks.hpp"

namespace cubemill {
namespace {

constexpr std::size_t header_bytes = 16384;  // the whole directory of a COG of a scene
constexpr int fetches_of_header = 4;         // of an object, when it comes damaged

struct OpenedHeader {
  BandHeader gdal;
  TiffHeader tiff;
  std::vector<TiffBlocks> overviews;
};

/// What is opened of a file.
struct Wanted {
  int band = 1;
  OverviewHeaders overviews = OverviewHeaders::leave;
};

bool begins_as_tiff(const ByteSource& file) {
  if (file.size() < 4) return false;
  std::array<char, 4> head;
  file.read(0, reinterpret_cast<std::byte*>(head.data()), head.size());
  constexpr std::array<std::array<char, 4>, 4> magic{
      {{'I', 'I', 42, 0}, {'I', 'I', 43, 0}, {'M', 'M', 0, 42}, {'M', 'M', 0, 43}}};
  return std::find(magic.begin(), magic.end(), head) != magic.end();
}

// Nothing where the path names no file: a part of one, or what only a driver knows.
std::optional<FrontBytes> front_of(std::shared_ptr<const ByteSource> file) {
  try {
    return FrontBytes::of(std::move(file), header_bytes);
  } catch (const ReadFailure&) {
    return {};
  }
}

// Whether GDAL can find nothing beside a local file that it would believe more.
bool without_side_file(const std::string& path) {
  struct stat status {};
  return !path.starts_with("/vsi") && ::stat((path + ".aux.xml").c_str(), &status) != 0;
}

// What is read of a file before GDAL opens it.
struct Beginning {
  std::optional<TiffDirectory> directory;
  std::optional<std::uint64_t> crs_key;
  std::string failure;
};

Beginning read_beginning(const std::string& path, const ByteSource& file, OpenHints hints) {
  Beginning read;
  try {
    read.directory = TiffDirectory::first(file);
    // GDAL makes the CRS of these tags and nothing else, where they are there and no other file
    // overrides them.
    if (read.directory && read.directory->has(TiffTag::geo_keys) &&
        (hints.alone || without_side_file(path)))
      read.crs_key = read.directory->digest(std::uint16_t(TiffTag::geo_keys),
                                            std::uint16_t(TiffTag::geo_keys) + 2, true);
  } catch (const ReadFailure& error) {
    read.failure = error.what();
  }
  return read;
}

void take_overviews(const TiffDirectory& directory, int band, OpenedHeader& opened) {
  RasterInfo& info = opened.gdal.info;
  for (TiffOverview& overview : find_tiff_overviews(directory, info, band, opened.tiff)) {
    info.overviews.push_back(overview.info);
    opened.overviews.push_back(std::move(overview.blocks));
  }
}

// `file` is the same as what GDAL opens as `gdal_path`.
OpenedHeader open_header(const std::string& path, const std::string& gdal_path, Wanted wanted,
                         const ByteSource* file, OpenHints hints) {
  const int band = wanted.band;
  OpenedHeader opened;
  const Beginning read = file && hints.tiff ? read_beginning(path, *file, hints) : Beginning{};
  {
    const GDALDatasetUniquePtr dataset = open_dataset(gdal_path, path, hints);
    opened.gdal = read_band_header(*dataset, path, band, read.crs_key);
  }
  if (!opened.gdal.geotiff) return opened;
  try {
    if (!read.failure.empty()) throw ReadFailure(read.failure);
    if (read.directory) opened.tiff = find_tiff_blocks(*read.directory, opened.gdal.info, band);
    if (opened.tiff.blocks && wanted.overviews == OverviewHeaders::read)
      take_overviews(*read.directory, band, opened);
  } catch (const ReadFailure& error) {
    throw IoError(path, std::string("its TIFF directory cannot be read: ") + error.what());
  }
  opened.gdal.info.direct = opened.tiff.blocks.has_value();
  if (opened.tiff.blocks) {
    opened.gdal.info.stored_bytes = opened.tiff.blocks->table.stored_bytes();
    opened.gdal.info.bands_in_block = opened.tiff.blocks->samples_in_pixel;
  }
  return opened;
}

OpenedHeader open_local(const std::string& path, Wanted wanted) {
  const std::optional<FrontBytes> front = front_of(std::make_shared<RawFile>(path));
  OpenHints hints;
  hints.tiff = front && begins_as_tiff(*front);
  return open_header(path, path, wanted, front ? &*front : nullptr, hints);
}

OpenedHeader open_bytes(const std::string& path, Wanted wanted,
                        std::shared_ptr<const ByteSource> file) {
  const GdalBytes gdal(file, path);
  OpenHints hints;
  hints.tiff = begins_as_tiff(*file);
  hints.alone = true;
  return open_header(path, gdal.path(), wanted, file.get(), hints);
}

// What is no TIFF may consist of several files, which GDAL finds by their names.
OpenedHeader read_remote(const std::shared_ptr<const RemoteFile>& file, Wanted wanted) {
  OpenedHeader opened = begins_as_tiff(*file) ? open_bytes(file->href(), wanted, file)
                                              : open_header(file->href(), gdal_path(file->href()),
                                                            wanted, nullptr, {});
  opened.tiff.profile.front_digest = file->front_digest();
  return opened;
}

struct OpenedRemote {
  std::shared_ptr<const RemoteFile> file;
  OpenedHeader header;
  std::string doubt;  // of one that was fetched before, and came otherwise
};

// Tells what writers of COGs seldom say: tags of another kind, blocks that cannot be, that lie
// apart although frames join them, or that are not decoded here. Empty where nothing is odd.
std::string doubt_of(const OpenedHeader& header) {
  const HeaderProfile& profile = header.tiff.profile;
  const bool several_blocks =
      profile.block_width < profile.width || profile.block_height < profile.height;
  if (!header.tiff.has_usual_tags) return "it has unusual tags";
  if (!profile.table_fault.empty()) return profile.table_fault;
  if (profile.framed && several_blocks && !profile.contiguous_blocks) return "its blocks lie apart";
  if (header.gdal.geotiff && !header.tiff.blocks) return "its coding is unusual";
  return {};
}

// A header that makes no sense may have been damaged on its way: it is fetched again until it does,
// or comes the same twice, which tells that it lies in the store so.
OpenedRemote open_remote(const std::string& href, Wanted wanted) {
  std::shared_ptr<const RemoteFile> file = RemoteFile::open(href);
  std::string doubt;
  for (int fetched = 1;; ++fetched) {
    OpenedRemote opened{file, {}, doubt};
    std::exception_ptr failure;
    std::string reason;
    try {
      opened.header = read_remote(file, wanted);
      reason = doubt_of(opened.header);
    } catch (const RangeFailure&) {
      throw;  // the client has tried what can be tried
    } catch (const Error& error) {
      failure = std::current_exception();
      reason = error.what();
    }
    if (!reason.empty() && fetched < fetches_of_header) {
      RemoteFile::forget(href);
      const auto before = std::exchange(file, RemoteFile::open(href));
      if (!file->begins_like(*before)) {
        doubt = reason;
        continue;
      }
    }
    if (failure) std::rethrow_exception(failure);
    opened.file->keep_header();
    return opened;
  }
}

std::unique_ptr<RasterBand> make_band(const std::string& path, int band, OpenedHeader opened,
                                      std::shared_ptr<const ByteSource> file,
                                      std::unique_ptr<const GdalBytes> gdal,
                                      std::string version = {}) {
  RasterInfo& info = opened.gdal.info;
  if (opened.tiff.blocks)
    return std::make_unique<TiffBand>(
        path, std::move(info), std::move(opened.tiff.profile), std::move(*opened.tiff.blocks),
        opened.gdal.fill, std::move(file), std::move(version), std::move(opened.overviews));
  return std::make_unique<GdalBand>(path, std::move(info), std::move(opened.tiff.profile), band,
                                    std::move(gdal));
}

}  // namespace

ReadScratch::ReadScratch() : state_(std::make_unique<State>()) {}
ReadScratch::~ReadScratch() = default;
ReadScratch::ReadScratch(ReadScratch&&) noexcept = default;

std::unique_ptr<RasterBand> open_raster(const std::string& path, int band,
                                        OverviewHeaders overviews) {
  if (is_remote(path)) {
    OpenedRemote opened = open_remote(path, {band, overviews});
    auto raster = make_band(path, band, std::move(opened.header), opened.file->without_front(),
                            nullptr, opened.file->version());
    raster->note_header_doubt(std::move(opened.doubt));
    return raster;
  }
  // Another file than the header's, which is closed by now: many bands, few open files.
  return make_band(path, band, open_local(path, {band, overviews}), std::make_shared<RawFile>(path),
                   nullptr);
}

std::unique_ptr<RasterBand> open_raster(const std::string& path, int band,
                                        std::shared_ptr<const ByteSource> bytes,
                                        std::vector<std::byte> front) {
  auto header =
      front.empty() ? FrontBytes::of(bytes, header_bytes) : FrontBytes(std::move(front), bytes);
  OpenedHeader opened = open_bytes(path, {band}, std::make_shared<FrontBytes>(std::move(header)));
  auto gdal = opened.tiff.blocks ? nullptr : std::make_unique<const GdalBytes>(bytes, path);
  return make_band(path, band, std::move(opened), std::move(bytes), std::move(gdal));
}

RasterInfo read_header(const std::string& path, int band, OverviewHeaders overviews) {
  if (is_remote(path)) return open_remote(path, {band, overviews}).header.gdal.info;
  return open_local(path, {band, overviews}).gdal.info;
}

}  // namespace cubemill
