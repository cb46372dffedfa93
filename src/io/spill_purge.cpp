#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "cubemill/base/error.hpp"
#include "io/spill_file.hpp"
#include "io/spill_header.hpp"

namespace cubemill {
namespace {

bool is_gone(const std::string& owner) {
  struct stat ignored {};
  if (owner.empty()) return true;
  return ::lstat(owner.c_str(), &ignored) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

// Whether nobody but a living run may need the file.
bool is_ownerless(const DiskFile& file) {
  SpillHeader header;
  switch (read_spill_header(file, header)) {
    case SpillHeaderState::foreign:
      return false;
    case SpillHeaderState::torn:
      return true;
    case SpillHeaderState::whole:
      break;
  }
  // Elsewhere the owner's path may mean another folder, and a lock may not be seen from here.
  return header.host == this_host() && is_gone(header.owner);
}

// A file that a run may resume is never locked, not even for a moment: the run would be told that
// somebody else has it. A file that is just being made may be: its maker then makes another one.
bool purge(const std::string& path) {
  DiskFile file = DiskFile::open_existing(path);
  if (!is_ownerless(file) || file.lock() != DiskFile::Lock::ours) return false;
  if (!is_ownerless(file)) return false;  // its header came between
  file.unlink();
  return true;
}

}  // namespace

std::vector<std::string> purge_dead_spills(const std::string& folder) {
  std::vector<std::string> removed;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!is_spill_name(entry->path().filename().string())) continue;
    const std::string path = entry->path().string();
    try {
      if (purge(path)) removed.push_back(path);
    } catch (const IoError&) {  // another user's, or removed by another purge
    }
  }
  return removed;
}

}  // namespace cubemill
