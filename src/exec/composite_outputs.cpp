#include "exec/composite_outputs.hpp"

#include <algorithm>
#include <cmath>

#include "cubemill/base/wide_loops.hpp"
#include "cubemill/io/quicklook.hpp"

namespace cubemill {
namespace {

std::string upper(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(),
                 [](unsigned char c) { return char(std::toupper(c)); });
  return s;
}

std::string per_period(PeriodKind kind) {
  switch (kind) {
    case PeriodKind::season:
    case PeriodKind::season_year:
      return "per season";
    case PeriodKind::month:
    case PeriodKind::month_year:
      return "per month";
    case PeriodKind::year:
      return "per year";
    case PeriodKind::all:
      return "over the whole time";
  }
  return "";
}

/// Height of a pixel over its width on the ground; degrees shrink with the latitude.
double ground_aspect(const GeoBox& grid) {
  const double aspect = std::fabs(grid.transform.e / grid.transform.a);
  if (!grid.crs.geographic()) return aspect;
  const double latitude = grid.transform.apply(0, double(grid.height) / 2).y;
  return aspect / std::max(0.1, std::cos(latitude * 3.14159265358979 / 180));
}

/// Counts that are known to fit.
CUBEMILL_WIDE_LOOPS void narrow_counts(const std::uint32_t* __restrict from, std::size_t count,
                                       std::uint16_t* __restrict to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = std::uint16_t(from[i]);
}

}  // namespace

std::vector<OutputFile> output_files(const Plan& plan, const Survey& survey, const Recipe& recipe,
                                     Compression compression) {
  std::vector<OutputFile> files;
  for (std::size_t i = 0; i < survey.indices.size(); ++i)
    for (const std::string& reducer : recipe.reducers) {
      OutputFile f;
      f.stem = survey.indices[i].name + "_" + reducer;
      f.index = i;
      f.counts = reducer == "count";
      f.spec.grid = plan.grid;
      f.spec.bands = plan.periods.labels();
      f.spec.compression = compression;
      if (f.counts) {
        f.spec.type = plan.most_observations > 65535 ? SampleType::u32 : SampleType::u16;
        f.spec.overviews = OverviewRule::nearest;
      } else {
        f.spec.nodata_nan = true;
      }
      files.push_back(std::move(f));
    }
  return files;
}

CompositeOutputs::CompositeOutputs(const Plan& plan, std::vector<OutputFile> files,
                                   OutputFolder& folder,
                                   const std::vector<std::vector<StoredTile>>* stored)
    : plan_(plan), files_(std::move(files)), folder_(folder) {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    OutputFile& f = files_[i];
    const std::string path = folder.staged(f.stem + ".tif");
    if (!stored) {
      f.writer = std::make_unique<CogWriter>(f.spec, path, SpoolName::kept);
      continue;
    }
    std::vector<StoredTile> tiles;
    for (const auto& tile : *stored) tiles.push_back(tile[i]);
    f.writer = std::make_unique<CogWriter>(f.spec, path, tiles);
  }
}

void CompositeOutputs::put(std::size_t index, const Tile& tile, const std::vector<float>& means,
                           const std::vector<std::uint32_t>& counts, bool empty) {
  thread_local std::vector<std::uint16_t> narrow;
  const int band = int(tile.period);
  const std::int64_t column = tile.window.x / tile_size, row = tile.window.y / tile_size;
  for (OutputFile& f : files_) {
    if (f.index != index || f.writer->has(band, column, row)) continue;  // restored
    const void* samples = means.data();
    if (f.counts && f.spec.type == SampleType::u16) {
      narrow.resize(counts.size());
      narrow_counts(counts.data(), counts.size(), narrow.data());
      samples = narrow.data();
    } else if (f.counts) {
      samples = counts.data();
    }
    f.writer->put(band, column, row, samples, empty);
  }
}

void CompositeOutputs::put_empty(const Tile& tile) {
  for (OutputFile& f : files_)
    f.writer->put(int(tile.period), tile.window.x / tile_size, tile.window.y / tile_size, nullptr,
                  true);
}

std::vector<StoredTile> CompositeOutputs::stored(const Tile& tile) const {
  std::vector<StoredTile> stored;
  for (const OutputFile& f : files_)
    stored.push_back(
        f.writer->stored(int(tile.period), tile.window.x / tile_size, tile.window.y / tile_size));
  return stored;
}

bool CompositeOutputs::restore(const Tile& tile, const std::vector<StoredTile>& stored) {
  bool all = true;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    StoredTile from = stored[i];
    from.band = int(tile.period);
    from.column = tile.window.x / tile_size, from.row = tile.window.y / tile_size;
    all &= files_[i].writer->restore(from);
  }
  return all;
}

void CompositeOutputs::store() {
  for (OutputFile& f : files_) f.writer->store();
}

void CompositeOutputs::finish(const std::string& subtitle, SpoolName spool) {
  for (OutputFile& f : files_) {
    const std::size_t panels = std::min(f.spec.bands.size(), quicklook_panel_limit);
    const std::string name = f.stem.substr(0, f.stem.rfind('_'));
    QuicklookSpec spec;
    spec.title = (name == "ndvi" ? upper(name) : name) +
                 (f.counts ? ", number of observations " : ", mean ") +
                 per_period(plan_.periods.kind());
    spec.subtitle = subtitle;
    spec.panels = f.spec.bands;
    spec.counts = f.counts;
    spec.unit = f.counts ? "observations" : name == "ndvi" ? "NDVI" : name;
    spec.aspect = ground_aspect(f.spec.grid);
    write_quicklook(folder_.staged(f.stem + ".png"), spec,
                    f.writer->preview(quicklook_longest(panels), panels));
    f.statistics = f.writer->statistics();
    f.writer->finish(spool);
  }
}

}  // namespace cubemill
