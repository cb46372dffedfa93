// Reads every block of a catalog's rasters and computes nothing: whether an archive is whole,
// before days are spent on it. One call at a time in a process; threads are its own. Holds two
// blocks a thread, and up to 96 MiB of what is fetched from a network ahead of them.
#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "cubemill/net/net_options.hpp"
#include "cubemill/plan/recipe.hpp"

namespace cubemill {

struct VerifyRequest {
  Recipe recipe;            ///< the query, and the bands that a composite would read
  bool all_assets = false;  ///< every asset that holds pixels instead of those bands
  int threads = 1;
  NetOptions net;  ///< how objects on the network are fetched
  std::function<void(std::size_t done, std::size_t files)> progress;  ///< may be empty
};

/// A file that cannot be relied on.
struct DamagedFile {
  std::string item, asset, href;
  std::uint64_t blocks = 0;  ///< damaged ones; 0: it could not even be opened
  std::string reason;        ///< of the first
};

struct VerifyResult {
  std::size_t items = 0;
  std::size_t files = 0;
  std::size_t files_by_gdal = 0;  ///< decoded by GDAL, which does not notice all damage
  std::uint64_t blocks = 0;       ///< sparse ones included
  std::uint64_t sparse = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_decoded = 0;
  double seconds = 0;
  std::vector<std::string> notes;    ///< one line each, for the user
  std::vector<DamagedFile> damaged;  ///< by item and asset
  std::string json;                  ///< all of it, as one document
  std::vector<std::string> table;    ///< the same for people, line by line
};

/// Verifies. Damage is in the result and no error; throws InvalidInput (catalog, query, product)
/// and IoError (an unreadable catalog).
VerifyResult verify_catalog(const VerifyRequest& request, std::istream& standard_input);

}  // namespace cubemill
