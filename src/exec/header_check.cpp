#include "exec/header_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"
#include "exec/report_text.hpp"

namespace cubemill {
namespace {

/// A bit that was lost is not lost in the same place of so many files: they are written otherwise.
constexpr std::size_t scenes_of_a_kind = 3;
/// Two fetches that agree are expected at the second; whoever comes different each time is not to
/// be believed at all.
constexpr int most_fetches = 3;
constexpr double most_pixels_off = 0.01;

std::string difference_from_item(const char* name, const std::optional<double>& file,
                                 const std::optional<double>& item) {
  if (!file || !item || *file == *item || (std::isnan(*file) && std::isnan(*item))) return {};
  return text("%s %.17g against %.17g of the item", name, *file, *item);
}

std::string difference_from_item(const SceneAsset& asset, int band, const RasterInfo& info) {
  const GeoBox& grid = info.grid;
  if (asset.proj.shape && *asset.proj.shape != std::array{grid.height, grid.width})
    return "shape " + std::to_string(grid.height) + " × " + std::to_string(grid.width) +
           " against " + std::to_string((*asset.proj.shape)[0]) + " × " +
           std::to_string((*asset.proj.shape)[1]) + " of the item";
  if (const double off = grid_difference(asset, grid); off > most_pixels_off)
    return text("corners %.3g pixels from those of the item", off);
  if (std::size_t(band) > asset.bands.size()) return {};
  const BandNumbers &file = info.numbers, &item = asset.bands[std::size_t(band - 1)];
  for (const auto& difference : {difference_from_item("nodata", file.nodata, item.nodata),
                                 difference_from_item("scale", file.scale, item.scale),
                                 difference_from_item("offset", file.offset, item.offset)})
    if (!difference.empty()) return difference;
  return {};
}

}  // namespace

double grid_difference(const SceneAsset& asset, const GeoBox& file) {
  if (!asset.proj.transform) return 0;
  const auto& t = *asset.proj.transform;
  const Affine item{t[0], t[1], t[2], t[3], t[4], t[5]};
  const double area = std::fabs(file.transform.determinant());
  if (!(area > 0) || !std::isfinite(area)) return HUGE_VAL;  // then there is no inverse
  const Affine inverse = file.transform.inverse();
  const double w = double(file.width), h = double(file.height);
  double worst = 0;
  for (const auto& [c, r] :
       {std::pair{0.0, 0.0}, std::pair{w, 0.0}, std::pair{0.0, h}, std::pair{w, h}}) {
    const Point p = item.apply(c, r), q = inverse.apply(p.x, p.y);
    const double off = std::max(std::fabs(q.x - c), std::fabs(q.y - r));
    worst = std::isfinite(off) ? std::max(worst, off) : HUGE_VAL;
  }
  return worst;
}

HeaderCheck::HeaderCheck(OpenedScenes scenes)
    : scenes_(std::move(scenes)), inputs_(scenes_.empty() ? 0 : scenes_.front().size()) {
  count();
  for (std::size_t s = 0; s < scenes_.size(); ++s)
    for (std::size_t i = 0; i < inputs_; ++i)
      if (is_remote((*scenes_[s][i].raster)->path()))
        if (std::string why = doubt(s, i); !why.empty()) doubts_.push_back({s, i, std::move(why)});
}

const HeaderProfile& HeaderCheck::profile(std::size_t scene, std::size_t input) const {
  return (*scenes_[scene][input].raster)->profile();
}

void HeaderCheck::count() {
  kinds_.resize(inputs_), unlike_item_.resize(inputs_), differing_.resize(inputs_ * inputs_);
  for (std::size_t s = 0; s < scenes_.size(); ++s)
    for (std::size_t i = 0; i < inputs_; ++i) {
      const OpenedInput& in = scenes_[s][i];
      count_kind(i, profile(s, i));
      unlike_item_[i] += !difference_from_item(*in.asset, in.band, (*in.raster)->info()).empty();
      for (std::size_t j = 0; j < inputs_; ++j)
        differing(i, j) += !difference_between_bands(profile(s, i), profile(s, j)).empty();
    }
}

void HeaderCheck::count_kind(std::size_t input, const HeaderProfile& profile) {
  for (Kind& kind : kinds_[input])
    if (difference_between_scenes(profile, kind.profile).empty()) {
      ++kind.scenes;
      return;
    }
  kinds_[input].push_back({profile, 1});
}

bool HeaderCheck::usual(const Kind& kind, std::size_t input) const {
  return kind.scenes >= scenes_of_a_kind ||
         std::all_of(kinds_[input].begin(), kinds_[input].end(), [&](const Kind& other) {
           return &other == &kind || other.scenes < kind.scenes;
         });
}

// Where most scenes differ it is their way. One alone may as well be damaged.
bool HeaderCheck::rare(std::size_t differing) const {
  return scenes_.size() == 1 || 2 * differing <= scenes_.size();
}

std::string HeaderCheck::doubt(std::size_t scene, std::size_t input) const {
  if (std::string why = doubt_among_scenes(scene, input); !why.empty()) return why;
  if (std::string why = doubt_by_item(scene, input); !why.empty()) return why;
  return doubt_among_bands(scene, input);
}

std::string HeaderCheck::doubt_among_scenes(std::size_t scene, std::size_t input) const {
  const HeaderProfile& own = profile(scene, input);
  if (!own.table_fault.empty()) return "block table: " + own.table_fault;
  std::string why;
  std::size_t most = 0;
  for (const Kind& kind : kinds_[input]) {
    std::string difference = difference_between_scenes(own, kind.profile);
    if (difference.empty()) {
      if (usual(kind, input)) return {};
    } else if (kind.scenes > most) {
      most = kind.scenes;
      why = std::move(difference);
    }
  }
  return why;
}

std::string HeaderCheck::doubt_by_item(std::size_t scene, std::size_t input) const {
  if (!rare(unlike_item_[input])) return {};
  const OpenedInput& in = scenes_[scene][input];
  return difference_from_item(*in.asset, in.band, (*in.raster)->info());
}

// Two bands that differ do not tell which of them is damaged: the one that differs from more.
std::string HeaderCheck::doubt_among_bands(std::size_t scene, std::size_t input) const {
  std::string why;
  std::size_t compared = 0, unlike = 0;
  for (std::size_t other = 0; other < inputs_; ++other) {
    if (other == input || !rare(differing_[input * inputs_ + other])) continue;
    ++compared;
    std::string difference = difference_between_bands(profile(scene, input), profile(scene, other));
    if (difference.empty()) continue;
    ++unlike;
    why = std::move(difference);
  }
  return 2 * unlike > compared ? why : std::string();
}

std::vector<std::string> HeaderCheck::doubtful() const {
  std::vector<std::string> hrefs;
  for (const Doubt& d : doubts_) hrefs.push_back((*scenes_[d.scene][d.input].raster)->path());
  return hrefs;
}

void HeaderCheck::settle(const Reopen& reopen) {
  for (const Doubt& doubtful : doubts_) try {
      if (!failed_.empty() && failed_.back().scene == doubtful.scene) continue;
      settle(doubtful, reopen);
    } catch (const Error&) {
      failed_.push_back({doubtful.scene, doubtful.input, std::current_exception()});
    }
}

void HeaderCheck::settle(const Doubt& doubtful, const Reopen& reopen) {
  const OpenedInput& in = scenes_[doubtful.scene][doubtful.input];
  const std::string path = (*in.raster)->path();
  std::vector<HeaderProfile> seen{(*in.raster)->profile()};
  for (int fetched = 1; fetched <= most_fetches; ++fetched) try {
      ++refetched_;
      *in.raster = reopen(path, in.band);
      const HeaderProfile& fresh = (*in.raster)->profile();
      const bool again = std::find(seen.begin(), seen.end(), fresh) != seen.end();
      if (again || doubt(doubtful.scene, doubtful.input).empty()) {
        if (fresh != seen.front())
          changed_.push_back({doubtful.scene, doubtful.input, doubtful.why});
        return;
      }
      seen.push_back(fresh);
    } catch (const RangeFailure&) {
      throw;
    } catch (const Error&) {  // this one came damaged
      if (fetched == most_fetches) throw;
    }
  throw IoError(path, "its header came different each of " + std::to_string(most_fetches + 1) +
                          " times (" + doubtful.why +
                          "): the network or the store damages it; run again");
}

}  // namespace cubemill
