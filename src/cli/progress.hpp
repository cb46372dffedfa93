// Progress on standard error: a bar for people, lines of JSON for programs.
#pragma once
#include <chrono>
#include <mutex>
#include <string>

#include "cli/options.hpp"

namespace cubemill {

class ProgressPrinter {
 public:
  /// `automatic`: a bar when standard error is a terminal, else nothing.
  explicit ProgressPrinter(ProgressStyle style);
  ~ProgressPrinter();
  void operator()(const Progress& progress);
  /// Prints a line without tearing the bar.
  void line(const std::string& text);

 private:
  void clear_bar();

  ProgressStyle style_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point last_{};
  bool bar_shown_ = false;
};

}  // namespace cubemill
