#include "exec/scene_opener.hpp"

#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"
#include "exec/estimated_header.hpp"
#include "io/remote_file.hpp"

namespace cubemill {
namespace {

void check_type(const Scene& scene, const Input& input, const SceneInput& in) {
  const bool number = in.info.type == PixelType::f32 || in.info.type == PixelType::f64;
  if (input.flags && number)
    throw InvalidInput("item " + scene.id + ": asset '" + in.asset + "' is " +
                       to_string(in.info.type) + ", flags must be whole numbers: " + in.href);
}

void take_info(const RasterBand& raster, SceneInput& in) {
  in.info = raster.info();
  in.version = raster.version();
}

}  // namespace

SceneOpener::SceneOpener(const Recipe& recipe, const BandChooser& chooser, Headers headers)
    : chooser_(chooser),
      headers_(headers),
      overviews_(recipe.overviews == Overviews::automatic ? OverviewHeaders::read
                                                          : OverviewHeaders::leave) {}

bool SceneOpener::is_estimated(const BandChoice& choice) const {
  return headers_ == Headers::estimate && has_grid(*choice.asset);
}

std::string SceneOpener::kind_of(const BandChoice& choice) {
  return choice.asset->key + "#" + std::to_string(choice.band) + " " + choice.asset->proj.crs;
}

SceneInput SceneOpener::open(const Scene& scene, const Input& input, const BandChoice& choice,
                             std::vector<std::unique_ptr<RasterBand>>& bands) {
  if (!choice.asset) missing(scene, input);
  const std::size_t before = bands.size();
  std::string reason;
  try {
    SceneInput in = open_once(scene, input, choice, bands);
    if (bands.back()) note_doubt(scene, in.asset, bands.back()->header_doubt());
    return in;
  } catch (const RangeFailure& failure) {
    if (failure.kind() != RangeFailure::Kind::replaced) throw;
    reason = failure.what();
  } catch (const Error& error) {
    if (!is_remote(choice.asset->href)) throw;
    reason = error.what();
  }
  bands.resize(before);
  RemoteFile::forget(choice.asset->href);
  SceneInput in = open_once(scene, input, choice, bands);
  note_doubt(scene, in.asset, reason);
  return in;
}

std::unique_ptr<RasterBand> SceneOpener::open_again(const std::string& href, int band) const {
  RemoteFile::forget(href);
  return open_raster(href, band, overviews_);
}

void SceneOpener::take_header(const Scene& scene, const Input& input, const BandChoice& choice,
                              const RasterBand& raster, SceneInput& in) const {
  take_info(raster, in);
  settle_numbers(scene, input, choice, in);
}

SceneInput SceneOpener::open_once(const Scene& scene, const Input& input, const BandChoice& choice,
                                  std::vector<std::unique_ptr<RasterBand>>& bands) {
  SceneInput in;
  in.asset = choice.asset->key, in.href = choice.asset->href, in.band = choice.band;
  in.remote = is_remote(in.href);
  read_header_of(choice, in, bands);
  in.info.grid.transform.inverse();  // throws where pixels have no area
  settle_numbers(scene, input, choice, in);
  return in;
}

void SceneOpener::read_header_of(const BandChoice& choice, SceneInput& in,
                                 std::vector<std::unique_ptr<RasterBand>>& bands) {
  if (is_estimated(choice)) {
    const std::string kind = kind_of(choice);
    const auto known = seen_.find(kind);
    if (known != seen_.end()) {
      in.info = info_from_metadata(*choice.asset, known->second);
      in.estimated = true;
      bands.push_back(nullptr);
      return;
    }
    read_one(in, bands);
    seen_.emplace(kind, in.info);
  } else {
    read_one(in, bands);
  }
  const std::lock_guard lock(mutex_);
  ++headers_read_;
}

void SceneOpener::read_one(SceneInput& in, std::vector<std::unique_ptr<RasterBand>>& bands) const {
  if (headers_ == Headers::open_all || in.remote) {
    bands.push_back(open_raster(in.href, in.band, overviews_));
    take_info(*bands.back(), in);
  } else {
    in.info = read_header(in.href, in.band, overviews_);
    bands.push_back(nullptr);
  }
}

void SceneOpener::settle_numbers(const Scene& scene, const Input& input, const BandChoice& choice,
                                 SceneInput& in) const {
  check_type(scene, input, in);
  chooser_.set_numbers(in, input.role, input.flags, choice);
}

void SceneOpener::note_doubt(const Scene& scene, const std::string& asset,
                             const std::string& doubt) {
  if (doubt.empty()) return;
  const std::lock_guard lock(mutex_);
  ++tally_.refetched;
  tally_.changed.push_back({scene.id, asset, without_secrets(doubt)});
}

void SceneOpener::missing(const Scene& scene, const Input& input) const {
  std::string there;
  for (const auto& [key, asset] : scene.assets) there += (there.empty() ? "" : ", ") + key;
  throw InvalidInput("item " + scene.id + " (" + scene.source + ") has no asset for " +
                     (input.flags ? "the flags" : "'" + input.role + "'") + ": looked for " +
                     chooser_.looked_for(input.role, input.flags) + ", there are " + there);
}

}  // namespace cubemill
