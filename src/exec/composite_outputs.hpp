// The files of a composite: one COG and one quick look for every index and reducer. Takes tiles
// from the runner.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cubemill/exec/composite.hpp"
#include "cubemill/plan/plan.hpp"
#include "exec/output_folder.hpp"
#include "exec/runner.hpp"

namespace cubemill {

struct OutputFile {
  std::string stem;  ///< `ndvi_mean`
  std::size_t index = 0;
  bool counts = false;
  CogSpec spec;
  std::unique_ptr<CogWriter> writer;
  std::vector<CogWriter::BandStatistics> statistics;  ///< after finish
};

/// The specs of all files, for the memory plan too.
std::vector<OutputFile> output_files(const Plan& plan, const Survey& survey, const Recipe& recipe,
                                     Compression compression);

class CompositeOutputs : public TileSink {
 public:
  /// `stored`: the tiles of an interrupted run, one a file, whose spools are taken over; null:
  /// none.
  CompositeOutputs(const Plan& plan, std::vector<OutputFile> files, OutputFolder& folder,
                   const std::vector<std::vector<StoredTile>>* stored = nullptr);

  void put(std::size_t index, const Tile& tile, const std::vector<float>& means,
           const std::vector<std::uint32_t>& counts, bool empty) override;
  void put_empty(const Tile& tile) override;

  /// How to restore a tile that was put: one a file.
  std::vector<StoredTile> stored(const Tile& tile) const;
  /// Puts a tile of the interrupted run; false when it is to be put again. Thread-safe.
  bool restore(const Tile& tile, const std::vector<StoredTile>& stored);
  /// Waits until the disk has all that was put.
  void store();

  /// Draws the quick looks and finishes the files; `spool`: whether it may still be taken over.
  void finish(const std::string& subtitle, SpoolName spool);
  const std::vector<OutputFile>& files() const { return files_; }

 private:
  const Plan& plan_;
  std::vector<OutputFile> files_;
  OutputFolder& folder_;
};

}  // namespace cubemill
