#include "cubemill/io/cog_writer.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "cubemill/base/error.hpp"
#include "io/cog_data.hpp"
#include "io/cog_geotags.hpp"
#include "io/cog_header.hpp"
#include "io/cog_index.hpp"
#include "io/cog_layout.hpp"
#include "io/cog_overviews.hpp"
#include "io/cog_preview.hpp"
#include "io/cog_sample.hpp"
#include "io/cog_spec.hpp"
#include "io/cog_spool.hpp"
#include "io/cog_statistics.hpp"
#include "io/cog_tile.hpp"
#include "io/new_file.hpp"

namespace cubemill {
struct CogWriter::State {
  using Place = OverviewFolder::Place;

  /// `opening`: a SpoolName or the tiles to take over.
  template <class Opening>
  State(CogSpec s, std::string p, Opening opening)
      : spec(checked_spec(std::move(s))),
        path(std::move(p)),
        levels(cog_levels(spec.grid.width, spec.grid.height)),
        index(levels, spec.bands.size()),
        statistics(spec.bands.size() * levels[0].tiles()),
        folder(spec, levels),
        workspaces(spec),
        spool(std::in_place, path + ".spool", opening) {
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

  Place full_resolution(int band, std::int64_t column, std::int64_t row) const;
  SpooledTile append(const std::byte* samples, TileCodec& codec);
  bool take_over(const SpooledTile& tile, std::byte* samples) const;
  void enter(Place place, const std::byte* samples, SpooledTile tile, TileWorkspace& workspace);
  std::span<const std::byte> compressed_empty();
  TileStatistics summarise(const std::byte* samples, std::int64_t columns, std::int64_t rows) const;
  bool has_room_for(std::uint64_t file) const;
  struct Layout {
    std::vector<CogPiece> pieces;
    std::size_t full_resolution = 0;
  };
  Layout layout(std::uint64_t data) const;
  void write_piece(NewFile& file, const CogPiece& piece, std::vector<std::byte>& buffer) const;
  void consume_spool(NewFile& file, const Layout& layout);
  void read_spool(NewFile& file, const Layout& layout, bool give_back);
};

CogWriter::State::Place CogWriter::State::full_resolution(int band, std::int64_t column,
                                                          std::int64_t row) const {
  if (band < 0 || static_cast<std::size_t>(band) >= spec.bands.size() || column < 0 || row < 0 ||
      column >= levels[0].across() || row >= levels[0].down())
    throw std::logic_error("there is no such tile in the grid");
  return {0, band, column, row};
}

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

// A tile without samples is all empty: one for all, not in the spool.
SpooledTile CogWriter::State::append(const std::byte* samples, TileCodec& codec) {
  if (samples) return spool->append(codec.encode(samples));
  return {StoredTile::nowhere, 0, static_cast<std::uint32_t>(compressed_empty().size())};
}

bool CogWriter::State::take_over(const SpooledTile& tile, std::byte* samples) const {
  std::vector<std::byte> bytes;
  if (!spool->take_over(tile, bytes)) return false;
  TileCodec::decode(spec.compression, spec.type, bytes, samples);
  return true;
}

// Enters a tile of full resolution, and every overview tile that it completes.
void CogWriter::State::enter(Place place, const std::byte* samples, SpooledTile tile,
                             TileWorkspace& workspace) {
  const CogLevel& level = levels[0];
  statistics[static_cast<std::size_t>(place.band) * level.tiles() +
             level.index(place.column, place.row)] =
      summarise(samples, level.columns_in(place.column), level.rows_in(place.row));
  for (;;) {
    index.set(place.level, place.band, place.column, place.row, tile);
    const auto parent = folder.fold(place, samples, workspace.samples.get());
    if (!parent) return;
    place = parent->place;
    samples = parent->samples;
    tile = append(samples, workspace.codec);
  }
}

TileStatistics CogWriter::State::summarise(const std::byte* samples, std::int64_t columns,
                                           std::int64_t rows) const {
  if (samples) return tile_statistics(spec.type, samples, columns, rows);
  TileStatistics zeros;  // an empty tile has no valid pixel, or only zeros
  if (!spec.nodata_nan) zeros.valid = static_cast<std::uint32_t>(columns * rows);
  return zeros;
}

CogWriter::CogWriter(CogSpec spec, std::string temporary_path, SpoolName name)
    : state_(std::make_unique<State>(std::move(spec), std::move(temporary_path), name)) {}
CogWriter::CogWriter(CogSpec spec, std::string temporary_path, std::span<const StoredTile> tiles)
    : state_(std::make_unique<State>(std::move(spec), std::move(temporary_path), tiles)) {}
CogWriter::~CogWriter() = default;

void CogWriter::put(int band, std::int64_t column, std::int64_t row, const void* samples,
                    bool empty) {
  State& s = *state_;
  const State::Place place = s.full_resolution(band, column, row);
  WorkspacePool::Lease workspace(s.workspaces);
  std::byte* canonical = empty ? nullptr : workspace->samples.get();
  if (canonical)
    copy_canonical(s.spec, static_cast<const std::byte*>(samples), s.levels[0].columns_in(column),
                   s.levels[0].rows_in(row), canonical);
  s.enter(place, canonical, s.append(canonical, workspace->codec), *workspace);
}

bool CogWriter::restore(const StoredTile& from) {
  State& s = *state_;
  const State::Place place = s.full_resolution(from.band, from.column, from.row);
  SpooledTile spooled{from.offset, from.checksum, from.size};
  WorkspacePool::Lease workspace(s.workspaces);
  std::byte* samples = spooled.empty() ? nullptr : workspace->samples.get();
  if (!samples)
    spooled = s.append(nullptr, workspace->codec);
  else if (!s.take_over(spooled, samples))
    return false;
  s.enter(place, samples, spooled, *workspace);
  return true;
}

bool CogWriter::has(int band, std::int64_t column, std::int64_t row) const {
  const State::Place place = state_->full_resolution(band, column, row);
  return state_->index.at(place.level, band, column, row).size != 0;
}

StoredTile CogWriter::stored(int band, std::int64_t column, std::int64_t row) const {
  const State::Place place = state_->full_resolution(band, column, row);
  const SpooledTile& spooled = state_->index.at(place.level, band, column, row);
  if (spooled.size == 0) throw std::logic_error("a tile that was never put is asked for");
  return {band, column, row, spooled.offset, spooled.size, spooled.checksum};
}

void CogWriter::store() {
  if (state_->spool) state_->spool->store();
}

// An eighth and 4 MiB more: the other files of a run need room too.
bool CogWriter::State::has_room_for(std::uint64_t file) const {
  return spool->free_bytes() >= file + file / 8 + (std::uint64_t{4} << 20);
}

// All pieces in the order of the file. Full resolution begins a piece of its own, the number of
// which is `full_resolution`.
CogWriter::State::Layout CogWriter::State::layout(std::uint64_t data) const {
  Layout all;
  for (std::size_t level = levels.size(); level-- > 0;) {
    all.full_resolution = all.pieces.size();
    const std::vector<CogPiece> more = cog_pieces(index.level(level), data);
    all.pieces.insert(all.pieces.end(), more.begin(), more.end());
    data = more.back().offset + more.back().bytes;
  }
  return all;
}

void CogWriter::State::write_piece(NewFile& file, const CogPiece& piece,
                                   std::vector<std::byte>& buffer) const {
  if (buffer.size() < piece.bytes) buffer.resize(piece.bytes);
  std::byte* at = buffer.data();
  for (const SpooledTile& spooled : piece.tiles) {
    const std::span<std::byte> data(at + tile_leader_bytes, spooled.size);
    if (spooled.empty())
      std::copy(empty_tile.begin(), empty_tile.end(), data.begin());
    else
      spool->read(spooled, data);
    std::memcpy(at, &spooled.size, tile_leader_bytes);
    std::memcpy(data.data() + data.size(), data.data() + data.size() - tile_trailer_bytes,
                tile_trailer_bytes);
    at += stored_bytes(spooled.size);
  }
  file.write_at(piece.offset, {buffer.data(), piece.bytes});
}

// Overviews first, for they lie all over the spool; then full resolution from the back, and the
// spool shrinks while the file grows. What is cut off needs neither the disk nor, above all, new
// memory of the page cache.
void CogWriter::State::consume_spool(NewFile& file, const Layout& layout) {
  std::vector<std::byte> buffer;
  for (std::size_t i = 0; i < layout.full_resolution; ++i)
    write_piece(file, layout.pieces[i], buffer);
  std::uint64_t end = spool->size();
  for (std::size_t i = layout.pieces.size(); i-- > layout.full_resolution;) {
    const std::uint64_t needed = layout.pieces[i].spool_end;
    if (end - needed >= CogPiece::bytes_wanted) spool->cut(end = needed);
    write_piece(file, layout.pieces[i], buffer);
  }
}

// Killed meanwhile, a run loses what was given back of its spool: only where there is no other way.
void CogWriter::State::read_spool(NewFile& file, const Layout& layout, bool give_back) {
  std::vector<std::byte> buffer;
  for (const CogPiece& piece : layout.pieces) {
    write_piece(file, piece, buffer);
    for (const SpooledTile& spooled : piece.tiles)
      if (give_back && !spooled.empty()) spool->release(spooled);
  }
}

void CogWriter::finish(SpoolName spool) {
  State& s = *state_;
  const CogHeader header =
      make_cog_header(s.spec, s.levels, s.index.sizes(), make_geotags(s.spec, statistics()));
  NewFile file(s.path);
  file.write_at(0, header.bytes);
  const State::Layout layout = s.layout(header.bytes.size());
  const bool is_needed = spool == SpoolName::kept && s.spool->kept();
  const bool has_room = s.has_room_for(header.file_size);
  if (is_needed || !has_room)
    s.read_spool(file, layout, !has_room);
  else
    s.consume_spool(file, layout);
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

CogWriter::Preview CogWriter::preview(std::int64_t longest, std::size_t bands) const {
  const State& s = *state_;
  if (!s.spool) throw std::logic_error("a preview was asked for after the file was finished");
  std::size_t level = 0;
  while (level + 1 < s.levels.size() &&
         std::max(s.levels[level].width, s.levels[level].height) > longest)
    ++level;
  Preview preview{s.levels[level].width, s.levels[level].height, {}};
  const std::size_t count = std::min(bands, s.spec.bands.size());
  const std::size_t tiles = s.levels[level].tiles();
  for (std::size_t b = 0; b < count; ++b)
    preview.bands.push_back(read_level(s.spec, s.levels[level],
                                       std::span(s.index.level(level)).subspan(b * tiles, tiles),
                                       *s.spool));
  return preview;
}

}  // namespace cubemill
