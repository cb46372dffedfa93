#include "cubemill/exec/verify.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "cubemill/net/range_client.hpp"
#include "exec/net_setup.hpp"
#include "exec/planning.hpp"
#include "exec/report_text.hpp"
#include "exec/verify_files.hpp"
#include "exec/verify_reading.hpp"

namespace cubemill {
namespace {

using Json = nlohmann::ordered_json;

void add(const FileToVerify& file, const Finding& found, VerifyResult& result) {
  ++result.files;
  result.files_by_gdal += found.by_gdal;
  result.blocks += found.blocks;
  result.sparse += found.sparse;
  result.bytes_read += found.cost.bytes_read;
  result.bytes_decoded += found.cost.bytes_decoded;
  if (!found.reason.empty())
    result.damaged.push_back({file.item, file.asset, file.href, found.damaged, found.reason});
}

std::string verify_json(const VerifyResult& result) {
  Json j = {{"items", result.items},
            {"files", result.files},
            {"files_decoded_by_gdal", result.files_by_gdal},
            {"blocks", result.blocks},
            {"sparse_blocks", result.sparse},
            {"bytes_read", result.bytes_read},
            {"bytes_decoded", result.bytes_decoded},
            {"seconds", result.seconds},
            {"damaged", Json::array()}};
  for (const DamagedFile& file : result.damaged)
    j["damaged"].push_back({{"item", file.item},
                            {"asset", file.asset},
                            {"href", file.href},
                            {"blocks", file.blocks},
                            {"reason", file.reason}});
  return j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::string> verify_table(const VerifyResult& result) {
  std::vector<std::string> lines{
      "items           " + std::to_string(result.items),
      "files           " + std::to_string(result.files),
      "blocks          " + std::to_string(result.blocks) + ", of them " +
          std::to_string(result.sparse) + " sparse",
      text("read            %.2f GiB, decoded %.2f GiB, in %.1f s", gib(double(result.bytes_read)),
           gib(double(result.bytes_decoded)), result.seconds)};
  if (result.files_by_gdal > 0)
    lines.push_back("by GDAL         " + counted(result.files_by_gdal, "file", "files") +
                    " in codings that only GDAL decodes: not all damage shows");
  lines.push_back("damaged         " + (result.damaged.empty()
                                            ? std::string("none")
                                            : counted(result.damaged.size(), "file", "files")));
  for (const DamagedFile& file : result.damaged)
    lines.push_back("  " + file.item + "/" + file.asset + ", " +
                    (file.blocks > 0 ? counted(file.blocks, "block", "blocks") : "the file") +
                    ": " + file.reason);
  return lines;
}

}  // namespace

VerifyResult verify_catalog(const VerifyRequest& request, std::istream& standard_input) {
  const auto start = std::chrono::steady_clock::now();
  CompositeRequest query;
  query.recipe = request.recipe;
  query.net = request.net;
  Catalog catalog = search(query, standard_input);
  VerifyResult result;
  initialise_net(net_options_for(query, catalog.scenes, result.notes));
  const std::vector<FileToVerify> files =
      request.all_assets ? files_of_all_assets(catalog.scenes)
                         : files_of_recipe(catalog.scenes, request.recipe, request.threads);
  NetSource source;
  const std::vector<Finding> findings =
      read_files(files, {request.threads}, source, [&](std::size_t done) {
        if (request.progress) request.progress(done, files.size());
      });
  result.items = catalog.scenes.size();
  for (std::size_t i = 0; i < files.size(); ++i) add(files[i], findings[i], result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.json = verify_json(result);
  result.table = verify_table(result);
  return result;
}

}  // namespace cubemill
