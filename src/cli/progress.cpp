#include "cli/progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace cubemill {

ProgressPrinter::ProgressPrinter(ProgressStyle style) : style_(style) {
  if (style_ == ProgressStyle::automatic)
    style_ = isatty(STDERR_FILENO) ? ProgressStyle::bar : ProgressStyle::none;
}

ProgressPrinter::~ProgressPrinter() { clear_bar(); }

void ProgressPrinter::clear_bar() {
  if (bar_shown_) std::fputs("\r\033[K", stderr);
  bar_shown_ = false;
}

void ProgressPrinter::line(const std::string& text) {
  const std::lock_guard lock(mutex_);
  clear_bar();
  std::fprintf(stderr, "cubemill: %s\n", text.c_str());
}

void ProgressPrinter::operator()(const Progress& p) {
  if (style_ == ProgressStyle::none || p.chunks == 0) return;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const bool end = p.chunks_done == p.chunks;
  if (!end && now - last_ < std::chrono::milliseconds(style_ == ProgressStyle::bar ? 100 : 1000))
    return;
  last_ = now;
  const double share = double(p.chunks_done) / double(p.chunks);
  // What an earlier process did says nothing about the time that is left.
  const std::size_t here = p.chunks_done - p.chunks_resumed;
  const double left = here > 0 ? p.seconds * double(p.chunks - p.chunks_done) / double(here) : 0;
  if (style_ == ProgressStyle::json) {
    std::fprintf(
        stderr,
        "{\"chunks_done\": %zu, \"chunks\": %zu, \"seconds\": %.1f, \"seconds_left\": %.1f, "
        "\"sums_bytes\": {\"backend\": %llu, \"host\": %llu, \"disk\": %llu}}\n",
        p.chunks_done, p.chunks, p.seconds, left, static_cast<unsigned long long>(p.sums_backend),
        static_cast<unsigned long long>(p.sums_host), static_cast<unsigned long long>(p.sums_disk));
    return;
  }
  constexpr int width = 40;
  const int full = int(share * width);
  const std::string disk =
      p.sums_disk ? ", " + std::to_string(p.sums_disk >> 20) + " MiB of sums on disk" : "";
  std::fprintf(stderr, "\r[%.*s%*s] %3.0f %%  %.0f s, %.0f s left%s\033[K", full,
               "########################################", width - full, "", share * 100, p.seconds,
               left, disk.c_str());
  bar_shown_ = true;
}

}  // namespace cubemill
