// Opens what a scene is read for: reads headers, or takes them from their like, and settles the
// numbers of each band. Thread-safe but for Headers::estimate. Does not decide what becomes of a
// scene that cannot be opened.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cubemill/io/raster.hpp"
#include "exec/band_choice.hpp"
#include "exec/surveyor.hpp"

namespace cubemill {

class SceneOpener {
 public:
  SceneOpener(const Recipe& recipe, const BandChooser& chooser, Headers headers);

  BandChoice choice(const Scene& scene, const Input& input) const {
    return chooser_.find(scene, input.role, input.flags);
  }
  bool is_estimated(const BandChoice& choice) const;
  /// Headers of one kind are alike, but for what the item says.
  static std::string kind_of(const BandChoice& choice);

  /// Opens an input; adds its band to `bands`, null where it is not to be kept open or is only
  /// estimated. What comes damaged may not even be a header, and one that was kept may be of an
  /// object that is another by now: a remote one is fetched once more. Throws InvalidInput (no such
  /// asset, no such band, a type that does not fit) and IoError (unreadable).
  SceneInput open(const Scene& scene, const Input& input, const BandChoice& choice,
                  std::vector<std::unique_ptr<RasterBand>>& bands);
  /// Opens a raster whose header was in doubt, from the store.
  std::unique_ptr<RasterBand> open_again(const std::string& href, int band) const;
  /// Takes what the header of a raster says, and with the item's numbers what its pixels mean.
  void take_header(const Scene& scene, const Input& input, const BandChoice& choice,
                   const RasterBand& raster, SceneInput& in) const;

  std::uint64_t headers_read() const { return headers_read_; }
  /// Headers that were fetched again, and why.
  const HeaderTally& tally() const { return tally_; }

 private:
  SceneInput open_once(const Scene& scene, const Input& input, const BandChoice& choice,
                       std::vector<std::unique_ptr<RasterBand>>& bands);
  void read_header_of(const BandChoice& choice, SceneInput& in,
                      std::vector<std::unique_ptr<RasterBand>>& bands);
  void read_one(SceneInput& in, std::vector<std::unique_ptr<RasterBand>>& bands) const;
  void settle_numbers(const Scene& scene, const Input& input, const BandChoice& choice,
                      SceneInput& in) const;
  void note_doubt(const Scene& scene, const std::string& asset, const std::string& doubt);
  [[noreturn]] void missing(const Scene& scene, const Input& input) const;

  const BandChooser& chooser_;
  const Headers headers_;
  const OverviewHeaders overviews_;
  std::mutex mutex_;
  HeaderTally tally_;
  std::uint64_t headers_read_ = 0;
  std::map<std::string, RasterInfo> seen_;  // by kind; estimate only, one thread
};

}  // namespace cubemill
