// What a folder's disk has room for. Answers are of the moment: others write there too.
#pragma once
#include <cstdint>
#include <string>

namespace cubemill {

/// Returns the bytes that we may still write on the disk of `folder`. Throws IoError.
std::uint64_t free_bytes(const std::string& folder);

/// Returns whether `folder` lies in memory (tmpfs, ramfs): what is written there is not out of
/// memory. Throws IoError.
bool is_ram_disk(const std::string& folder);

/// Throws IoError unless a spill file can be made in `folder` and `bytes` fit there.
void check_spill_room(const std::string& folder, std::uint64_t bytes);

}  // namespace cubemill
