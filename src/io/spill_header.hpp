// The first bytes of a spill file: what it is, for people and for whoever cleans up. Not what is in
// its slots: that is known to the run, or to its checkpoint.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "io/disk_file.hpp"

namespace cubemill {

constexpr std::size_t spill_header_bytes = 4096;
constexpr std::string_view spill_ending = ".spill";

/// Returns what the paths of all spill files in `folder` begin with.
std::string spill_stem(const std::string& folder);
/// Returns whether a file of this name, without folder, may be a spill file.
bool is_spill_name(std::string_view name);

struct SpillHeader {
  std::string layout;  ///< format and sizes of a slot's parts
  std::string host;    ///< the machine of the run: others may not see its locks and its owner
  std::string owner;   ///< absolute path of the folder whose checkpoint may need the file, or empty
};

/// Returns the name of this machine.
std::string this_host();

/// Describes a file of this process. Throws IoError: the owner's path is
/// too long.
SpillHeader make_spill_header(std::string layout, const std::string& owner);

/// Writes the header to the file's beginning. Throws IoError.
void write_spill_header(DiskFile& file, const SpillHeader& header);

enum class SpillHeaderState { whole, torn, foreign };
/// Reads the header; `header` is set when it is whole. `torn`: empty, or a run that was killed
/// while it wrote it. `foreign`: not a spill file. Throws IoError.
SpillHeaderState read_spill_header(const DiskFile& file, SpillHeader& header);

}  // namespace cubemill
