#include "exec/checkpoint.hpp"

#include <bit>
#include <filesystem>
#include <fstream>
#include <span>

#include "cubemill/base/error.hpp"
#include "exec/output_folder.hpp"
#include "io/disk_file.hpp"

namespace cubemill {
namespace {

constexpr int format = 1;
constexpr const char* run_name = "run.json";

Json chunks_json(const FoldedChunks& chunks) { return {chunks.first, chunks.more}; }
FoldedChunks chunks_from(const Json& json) {
  return {json.at(0).get<std::uint32_t>(), json.at(1).get<std::vector<std::uint32_t>>()};
}

// Band, column and row follow from the tile.
Json stored_json(const StoredTile& tile) { return {tile.offset, tile.size, tile.checksum}; }
StoredTile stored_from(const Json& json) {
  StoredTile tile;
  tile.offset = json.at(0).get<std::uint64_t>();
  tile.size = json.at(1).get<std::uint32_t>();
  tile.checksum = json.at(2).get<std::uint64_t>();
  return tile;
}

// A path that is no UTF-8 must not end the run; what is at it is then made anew.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json read_document(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  Json json = in ? Json::parse(in, nullptr, false) : Json();
  if (!json.is_object() || json.value("format", Json()) != format) return {};
  return json;
}

Checkpoint checkpoint_from(const Json& json) {
  Checkpoint c;
  const Json& cut = json.at("cut");
  c.cut = {cut.at("order") == "scene" ? Order::scene : Order::tile,
           cut.at("window_edge").get<std::int64_t>(), cut.at("chunks").get<std::uint64_t>()};
  c.run.values_beyond = json.at("values_beyond").get<std::uint64_t>();
  c.run.spill_path = json.at("spill").get<std::string>();
  for (const Json& tile : json.at("finished")) {
    c.run.finished.push_back(tile.at(0).get<std::uint32_t>());
    auto& files = c.stored.emplace_back();
    for (std::size_t i = 1; i < tile.size(); ++i) files.push_back(stored_from(tile.at(i)));
  }
  for (const Json& sums : json.at("sums"))
    c.run.sums.push_back({sums.at(0).get<std::uint32_t>(),
                          {sums.at(1).get<std::uint32_t>(), sums.at(2).get<std::uint64_t>()},
                          chunks_from(sums.at(3))});
  return c;
}

}  // namespace

PlanCut cut_of(const Plan& plan) {
  // FNV-1a (Fowler, Noll, Vo) over the numbers that say what is folded where.
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3; };
  for (const Chunk& c : plan.chunks)
    for (const std::uint64_t v :
         {std::uint64_t(c.tile), std::uint64_t(c.observation), std::uint64_t(c.window.x),
          std::uint64_t(c.window.y), std::uint64_t(c.window.width), std::uint64_t(c.window.height)})
      add(v);
  return {plan.order, plan.memory.window_edge, hash};
}

void replace_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  {
    DiskFile file(fresh);
    file.write_at(0, std::as_bytes(std::span(text)));
    file.store();
    file.close();
  }
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  if (error) throw IoError(path, "cannot be put in place (" + error.message() + ")");
}

void write_checkpoint(const std::string& folder, const Checkpoint& c) {
  Json json = {{"format", format},
               {"cut",
                {{"order", c.cut.order == Order::scene ? "scene" : "tile"},
                 {"window_edge", c.cut.window_edge},
                 {"chunks", c.cut.chunks}}},
               {"values_beyond", c.run.values_beyond},
               {"spill", c.run.spill_path},
               {"finished", Json::array()},
               {"sums", Json::array()}};
  for (std::size_t i = 0; i < c.run.finished.size(); ++i) {
    Json tile = {c.run.finished[i]};
    for (const StoredTile& stored : c.stored[i]) tile.push_back(stored_json(stored));
    json["finished"].push_back(std::move(tile));
  }
  for (const SavedSums& s : c.run.sums)
    json["sums"].push_back({s.tile, s.slot.number, s.slot.checksum, chunks_json(s.chunks)});
  replace_file(folder + "/" + OutputFolder::checkpoint_name, text_of(json));
}

std::optional<Checkpoint> read_checkpoint(const std::string& folder) {
  const Json json = read_document(folder + "/" + OutputFolder::checkpoint_name);
  try {
    if (!json.is_object()) return {};
    Checkpoint c = checkpoint_from(json);
    const auto edge = std::uint64_t(c.cut.window_edge);
    if (std::has_single_bit(edge) && edge <= std::uint64_t(tile_size)) return c;
  } catch (const Json::exception&) {
  }
  return {};
}

void write_run(const std::string& folder, const Json& run) {
  Json json = run;
  json["format"] = format;
  replace_file(folder + "/" + run_name, text_of(json));
}

Json read_run(const std::string& folder) {
  Json json = read_document(folder + "/" + run_name);
  if (json.is_object()) json.erase("format");
  return json;
}

}  // namespace cubemill
