// Environment variables as a value that tests can stand in for. Not responsible for what they mean.
#pragma once
#include <functional>
#include <string>

namespace cubemill::net {

/// The value of a variable; empty where it is not set.
using Environment = std::function<std::string(const std::string& name)>;

Environment process_environment();

/// Whether a switch is on, by GDAL's and AWS's spellings: YES, TRUE, ON, 1 (any case). `otherwise`
/// where the text is empty.
bool is_yes(const std::string& text, bool otherwise = false);

/// The first of two texts that is not empty.
std::string either(const std::string& first, const std::string& second);

}  // namespace cubemill::net
