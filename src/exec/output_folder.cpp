#include "exec/output_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;

std::mutex registry_mutex;
// Staging folder → the folders to be removed with it, the deepest first.
std::map<std::string, std::vector<std::string>>& registry() {
  static std::map<std::string, std::vector<std::string>> folders;
  return folders;
}

void remove_folders(const std::string& staging, const std::vector<std::string>& made) noexcept {
  std::error_code ignored;  // nobody could do better with what cannot be removed
  if (!staging.empty()) fs::remove_all(staging, ignored);
  for (const std::string& folder : made) fs::remove(folder, ignored);  // only when empty
}

/// The folders on the way to `path` that are not there, the deepest first.
std::vector<std::string> missing_folders(const std::string& path) {
  std::vector<std::string> missing;
  std::error_code error;
  for (fs::path p = path; !p.empty() && !fs::exists(p, error); p = p.parent_path())
    missing.push_back(p.string());
  return missing;
}

}  // namespace

OutputFolder::OutputFolder(std::string path, bool overwrite) : path_(std::move(path)) {
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  if (fs::exists(status) && !fs::is_directory(status))
    throw InvalidInput("-o " + path_ + ": is a file, not a folder");
  if (fs::is_directory(status) && !fs::is_empty(path_, error) && !error && !overwrite)
    throw InvalidInput("-o " + path_ +
                       ": the folder is not empty; choose another one or give --overwrite");
  if (error && fs::is_directory(status))
    throw IoError(path_, "cannot be read (" + error.message() + ")");
  if (!fs::exists(status)) {
    made_ = missing_folders(path_);
    fs::create_directories(path_, error);
    if (error) {
      remove_folders("", made_);
      throw IoError(path_, "cannot be made (" + error.message() + ")");
    }
  }
  staging_ = path_ + "/.cubemill-XXXXXX";
  if (!mkdtemp(staging_.data())) {
    const std::string reason = std::strerror(errno);
    remove_folders("", made_);
    throw IoError(path_, "cannot be written (" + reason + ")");
  }
  const std::lock_guard lock(registry_mutex);
  registry().emplace(staging_, made_);
}

OutputFolder::~OutputFolder() {
  const std::lock_guard lock(registry_mutex);
  registry().erase(staging_);
  remove_folders(staging_, committed_ ? std::vector<std::string>{} : made_);
}

std::string OutputFolder::staged(const std::string& name) {
  names_.push_back(name);
  return staging_ + "/" + name;
}

void OutputFolder::commit() {
  std::error_code error;
  // All or nothing: look for what could stop a rename before the first one.
  for (const std::string& name : names_) {
    if (!fs::exists(staging_ + "/" + name, error))
      throw IoError(staging_ + "/" + name, "is gone; was the folder cleaned up by somebody else?");
    if (fs::is_directory(path_ + "/" + name, error))
      throw IoError(path_ + "/" + name, "is a folder; a file of the result goes there");
  }
  for (const std::string& name : names_) {
    fs::rename(staging_ + "/" + name, path_ + "/" + name, error);
    if (error)
      throw IoError(path_ + "/" + name, "cannot be put in place (" + error.message() + ")");
    committed_ = true;
  }
}

void OutputFolder::remove_all_staged() noexcept {
  const std::lock_guard lock(registry_mutex);
  for (const auto& [staging, made] : registry()) remove_folders(staging, made);
}

}  // namespace cubemill
