#include "exec/resident_memory.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace cubemill {
namespace {

constexpr std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();

/// The number of a file that holds one, or `unknown` (absent, or `max`).
std::uint64_t number_in(const std::string& path) {
  std::ifstream in(path);
  std::uint64_t n = 0;
  return in >> n ? n : unknown;
}

/// The number, in KiB, of a line `name: n kB`.
std::uint64_t kibibytes(const char* path, const std::string& name) {
  std::ifstream in(path);
  std::string line;
  while (std::getline(in, line))
    if (line.starts_with(name)) return std::stoull(line.substr(name.size()));
  return 0;
}

/// The control group of this process below the root, from /proc/self/cgroup; `controller`: "memory"
/// of version 1, empty for version 2. Empty when there is none.
std::string control_group(const std::string& controller) {
  std::ifstream in("/proc/self/cgroup");
  std::string line;
  while (std::getline(in, line)) {
    const std::size_t names = line.find(':') + 1, path = line.find(':', names) + 1;
    if (line.substr(names, path - 1 - names) == controller) return line.substr(path);
  }
  return "";
}

std::uint64_t left_in(const std::string& limit, const std::string& used) {
  const std::uint64_t most = number_in(limit), now = number_in(used);
  if (most == unknown || now == unknown) return unknown;
  return most > now ? most - now : 0;
}

// Limits of all groups above count too.
std::uint64_t left_in_groups(const std::string& root, std::string group, const std::string& limit,
                             const std::string& used) {
  std::uint64_t left = left_in(root + limit, root + used);
  for (; group.size() > 1; group = group.substr(0, group.rfind('/')))
    left = std::min(left, left_in(root + group + limit, root + group + used));
  return left;
}

std::uint64_t left_in_control_groups() {
  return std::min(
      left_in_groups("/sys/fs/cgroup", control_group(""), "/memory.max", "/memory.current"),
      left_in_groups("/sys/fs/cgroup/memory", control_group("memory"), "/memory.limit_in_bytes",
                     "/memory.usage_in_bytes"));
}

}  // namespace

std::uint64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * std::uint64_t(sysconf(_SC_PAGESIZE));
}

void release_freed_memory() { malloc_trim(0); }

std::uint64_t peak_resident_bytes() {
  if (const std::uint64_t k = kibibytes("/proc/self/status", "VmHWM:")) return k * 1024;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::uint64_t(usage.ru_maxrss) * 1024;
}

std::uint64_t available_bytes() {
  return std::min(kibibytes("/proc/meminfo", "MemAvailable:") * 1024, left_in_control_groups());
}

}  // namespace cubemill
