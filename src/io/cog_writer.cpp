#include "cubemill/io/cog_writer.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "cubemill/base/error.hpp"
#include "io/cog_file.hpp"
#include "io/cog_geotags.hpp"
#include "io/cog_header.hpp"
#include "io/cog_index.hpp"
#include "io/cog_layout.hpp"
#include "io/cog_overviews.hpp"
#include "io/cog_sample.hpp"
#include "io/cog_spec.hpp"
#include "io/cog_statistics.hpp"
#include "io/cog_tile.hpp"

namespace cubemill {
struct CogWriter::State {
  State(CogSpec s, std::string p)
      : spec(checked_spec(std::move(s))),
        path(std::move(p)),
        levels(cog_levels(spec.grid.width, spec.grid.height)),
        index(levels, spec.bands.size()),
        statistics(spec.bands.size() * levels[0].tiles()),
        folder(spec, levels),
        workspaces(spec),
        spool(std::in_place, path + ".spool") {
    make_geotags(spec, {});  // a CRS that cannot be written is found here, not after the work
  }

  const CogSpec spec;
  const std::string path;
  const std::vector<CogLevel> levels;
  CogIndex index;
  std::vector<TileStatistics> statistics;  // band after band
  OverviewFolder folder;
  WorkspacePool workspaces;
  std::optional<SpoolFile> spool;
  std::once_flag empty_once;
  std::vector<std::byte> empty_tile;  // compressed
  std::uint64_t file_size = 0;

  void store(const OverviewFolder::Place& place, const std::byte* samples, TileCodec& codec);
  void store_with_overviews(OverviewFolder::Place place, const std::byte* samples,
                            TileWorkspace& workspace);
  std::span<const std::byte> compressed_empty();
  TileStatistics summarise(const std::byte* samples, std::int64_t columns, std::int64_t rows) const;
  void write_tile(SequentialFile& file, const SpooledTile& tile);
  void read_tile(std::size_t level, int band, std::int64_t column, std::int64_t row,
                 std::byte* samples) const;
  std::vector<float> read_image(std::size_t level, int band) const;
};

std::span<const std::byte> CogWriter::State::compressed_empty() {
  std::call_once(empty_once, [&] {
    std::vector<std::byte> samples(tile_bytes(spec.type));
    fill_empty(spec, samples.data());
    TileCodec codec(spec.compression, spec.type);
    const auto bytes = codec.encode(samples.data());
    empty_tile.assign(bytes.begin(), bytes.end());
  });
  return empty_tile;
}

void CogWriter::State::store(const OverviewFolder::Place& at, const std::byte* samples,
                             TileCodec& codec) {
  SpooledTile tile{SpooledTile::shared, 0};
  if (samples) {
    const auto bytes = codec.encode(samples);
    tile = {spool->append(bytes), static_cast<std::uint32_t>(bytes.size())};
  } else {
    tile.size = static_cast<std::uint32_t>(compressed_empty().size());
  }
  index.set(at.level, at.band, at.column, at.row, tile);
}

void CogWriter::State::store_with_overviews(OverviewFolder::Place place, const std::byte* samples,
                                            TileWorkspace& workspace) {
  for (;;) {
    store(place, samples, workspace.codec);
    const auto parent = folder.fold(place, samples, workspace.samples.get());
    if (!parent) return;
    place = parent->place;
    samples = parent->samples;
  }
}

TileStatistics CogWriter::State::summarise(const std::byte* samples, std::int64_t columns,
                                           std::int64_t rows) const {
  if (samples) return tile_statistics(spec.type, samples, columns, rows);
  TileStatistics zeros;  // an empty tile has no valid pixel, or only zeros
  if (!spec.nodata_nan) zeros.valid = static_cast<std::uint32_t>(columns * rows);
  return zeros;
}

CogWriter::CogWriter(CogSpec spec, std::string temporary_path)
    : state_(std::make_unique<State>(std::move(spec), std::move(temporary_path))) {}
CogWriter::~CogWriter() = default;

void CogWriter::put(int band, std::int64_t column, std::int64_t row, const void* samples,
                    bool empty) {
  State& s = *state_;
  const CogLevel& level = s.levels[0];
  if (band < 0 || static_cast<std::size_t>(band) >= s.spec.bands.size() || column < 0 || row < 0 ||
      column >= level.across() || row >= level.down())
    throw std::logic_error("a tile outside the grid was put");
  WorkspacePool::Lease workspace(s.workspaces);
  const std::int64_t columns = level.columns_in(column), rows = level.rows_in(row);
  const std::byte* canonical = nullptr;
  if (!empty) {
    copy_canonical(s.spec, static_cast<const std::byte*>(samples), columns, rows,
                   workspace->samples.get());
    canonical = workspace->samples.get();
  }
  s.statistics[static_cast<std::size_t>(band) * level.tiles() + level.index(column, row)] =
      s.summarise(canonical, columns, rows);
  s.store_with_overviews({0, band, column, row}, canonical, *workspace);
}

void CogWriter::State::write_tile(SequentialFile& file, const SpooledTile& tile) {
  const std::span<std::byte> room = file.extend(tile_leader_bytes + tile.size + tile_trailer_bytes);
  const std::span<std::byte> data = room.subspan(tile_leader_bytes, tile.size);
  if (tile.empty())
    std::copy(empty_tile.begin(), empty_tile.end(), data.begin());
  else
    spool->take(tile.offset, data);
  std::memcpy(room.data(), &tile.size, tile_leader_bytes);
  std::memcpy(room.data() + tile_leader_bytes + tile.size,
              room.data() + tile_leader_bytes + tile.size - tile_trailer_bytes, tile_trailer_bytes);
}

void CogWriter::finish() {
  State& s = *state_;
  const CogHeader header =
      make_cog_header(s.spec, s.levels, s.index.sizes(), make_geotags(s.spec, statistics()));
  SequentialFile file(s.path);
  file.append(header.bytes);
  for (std::size_t level = s.levels.size(); level-- > 0;)
    for (const SpooledTile& spooled : s.index.level(level)) s.write_tile(file, spooled);
  file.finish();
  s.file_size = header.file_size;
  s.spool.reset();
}

std::uint64_t CogWriter::bytes_written() const {
  return state_->spool ? state_->spool->size() : state_->file_size;
}

std::uint64_t CogWriter::overview_bytes(const CogSpec& spec) {
  const auto levels = cog_levels(spec.grid.width, spec.grid.height);
  std::uint64_t per_band = levels[0].tiles() * sizeof(TileStatistics);
  for (std::size_t l = 0; l < levels.size(); ++l) {
    per_band += levels[l].tiles() * sizeof(SpooledTile);
    // Row by row, a level's tiles wait with their upper halves; one at a time has both.
    const std::uint64_t halves = l > 0 ? static_cast<std::uint64_t>(levels[l].across()) + 1 : 0;
    per_band += halves * OverviewFolder::half_bytes(spec.type);
  }
  return per_band * spec.bands.size();
}

std::uint64_t CogWriter::bytes_per_thread(const CogSpec& spec) {
  // The workspace, and the halves of an overview tile that another thread may make before this one
  // is done.
  return TileCodec::resident_bytes(spec.compression, spec.type) + 2 * tile_bytes(spec.type);
}

std::vector<CogWriter::BandStatistics> CogWriter::statistics() const {
  const State& s = *state_;
  const std::size_t tiles = s.levels[0].tiles();
  const auto pixels = static_cast<std::uint64_t>(s.spec.grid.pixels());
  std::vector<BandStatistics> bands;
  for (std::size_t b = 0; b < s.spec.bands.size(); ++b)
    bands.push_back(join_statistics(std::span(s.statistics).subspan(b * tiles, tiles), pixels));
  return bands;
}

void CogWriter::State::read_tile(std::size_t level, int band, std::int64_t column, std::int64_t row,
                                 std::byte* samples) const {
  const SpooledTile& tile = index.at(level, band, column, row);
  if (tile.size == 0 || !spool)
    throw std::logic_error("a preview was asked for while tiles are missing, or after finish");
  if (tile.empty()) return fill_empty(spec, samples);
  std::vector<std::byte> bytes(tile.size);
  spool->read(tile.offset, bytes);
  try {
    TileCodec::decode(spec.compression, spec.type, bytes, samples);
  } catch (const std::runtime_error& e) {
    throw IoError(path + ".spool", std::string("a tile comes back damaged: ") + e.what());
  }
}

std::vector<float> CogWriter::State::read_image(std::size_t level, int band) const {
  const CogLevel& l = levels[level];
  std::vector<float> image(static_cast<std::size_t>(l.width * l.height));
  std::vector<std::byte> samples(tile_bytes(spec.type));
  for (std::int64_t row = 0; row < l.down(); ++row)
    for (std::int64_t column = 0; column < l.across(); ++column) {
      read_tile(level, band, column, row, samples.data());
      with_sample_type(spec.type, [&](auto sample) {
        const auto* from = reinterpret_cast<const decltype(sample)*>(samples.data());
        for (std::int64_t y = 0; y < l.rows_in(row); ++y)
          std::transform(from + y * tile, from + y * tile + l.columns_in(column),
                         image.begin() + (row * tile + y) * l.width + column * tile,
                         [](auto v) { return static_cast<float>(v); });
      });
    }
  return image;
}

CogWriter::Preview CogWriter::preview(std::int64_t longest, std::size_t bands) const {
  const State& s = *state_;
  std::size_t level = 0;
  while (level + 1 < s.levels.size() &&
         std::max(s.levels[level].width, s.levels[level].height) > longest)
    ++level;
  Preview preview{s.levels[level].width, s.levels[level].height, {}};
  const std::size_t count = std::min(bands, s.spec.bands.size());
  for (std::size_t b = 0; b < count; ++b)
    preview.bands.push_back(s.read_image(level, static_cast<int>(b)));
  return preview;
}

}  // namespace cubemill
