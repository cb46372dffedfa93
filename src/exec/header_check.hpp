// Headers of remote rasters that may have come damaged: they have no checksum, but bands are
// written alike. What differs from the same band of other scenes, from the other bands of its scene
// or from its item is fetched again, and believed when it comes the same or differs no more. Does
// not ask ahead. One thread.
#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cubemill/io/raster.hpp"
#include "cubemill/model/scene.hpp"

namespace cubemill {

/// A raster as it was opened, and what its item says of it.
struct OpenedInput {
  std::unique_ptr<RasterBand>* raster = nullptr;
  const SceneAsset* asset = nullptr;
  int band = 1;
};
using OpenedScenes = std::vector<std::vector<OpenedInput>>;  ///< by scene and input

/// Gives the largest distance in pixels between what the item and the file say of the corners; 0
/// where the item says nothing.
double grid_difference(const SceneAsset& asset, const GeoBox& file);

class HeaderCheck {
 public:
  /// A header of which another fetch brought something else, and why it was doubted.
  struct Changed {
    std::size_t scene, input;
    std::string doubt;
  };
  /// A scene with a header that could not be had, or not twice in one form; its first.
  struct Failed {
    std::size_t scene, input;
    std::exception_ptr failure;
  };
  /// Opens a raster, its header fetched anew.
  using Reopen = std::function<std::unique_ptr<RasterBand>(const std::string& href, int band)>;

  explicit HeaderCheck(OpenedScenes scenes);

  /// The files that will be opened again, in that order.
  std::vector<std::string> doubtful() const;
  /// Opens them again and puts the rasters in their place that are believed.
  void settle(const Reopen& reopen);

  std::uint64_t refetched() const { return refetched_; }  ///< headers, each time counted
  const std::vector<Changed>& changed() const { return changed_; }
  const std::vector<Failed>& failed() const { return failed_; }  ///< by scene

 private:
  struct Kind {
    HeaderProfile profile;
    std::size_t scenes = 0;
  };
  struct Doubt {
    std::size_t scene, input;
    std::string why;
  };

  void count();
  void count_kind(std::size_t input, const HeaderProfile& profile);
  bool usual(const Kind& kind, std::size_t input) const;
  bool rare(std::size_t differing) const;
  const HeaderProfile& profile(std::size_t scene, std::size_t input) const;
  std::size_t& differing(std::size_t a, std::size_t b) { return differing_[a * inputs_ + b]; }
  std::string doubt(std::size_t scene, std::size_t input) const;
  std::string doubt_among_scenes(std::size_t scene, std::size_t input) const;
  std::string doubt_by_item(std::size_t scene, std::size_t input) const;
  std::string doubt_among_bands(std::size_t scene, std::size_t input) const;
  void settle(const Doubt& doubtful, const Reopen& reopen);

  OpenedScenes scenes_;
  std::size_t inputs_;
  std::vector<std::vector<Kind>> kinds_;  // by input
  std::vector<std::size_t> unlike_item_;  // scenes, by input
  std::vector<std::size_t> differing_;    // scenes, by two inputs
  std::vector<Doubt> doubts_;
  std::uint64_t refetched_ = 0;
  std::vector<Changed> changed_;
  std::vector<Failed> failed_;
};

}  // namespace cubemill
