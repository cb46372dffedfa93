#include "exec/output_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "cubemill/base/error.hpp"
#include "io/disk_file.hpp"
#include "io/spill_file.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;

/// What an interrupted process has to remove.
struct Staged {
  std::vector<std::string> names;  ///< of files that are staged
  std::vector<std::string> made;   ///< folders to be removed with it, the deepest first
};

std::mutex registry_mutex;
bool some_result = false;                    // a run of this process has put its result in place
std::map<std::string, Staged>& registry() {  // by staging folder
  static std::map<std::string, Staged> folders;
  return folders;
}

bool can_be_resumed(const std::string& staging) noexcept {
  std::error_code none;
  return fs::exists(staging + "/" + OutputFolder::checkpoint_name, none);
}

void remove_folders(const std::vector<std::string>& folders) noexcept {
  std::error_code ignored;  // nobody could do better with what cannot be removed
  for (const std::string& folder : folders) fs::remove(folder, ignored);  // only when empty
}

void remove_staged(const std::string& staging, const Staged& staged) noexcept {
  std::error_code ignored;
  if (!can_be_resumed(staging)) {
    fs::remove_all(staging, ignored);
    return remove_folders(staged.made);
  }
  for (const std::string& name : staged.names) fs::remove(staging + "/" + name, ignored);
}

/// The folders on the way to `path` that are not there, the deepest first.
std::vector<std::string> missing_folders(const std::string& path) {
  std::vector<std::string> missing;
  std::error_code error;
  for (fs::path p = path; !p.empty() && !fs::exists(p, error); p = p.parent_path())
    missing.push_back(p.string());
  return missing;
}

/// The staging folders in an output folder.
std::vector<std::string> leftovers(const std::string& path) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator i(path, error), end; !error && i != end; i.increment(error))
    if (i->path().filename().string().starts_with(".cubemill-") && i->is_directory(error))
      found.push_back(i->path().string());
  return found;
}

/// A process that was just killed holds its lock until the system has cleaned up after it, and
/// nobody tells when that is.
FolderLock lock_of_dying(const std::string& folder) {
  FolderLock lock(folder);
  for (int tries = 0; tries < 20 && !lock && fs::exists(folder); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    lock = FolderLock(folder);
  }
  return lock;
}

}  // namespace

FolderLock::FolderLock(const std::string& folder)
    : descriptor_(::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  // A file, since network disks lock only what is open for writing. It may have been removed
  // between being opened and being locked.
  struct stat ours {
  }, there{};
  const bool held = descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 &&
                    ::fstat(descriptor_, &ours) == 0 &&
                    ::stat((folder + "/lock").c_str(), &there) == 0 && ours.st_ino == there.st_ino;
  if (!held && descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

OutputFolder::OutputFolder(std::string path, Existing existing) : path_(std::move(path)) {
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  if (fs::exists(status) && !fs::is_directory(status))
    throw InvalidInput("-o " + path_ + ": is a file, not a folder");
  if (fs::is_directory(status)) look_at_leftovers(existing);
  if (resumed_) {
    const std::lock_guard lock(registry_mutex);
    registry()[staging_];
    return;
  }
  if (fs::is_directory(status) && !fs::is_empty(path_, error) && !error && !existing.overwrite)
    throw InvalidInput("-o " + path_ + ": the folder is not empty" +
                       (existing.resume ? " and holds no interrupted run to resume" : "") +
                       "; choose another one or give --overwrite");
  if (error && fs::is_directory(status))
    throw IoError(path_, "cannot be read (" + error.message() + ")");
  if (!fs::exists(status)) {
    made_ = missing_folders(path_);
    fs::create_directories(path_, error);
    if (error) {
      remove_folders(made_);
      throw IoError(path_, "cannot be made (" + error.message() + ")");
    }
  }
  make_staging();
}

void OutputFolder::look_at_leftovers(Existing existing) {
  std::vector<std::pair<std::string, FolderLock>> dead;
  for (const std::string& folder : leftovers(path_)) {
    FolderLock lock = existing.resume ? lock_of_dying(folder) : FolderLock(folder);
    if (!lock && fs::exists(folder))
      throw InvalidInput("-o " + path_ +
                         ": another run is writing into this folder (if none is, on a " +
                         "disk that knows no locks, remove " + folder + ")");
    dead.emplace_back(folder, std::move(lock));
  }
  for (auto& [folder, lock] : dead) {
    if (!can_be_resumed(folder) || !lock) continue;
    if (existing.resume && !resumed_) {
      resumed_ = true;
      staging_ = std::exchange(folder, "");
      lock_ = std::move(lock);
    } else if (resumed_ && !existing.overwrite) {
      throw InvalidInput("-o " + path_ + ": holds two interrupted runs; remove " + staging_ +
                         " or " + folder);
    } else if (!existing.overwrite) {
      throw InvalidInput(
          "-o " + path_ +
          ": holds an interrupted run; --resume goes on with it, --overwrite drops it");
    }
  }
  std::error_code ignored;
  for (const auto& [folder, lock] : dead)
    if (!folder.empty()) fs::remove_all(folder, ignored);
}

void OutputFolder::make_staging() {
  // Until it is locked another process may take it for a dead run's and remove it.
  while (!lock_) {
    staging_ = path_ + "/.cubemill-XXXXXX";
    if (!mkdtemp(staging_.data())) {
      const std::string reason = std::strerror(errno);
      remove_folders(made_);
      throw IoError(path_, "cannot be written (" + reason + ")");
    }
    lock_ = FolderLock(staging_);
    if (!lock_ && fs::exists(staging_)) break;  // a disk without locks
  }
  const std::lock_guard lock(registry_mutex);
  registry()[staging_].made = made_;
}

OutputFolder::~OutputFolder() {
  const std::lock_guard lock(registry_mutex);
  if (!committed_) remove_staged(staging_, registry()[staging_]);
  registry().erase(staging_);
}

std::string OutputFolder::staged(const std::string& name) {
  names_.push_back(name);
  const std::lock_guard lock(registry_mutex);
  registry()[staging_].names.push_back(name);
  return staging_ + "/" + name;
}

void OutputFolder::forget_staged() { names_.clear(); }

void OutputFolder::commit() {
  std::error_code error;
  // All or nothing: look for what could stop a rename before the first one.
  for (const std::string& name : names_) {
    if (!fs::exists(staging_ + "/" + name, error))
      throw IoError(staging_ + "/" + name, "is gone; was the folder cleaned up by somebody else?");
    if (fs::is_directory(path_ + "/" + name, error))
      throw IoError(path_ + "/" + name, "is a folder; a file of the result goes there");
  }
  // A run that took long is not to be lost to a power cut: its checkpoint goes below.
  if (resumable())
    for (const std::string& name : names_)
      DiskFile(staging_ + "/" + name, DiskFile::Content::as_it_is).store();
  const std::lock_guard lock(registry_mutex);  // an interrupt comes before or after
  for (std::size_t i = 0; i < names_.size(); ++i) {
    fs::rename(staging_ + "/" + names_[i], path_ + "/" + names_[i], error);
    if (!error) continue;
    std::error_code ignored;
    for (std::size_t k = 0; k < i; ++k)
      fs::rename(path_ + "/" + names_[k], staging_ + "/" + names_[k], ignored);
    throw IoError(path_ + "/" + names_[i], "cannot be put in place (" + error.message() + ")");
  }
  committed_ = true;
  some_result = true;
  fs::remove_all(staging_, error);
  registry().erase(staging_);
}

bool OutputFolder::resumable() const { return can_be_resumed(staging_); }

LeftBehind OutputFolder::remove_all_staged() noexcept {
  const std::lock_guard lock(registry_mutex);
  LeftBehind left = some_result ? LeftBehind::result : LeftBehind::nothing;
  for (const auto& [staging, staged] : registry()) {
    remove_staged(staging, staged);
    if (can_be_resumed(staging)) left = LeftBehind::checkpoint;
  }
  SpillFile::remove_unkept();
  return left;
}

}  // namespace cubemill
