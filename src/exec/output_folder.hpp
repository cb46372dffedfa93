// The folder that a run writes into: everything is staged in a hidden folder inside it and renamed
// at the end, all or nothing. The staging folder is locked while its run lives; with a checkpoint
// in it, it outlives its run, so that a later one can take it over.
#pragma once
#include <string>
#include <vector>

#include "cubemill/exec/composite.hpp"

namespace cubemill {

/// What to do about files that are in the output folder already.
struct Existing {
  bool overwrite = false;
  bool resume = false;  ///< go on with an interrupted run, where there is one
};

/// Locks a folder for as long as this object or the process lives.
class FolderLock {
 public:
  FolderLock() = default;
  /// Holds nothing when the folder is gone or another process has it.
  explicit FolderLock(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

class OutputFolder {
 public:
  /// The file in a staging folder that says that its run can be resumed.
  static constexpr const char* checkpoint_name = "checkpoint.json";

  /// Makes the folder if absent, and the staging folder in it, or takes over that of an interrupted
  /// run. Throws InvalidInput (it is a file, not empty, of a living run, or of an interrupted one,
  /// and nothing was said) and IoError (cannot be written).
  OutputFolder(std::string path, Existing existing);
  /// Removes what is staged, all but what a later run needs; the folder too if it was made here and
  /// nothing is left in it.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Path under which the file `name` is to be written, to be put in place at the end.
  std::string staged(const std::string& name);
  /// Forgets the names given so far, to write them anew.
  void forget_staged();
  /// Gives all staged files their final names, in the order in which they were asked for, and
  /// removes the staging folder. Throws IoError, and takes the names back.
  void commit();
  const std::string& path() const { return path_; }
  const std::string& staging() const { return staging_; }
  /// Whether the staging folder is that of an interrupted run.
  bool resumed() const { return resumed_; }
  /// Whether a run that fails now can be resumed.
  bool resumable() const;

  /// Removes what is staged by this process, as the destructor does; for an interrupted program,
  /// from any thread.
  static LeftBehind remove_all_staged() noexcept;

 private:
  void look_at_leftovers(Existing existing);
  void make_staging();

  std::string path_, staging_;
  FolderLock lock_;
  std::vector<std::string> names_;
  std::vector<std::string> made_;  // folders that were made for it, the deepest first
  bool resumed_ = false;
  bool committed_ = false;
};

}  // namespace cubemill
