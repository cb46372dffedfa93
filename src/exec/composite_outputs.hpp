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
  CompositeOutputs(const Plan& plan, std::vector<OutputFile> files, OutputFolder& folder);

  void put(std::size_t index, const Tile& tile, const std::vector<float>& means,
           const std::vector<std::uint32_t>& counts, bool empty) override;
  void put_empty(const Tile& tile) override;

  /// Draws the quick looks and finishes the files.
  void finish(const std::string& subtitle);
  const std::vector<OutputFile>& files() const { return files_; }

 private:
  const Plan& plan_;
  std::vector<OutputFile> files_;
  OutputFolder& folder_;
};

}  // namespace cubemill
