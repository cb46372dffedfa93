#include "exec/surveyor.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "cubemill/base/each_in_threads.hpp"
#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"
#include "exec/band_choice.hpp"
#include "exec/header_check.hpp"
#include "exec/item_differences.hpp"
#include "exec/scene_opener.hpp"
#include "exec/survey_inputs.hpp"
#include "io/fronts_ahead.hpp"
#include "io/header_cache.hpp"
#include "io/remote_file.hpp"

namespace cubemill {
namespace {

/// Some buckets refuse what they do not have: where scenes may be left out, one object does not
/// tell of all.
constexpr std::size_t witnesses = 3;

/// No scene's fault: without the others of its bucket the result would be another one in silence.
bool is_refusal_of_all(const Error& error) {
  return dynamic_cast<const PlaceRefused*>(&error) != nullptr;
}

/// Surveys scene by scene, on several threads when files are opened.
class Surveyor {
 public:
  Surveyor(SurveyResult& result, const Recipe& recipe, const BandChooser& chooser, Headers headers)
      : result_(result), recipe_(recipe), headers_(headers), opener_(recipe, chooser, headers) {}

  void run(const std::vector<std::size_t>& scenes, int threads) {
    const std::size_t n = scenes.size();
    surveyed_.resize(n), bands_.resize(n), kept_.assign(n, 0);
    open_all(scenes, threads);
    collect();
    result_.headers_read = opener_.headers_read();
    result_.headers = opener_.tally();
    if (headers_ == Headers::open_all) check_headers();
    sort_skipped();
    compare_with_items();
  }

 private:
  void open_all(const std::vector<std::size_t>& scenes, int threads) {
    Hrefs hrefs = hrefs_of(scenes);
    const FrontsAhead ahead(std::move(hrefs.opened),
                            {.witnesses = recipe_.skip_unreadable ? witnesses : 1,
                             .only_witnesses = std::move(hrefs.like_others)});
    each_in_threads(scenes.size(), headers_ == Headers::estimate ? 1 : threads, [&](std::size_t i) {
      if (!stop_) one(scenes[i], i);
    });
  }

  /// In the order in which they will be opened; where headers are estimated, those that are not.
  struct Hrefs {
    std::vector<std::string> opened, like_others;
  };
  Hrefs hrefs_of(const std::vector<std::size_t>& scenes) const {
    Hrefs hrefs;
    std::set<std::string> kinds;
    for (const std::size_t scene : scenes)
      for (const Input& input : result_.survey.inputs)
        if (const BandChoice choice = opener_.choice(result_.survey.scenes[scene], input);
            choice.asset) {
          const bool is_known =
              opener_.is_estimated(choice) && !kinds.insert(SceneOpener::kind_of(choice)).second;
          (is_known ? hrefs.like_others : hrefs.opened).push_back(choice.asset->href);
        }
    return hrefs;
  }

  void one(std::size_t scene_index, std::size_t slot) {
    const Scene& scene = result_.survey.scenes[scene_index];
    SurveyedScene surveyed{scene_index, {}};
    std::vector<std::unique_ptr<RasterBand>> bands;
    for (const Input& input : result_.survey.inputs) {
      const BandChoice choice = opener_.choice(scene, input);
      try {
        surveyed.inputs.push_back(opener_.open(scene, input, choice, bands));
      } catch (const Error& error) {
        if (!recipe_.skip_unreadable || is_refusal_of_all(error)) throw;
        const std::lock_guard lock(mutex_);
        skip(scene, choice.asset ? choice.asset->key : input.role,
             choice.asset ? choice.asset->href : "", error);
        if (result_.skipped.size() > recipe_.max_skipped.of(result_.survey.scenes.size()))
          stop_ = true;  // what the others are does not matter any more
        return;
      }
    }
    surveyed_[slot] = std::move(surveyed);
    bands_[slot] = std::move(bands);
    kept_[slot] = 1;
  }

  void skip(const Scene& scene, const std::string& asset, const std::string& href,
            const Error& error) {
    result_.skipped.push_back(
        {scene.id, asset, without_secrets(href), error.what(), details_of(error)});
  }

  BandChoice choice_of(const SurveyedScene& surveyed, std::size_t input) const {
    return opener_.choice(result_.survey.scenes[surveyed.scene], result_.survey.inputs[input]);
  }

  // Headers that differ from their like are fetched again.
  void check_headers() {
    OpenedScenes opened(result_.bands.size());
    for (std::size_t s = 0; s < opened.size(); ++s)
      for (std::size_t i = 0; i < result_.bands[s].size(); ++i) {
        const BandChoice choice = choice_of(result_.survey.surveyed[s], i);
        opened[s].push_back({&result_.bands[s][i], choice.asset, choice.band});
      }
    HeaderCheck check(std::move(opened));
    {
      const std::vector<std::string> doubtful = check.doubtful();
      for (const std::string& href : doubtful) RemoteFile::forget(href);
      const FrontsAhead ahead(doubtful, {});
      check.settle(
          [this](const std::string& href, int band) { return opener_.open_again(href, band); });
    }
    result_.headers.refetched += check.refetched();
    for (const HeaderCheck::Changed& c : check.changed()) take_changed(c);
    for (auto f = check.failed().rbegin(); f != check.failed().rend(); ++f) take_failed(*f);
  }

  void take_changed(const HeaderCheck::Changed& changed) {
    SurveyedScene& surveyed = result_.survey.surveyed[changed.scene];
    SceneInput& in = surveyed.inputs[changed.input];
    const Scene& scene = result_.survey.scenes[surveyed.scene];
    opener_.take_header(scene, result_.survey.inputs[changed.input],
                        choice_of(surveyed, changed.input),
                        *result_.bands[changed.scene][changed.input], in);
    result_.headers.changed.push_back({scene.id, in.asset, changed.doubt});
  }

  // From the last to the first: what is left out moves what comes after it.
  void take_failed(const HeaderCheck::Failed& failed) {
    RemoteFile::forget((*result_.bands[failed.scene][failed.input]).path());
    try {
      std::rethrow_exception(failed.failure);
    } catch (const Error& error) {
      if (!recipe_.skip_unreadable) throw;
      auto& all = result_.survey.surveyed;
      const SurveyedScene& surveyed = all[failed.scene];
      const SceneInput& in = surveyed.inputs[failed.input];
      skip(result_.survey.scenes[surveyed.scene], in.asset, in.href, error);
      all.erase(all.begin() + std::ptrdiff_t(failed.scene));
      result_.bands.erase(result_.bands.begin() + std::ptrdiff_t(failed.scene));
    }
  }

  void collect() {
    for (std::size_t i = 0; i < surveyed_.size(); ++i) {
      if (!kept_[i]) continue;
      result_.survey.surveyed.push_back(std::move(surveyed_[i]));
      result_.bands.push_back(std::move(bands_[i]));
    }
  }

  // Threads have come upon them in any order.
  void sort_skipped() {
    std::sort(result_.skipped.begin(), result_.skipped.end(),
              [](const SkippedScene& a, const SkippedScene& b) {
                return std::tie(a.item, a.asset) < std::tie(b.item, b.asset);
              });
  }

  void compare_with_items() {
    ItemDifferences differences;
    for (const SurveyedScene& surveyed : result_.survey.surveyed)
      for (std::size_t i = 0; i < surveyed.inputs.size(); ++i)
        if (!surveyed.inputs[i].estimated)
          differences.compare(result_.survey.scenes[surveyed.scene], surveyed.inputs[i],
                              *choice_of(surveyed, i).asset);
    for (std::string& note : differences.notes()) result_.notes.push_back(std::move(note));
  }

  SurveyResult& result_;
  const Recipe& recipe_;
  const Headers headers_;
  SceneOpener opener_;
  std::mutex mutex_;
  std::atomic<bool> stop_{false};
  std::vector<SurveyedScene> surveyed_;
  std::vector<std::vector<std::unique_ptr<RasterBand>>> bands_;
  std::vector<std::uint8_t> kept_;
};

/// Number of distinct data assets, and what a pixel of all of them takes: what a cube of everything
/// would be.
void count_all_bands(Survey& survey) {
  std::map<std::string, std::size_t> bytes;  // by key
  for (const Scene& s : survey.scenes)
    for (const auto& [key, asset] : s.assets)
      if (!asset.bands.empty() || !asset.names.empty())
        bytes[key] = std::max(bytes[key], asset.pixel_bytes);
  for (const SurveyedScene& s : survey.surveyed)
    for (const SceneInput& in : s.inputs)
      bytes[in.asset] = std::max(bytes[in.asset], size_of(in.info.type));
  constexpr std::size_t usual = 2;
  survey.all_bands = bytes.size();
  survey.bytes_per_pixel_all_bands = 0;
  for (const auto& [key, pixel] : bytes)
    survey.bytes_per_pixel_all_bands += pixel > 0 ? pixel : usual;
}

}  // namespace

std::optional<std::array<double, 4>> search_box(const Recipe& recipe) {
  if (!recipe.bbox) return {};
  const Box b = project_box(*recipe.bbox, Crs::parse(recipe.bbox_crs), Crs::parse("OGC:CRS84"));
  if (b.right - b.left >= 360) return {};
  const auto wrapped = [](double lon) { return lon - 360 * std::floor((lon + 180) / 360); };
  const double east = wrapped(b.right);
  return std::array<double, 4>{wrapped(b.left), std::max(-90.0, b.bottom),
                               east == -180 ? 180 : east, std::min(90.0, b.top)};
}

SurveyResult survey_scenes(std::vector<Scene> scenes, const Recipe& recipe, Headers headers,
                           int threads, const std::vector<SkippedScene>& leave_out) {
  SurveyResult result;
  Survey& survey = result.survey;
  survey.scenes = std::move(scenes);
  result.skipped = leave_out;
  add_inputs(survey, recipe);
  std::vector<std::string> roles;
  for (const Input& i : survey.inputs)
    if (!i.flags) roles.push_back(i.role);
  const std::optional<Product> product = choose_product(survey.scenes, recipe, roles, result.notes);
  survey.product = product ? product->name : "";
  survey.qa = make_qa_rule(recipe.mask, product, survey.masked_flags);
  const BandChooser chooser(survey.scenes, recipe, product);
  check_roles(survey, recipe);
  if (!recipe.mask.none && chooser.looked_for("", true).empty())
    throw InvalidInput("no flag band is known: give --qa-band ASSET or --no-mask");
  set_methods(survey, recipe, chooser, product);
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < survey.scenes.size(); ++i) {
    const auto out = [&](const SkippedScene& s) { return s.item == survey.scenes[i].id; };
    if (std::none_of(leave_out.begin(), leave_out.end(), out)) wanted.push_back(i);
  }
  Surveyor(result, recipe, chooser, headers).run(wanted, threads);
  result.headers.kept = kept_headers_used();
  if (const auto cache = header_cache(); cache && !cache->fault().empty())
    result.notes.push_back("--cache-dir: headers are not kept: " + cache->fault());
  count_all_bands(survey);
  return result;
}

}  // namespace cubemill
