// Reads every block of many files, and says of each file what was found. Local files are read one a
// thread; blocks of remote ones are fetched in long ranges, of several files at once, ahead of the
// threads that decode them, within a budget of bytes. Damage is a finding, no error.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cubemill/io/raster.hpp"
#include "exec/range_source.hpp"
#include "exec/verify_files.hpp"

namespace cubemill {

/// What was found of one file, or of a part of it.
struct Finding {
  std::uint64_t blocks = 0, sparse = 0, damaged = 0;
  bool by_gdal = false;
  bool unreachable = false;  ///< something could not be had from the network
  std::string reason;        ///< of the first thing that is wrong; empty: it is whole
  std::uint64_t where = 0;   ///< its place, in the order of bands and blocks; 0: the file's own
  ReadCost cost;

  void fail(std::uint64_t place, const std::string& why);
  void add(const Finding& part);
};

struct VerifyLimits {
  int threads = 1;
  std::uint64_t bytes_ahead = 96 << 20;  ///< fetched and not decoded
};

/// Reads all files. `progress` (may be empty) is called after each, by one thread at a time.
std::vector<Finding> read_files(const std::vector<FileToVerify>& files, VerifyLimits limits,
                                RangeSource& source,
                                const std::function<void(std::size_t done)>& progress);

}  // namespace cubemill
