// The command line: what can be given, and how it becomes a request. The only place that knows
// cxxopts.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cubemill/exec/composite.hpp"

namespace cubemill {

enum class ProgressStyle { automatic, bar, json, none };

/// What the program was asked to do.
struct CommandLine {
  std::string command;  ///< composite, plan, verify, demo, info, help, version
  std::string help;     ///< text of the command's help
  CompositeRequest request;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool probe = false;
  bool copy_rate = false;
  bool all_assets = false;
  ProgressStyle progress = ProgressStyle::automatic;
  std::string demo_directory;
  std::map<std::string, std::int64_t> demo;  ///< seed, scenes, size, year when given
};

/// Reads the arguments after the program's name. Throws InvalidInput.
CommandLine read_command_line(const std::vector<std::string>& arguments);

}  // namespace cubemill
