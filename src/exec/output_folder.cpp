#include "exec/output_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;

std::mutex registry_mutex;
// Staging folder → the output folder to be removed with it, or nothing.
std::set<std::pair<std::string, std::string>>& registry() {
  static std::set<std::pair<std::string, std::string>> folders;
  return folders;
}

void remove_folder(const std::string& staging, const std::string& made) noexcept {
  std::error_code ignored;  // nobody could do better with what cannot be removed
  fs::remove_all(staging, ignored);
  if (!made.empty()) fs::remove(made, ignored);  // only when empty
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
    made_ = fs::create_directories(path_, error);
    if (error) throw IoError(path_, "cannot be made (" + error.message() + ")");
  }
  staging_ = path_ + "/.cubemill-XXXXXX";
  if (!mkdtemp(staging_.data())) {
    const std::string reason = std::strerror(errno);
    if (made_) fs::remove(path_, error);
    throw IoError(path_, "cannot be written (" + reason + ")");
  }
  const std::lock_guard lock(registry_mutex);
  registry().insert({staging_, made_ ? path_ : ""});
}

OutputFolder::~OutputFolder() {
  const std::lock_guard lock(registry_mutex);
  registry().erase({staging_, made_ ? path_ : ""});
  remove_folder(staging_, made_ && !committed_ ? path_ : "");
}

std::string OutputFolder::staged(const std::string& name) {
  names_.push_back(name);
  return staging_ + "/" + name;
}

void OutputFolder::commit() {
  for (const std::string& name : names_) {
    std::error_code error;
    fs::rename(staging_ + "/" + name, path_ + "/" + name, error);
    if (error)
      throw IoError(path_ + "/" + name, "cannot be put in place (" + error.message() + ")");
    committed_ = true;
  }
}

void OutputFolder::remove_all_staged() noexcept {
  const std::lock_guard lock(registry_mutex);
  for (const auto& [staging, made] : registry()) remove_folder(staging, made);
}

}  // namespace cubemill
