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

/// Folder of this process's control group (version 2), empty when there is none.
std::string control_group() {
  std::ifstream in("/proc/self/cgroup");
  std::string line;
  while (std::getline(in, line))
    if (line.starts_with("0::")) return "/sys/fs/cgroup" + line.substr(3);
  return "";
}

std::uint64_t left_in(const std::string& limit, const std::string& used) {
  const std::uint64_t most = number_in(limit), now = number_in(used);
  if (most == unknown || now == unknown) return unknown;
  return most > now ? most - now : 0;
}

std::uint64_t left_in_control_groups() {
  std::uint64_t left = unknown;
  // Limits of all groups above count too.
  for (std::string group = control_group(); group.size() > std::string("/sys/fs/cgroup").size();
       group = group.substr(0, group.rfind('/')))
    left = std::min(left, left_in(group + "/memory.max", group + "/memory.current"));
  left = std::min(left, left_in("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"));
  return std::min(left, left_in("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                                "/sys/fs/cgroup/memory/memory.usage_in_bytes"));
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
