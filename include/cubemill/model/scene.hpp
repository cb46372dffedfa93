// A scene (one STAC Item) as the engine needs it: identity, time, place, and for each asset where
// it lies and what the item says of it. Plain values; read by io/catalog, never changed afterwards.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/date.hpp"
#include "cubemill/model/geobox.hpp"

namespace cubemill {

/// nodata, scale and offset of one band, as far as somebody said.
struct BandNumbers {
  std::optional<double> nodata;
  std::optional<double> scale;
  std::optional<double> offset;
};

/// What `proj:*` says of an asset's grid (asset level before item level). Nothing of it is needed.
struct ProjMetadata {
  std::string crs;  ///< `EPSG:n`, WKT or PROJJSON; empty when not said
  std::optional<std::array<double, 6>> transform;    ///< in the order of Affine
  std::optional<std::array<std::int64_t, 2>> shape;  ///< rows, columns
};

/// What `storage:*` says of the place of an asset, as far as it says.
struct AssetStorage {
  std::string region;
  bool requester_pays = false;
};

/// Another place of an asset (`alternate`).
struct AlternateHref {
  std::string name;  ///< its key: `s3`, `https`, …
  std::string href;
  AssetStorage storage;
};

struct SceneAsset {
  std::string key;
  std::string href;  ///< absolute path, `s3://…`, `http(s)://…` or GDAL's `/vsi…`
  std::vector<std::string> names;  ///< name and common name of the band of a one-band file
  std::vector<BandNumbers> bands;  ///< from raster:bands, STAC 1.1 `bands` or the asset itself;
                                   ///< index 0 = first band; empty where nothing is said
  ProjMetadata proj;
  std::size_t pixel_bytes = 0;  ///< of its bands by `data_type`, in sum; 0 where nothing is said
  AssetStorage storage;         ///< of `href`
  std::vector<AlternateHref> alternates;  ///< by name; none once one has been chosen
};

struct Scene {
  std::string id;
  std::string collection;
  std::string source;           ///< the catalog file it was read from
  Instant start;                ///< datetime; or start_datetime where datetime is null
  Instant end;                  ///< datetime; or end_datetime
  bool has_time_of_day = true;  ///< false: its date is its solar day
  /// West, south, east, north in degrees; west > east crosses 180°.
  std::optional<std::array<double, 4>> bbox;
  std::map<std::string, SceneAsset> assets;
  std::string
      self_href;  ///< absolute path or URL of the item; empty where standard input says none

  /// Longitude of the bbox's centre in -180…180, 0 where there is no bbox.
  double centre_longitude() const;
  /// Finds the asset of this key; else the only one whose band has this name or common name (so
  /// that `red` finds `SR_B4` of a Landsat 8 and `SR_B3` of a Landsat 7). Null where there is none
  /// or more than one.
  const SceneAsset* find_asset(const std::string& key) const;
};

/// Gives the scene's solar day: the date of UTC + int(240 s × longitude of the bbox's centre), that
/// longitude taken within 180° of `output_longitude` (degrees east). A scene without a time of day
/// names its day itself.
Date solar_day(const Scene& scene, double output_longitude);

}  // namespace cubemill
