// Resident memory of this process, and what the machine and its control group leave to it.
#pragma once
#include <cstdint>

namespace cubemill {

std::uint64_t resident_bytes();
/// Gives memory that was freed back to the system; the allocator would keep much of it.
void release_freed_memory();
/// The highest resident memory so far.
std::uint64_t peak_resident_bytes();
/// Bytes that a process may use: the smaller of available memory and what the control group allows.
std::uint64_t available_bytes();

}  // namespace cubemill
