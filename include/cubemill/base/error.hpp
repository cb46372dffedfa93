// The kinds of failure, by whose move it is. Each kind has one exit code; only `main` prints.
// Foreign error codes (GDAL, errno, PROJ) are translated once, where they appear. Bugs are
// assertions, not errors.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

#include "cubemill/base/secrets.hpp"

namespace cubemill {

/// Exit codes of the program; ended by a signal it gives 128 + its number (130, 143).
enum class ExitCode : int {
  ok = 0,
  bug = 1,
  user = 2,
  world = 3,
  memory = 4,
  device = 5,
  done_with_skips = 6,
};

/// Base of all failures; `what()` is one line: what, where, what to do, and no secret of an URL.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message)
      : std::runtime_error(without_secrets(message)), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// The user's move: options, catalog content, output exists, grids that disagree.
class InvalidInput : public Error {
 public:
  explicit InvalidInput(const std::string& message) : Error(ExitCode::user, message) {}
};

/// The world's move: a file, a disk or a network that fails. Carries the path.
class IoError : public Error {
 public:
  IoError(const std::string& path, const std::string& message)
      : Error(ExitCode::world, path + ": " + message), path_(path) {}
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// A memory limit is too small; `needed` is the limit that would do, in bytes.
class OutOfMemory : public Error {
 public:
  OutOfMemory(const std::string& message, std::uint64_t needed)
      : Error(ExitCode::memory, message), needed_(needed) {}
  std::uint64_t needed() const noexcept { return needed_; }

 private:
  std::uint64_t needed_;
};

/// A CUDA call failed or no device answers.
class DeviceError : public Error {
 public:
  explicit DeviceError(const std::string& message) : Error(ExitCode::device, message) {}
};

}  // namespace cubemill
