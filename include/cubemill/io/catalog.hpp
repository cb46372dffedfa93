// Reads STAC items, one feature at a time, from files, folders, objects on the network and standard
// input, and keeps those that the query asks for. Not responsible for pixels: nothing here opens an
// asset. Single-threaded.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/date.hpp"
#include "cubemill/model/scene.hpp"
#include "cubemill/net/range_client.hpp"

namespace cubemill {

/// Which items of a catalog are wanted. All conditions must hold.
struct CatalogQuery {
  std::vector<std::string> sources;  ///< files, folders, URLs of files, `-` for standard input
  DateInterval datetime;  ///< by the item's datetime in UTC; null: start/end overlap; whole days
  std::vector<std::string> where;  ///< `PROPERTY OP VALUE` with OP one of = != < <= > >=
  /// West, south, east, north in degrees; west > east crosses 180°. Items without a place pass.
  std::optional<std::array<double, 4>> bbox;
  double bbox_margin = 0;  ///< degrees that an item may lie beside bbox: footprints are rounded
};

/// How many items fell out where: to say which filter emptied the query.
struct CatalogCounts {
  std::uint64_t files = 0;       ///< files read
  std::uint64_t other_json = 0;  ///< Catalogs, Collections and other JSON left out (folders only)
  std::uint64_t items = 0;       ///< distinct items met
  std::uint64_t repeated = 0;    ///< the same item met again
  std::uint64_t outside_datetime = 0;
  std::uint64_t outside_where = 0;
  std::uint64_t outside_bbox = 0;
};

struct Catalog {
  std::vector<Scene> scenes;  ///< in order of (datetime, id)
  CatalogCounts counts;
  std::vector<std::string> notes;  ///< one line each, for the user: repeated items, files left out
};

/// Fetches a range of an object on the network, or throws.
using FetchRange = std::function<RangeAnswer(RangeRequest)>;

/// Reads the catalog; of every asset that can hold pixels, whatever the query. `standard_input`
/// serves `-`, hrefs then being relative to the current folder; `fetch` serves `s3://…` and
/// `http(s)://…`.
/// Throws InvalidInput (not JSON: file and line; not STAC; same id with other content: both files;
/// a `where` property that no item has; no item at all; no item matches: which filter emptied it)
/// and IoError (unreadable file).
Catalog read_catalog(const CatalogQuery& query, std::istream& standard_input,
                     const FetchRange& fetch);

}  // namespace cubemill
