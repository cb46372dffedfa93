// The folder that a run writes into: everything is staged in a hidden folder inside it and renamed
// at the end, all or nothing.
#pragma once
#include <string>
#include <vector>

namespace cubemill {

class OutputFolder {
 public:
  /// Makes the folder if absent, and the staging folder in it. Throws InvalidInput (it is a file,
  /// or not empty and not `overwrite`) and IoError (cannot be written).
  OutputFolder(std::string path, bool overwrite);
  /// Removes what is staged, and the folder if it was made here and nothing was committed.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Path under which the file `name` is to be written.
  std::string staged(const std::string& name);
  /// Forgets the names given so far, to write them anew.
  void forget_staged() { names_.clear(); }
  /// Gives all staged files their final names, in the order in which they were asked for.
  void commit();
  const std::string& path() const { return path_; }

  /// Removes the staging folders of this process; for an interrupted program, from any thread.
  static void remove_all_staged() noexcept;

 private:
  std::string path_, staging_;
  std::vector<std::string> names_;
  std::vector<std::string> made_;  // folders that were made for it, the deepest first
  bool committed_ = false;
};

}  // namespace cubemill
