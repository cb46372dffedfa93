// Runs a command of the user's, to read what it prints. Bounded in time and in output; ended with
// all that it started. Not responsible for what the output means.
#pragma once
#include <chrono>
#include <stop_token>
#include <string>

namespace cubemill::net {

/// Runs `command` by /bin/sh, with `argument` (if any) as one more argument, whatever is in it.
/// Returns its standard output. Throws IoError: it failed (with the end of its standard error), it
/// took longer than `limit`, it printed more than a mebibyte, or it was to stop.
std::string run_command(const std::string& command, const std::string& argument,
                        std::chrono::milliseconds limit, std::stop_token stop);

}  // namespace cubemill::net
