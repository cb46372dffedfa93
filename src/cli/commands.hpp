// The commands: each turns a command line into calls of the library and prints what they say.
#pragma once
#include "cli/options.hpp"

namespace cubemill {

/// Runs the command and returns the exit code. Throws the kinds of base/error.hpp.
int run_command(const CommandLine& line);

}  // namespace cubemill
