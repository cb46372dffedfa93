// Resident memory of this process, and what the machine and its control group leave to it.
#pragma once
#include <cstdint>

namespace cubemill {

std::uint64_t resident_bytes();
/// Gives what was freed back to the system, so that it is not resident any more.
void give_back_freed();
/// The highest resident memory so far.
std::uint64_t peak_resident_bytes();
/// Bytes that a process may use: the smaller of available memory and what the control group allows.
std::uint64_t available_bytes();

}  // namespace cubemill
