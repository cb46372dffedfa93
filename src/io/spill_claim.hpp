// Whose a spill file is: a run locks its file as long as it lives, and the header says who may
// resume from it. What is in it is no matter here.
#pragma once
#include <string>

#include "io/disk_file.hpp"
#include "io/spill_header.hpp"

namespace cubemill {

/// Makes a file in `folder`, locks it and writes its header. Throws IoError, and leaves none then.
DiskFile make_spill(const std::string& folder, const SpillHeader& header);

/// Opens and locks the file of an interrupted run that had this header. Throws IoError: it is gone,
/// another's, or its run lives.
DiskFile open_spill(const std::string& path, const SpillHeader& expected);

}  // namespace cubemill
