#include "cubemill/io/href_choice.hpp"

#include <algorithm>
#include <cstdint>

#include "cubemill/base/error.hpp"
#include "cubemill/io/href.hpp"

namespace cubemill {
namespace {

constexpr const char* login_only = "https://landsatlook.usgs.gov";

std::string without_slashes_at_end(std::string text) {
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

bool begins_with(const std::string& href, const std::string& from) {
  return href.starts_with(from) &&
         (href.size() == from.size() || from.ends_with('/') || href[from.size()] == '/');
}

std::string replaced(const std::string& href, const HrefReplacement& r) {
  const std::string rest = href.substr(r.from.size());
  return r.from.ends_with('/') ? r.to + "/" + rest : r.to + rest;
}

class HrefChooser {
 public:
  explicit HrefChooser(const HrefChoice& choice)
      : choice_(choice), uses_(choice.replacements.size()) {}

  void choose(SceneAsset& asset) {
    ++assets_;
    prefer(asset);
    if (example_.empty()) example_ = asset.href;
    replace(asset);
    asset.alternates = {};
  }

  void check() const {
    if (choice_.prefer != HrefPreference::main && preferred_ == 0)
      throw InvalidInput("--prefer " + wanted() + ": no asset has such an href; there is " +
                         example_);
    for (std::size_t i = 0; i < uses_.size(); ++i)
      if (uses_[i] == 0)
        throw InvalidInput("--href-replace " + choice_.replacements[i].from +
                           "=…: fits no href; there is " + example_);
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (choice_.prefer != HrefPreference::main && preferred_ < assets_)
      notes.push_back("--prefer " + wanted() + ": " + std::to_string(assets_ - preferred_) +
                      " of " + std::to_string(assets_) +
                      " assets have no such href and are read from where they lie");
    if (login_only_ > 0)
      notes.push_back(std::to_string(login_only_) +
                      " assets lie on landsatlook.usgs.gov, which wants a login; the items name "
                      "S3 too: --prefer s3 reads from there");
    return notes;
  }

 private:
  std::string wanted() const { return choice_.prefer == HrefPreference::s3 ? "s3" : "https"; }

  bool is_wanted(const std::string& href) const {
    const std::string scheme = scheme_of(href);
    return choice_.prefer == HrefPreference::s3 ? scheme == "s3"
                                                : scheme == "https" || scheme == "http";
  }

  void prefer(SceneAsset& asset) {
    const auto has_wanted = [&](const AlternateHref& a) { return is_wanted(a.href); };
    if (choice_.prefer == HrefPreference::main) {
      login_only_ += place_of(asset.href) == login_only &&
                     std::ranges::any_of(asset.alternates, [](const AlternateHref& a) {
                       return scheme_of(a.href) == "s3";
                     });
      return;
    }
    const auto wanted = std::ranges::find_if(asset.alternates, has_wanted);
    const bool main_is = is_wanted(asset.href);
    if (!main_is && wanted == asset.alternates.end()) return;
    ++preferred_;
    if (main_is) return;
    asset.href = std::move(wanted->href);
    asset.storage = std::move(wanted->storage);
  }

  void replace(SceneAsset& asset) {
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      const HrefReplacement& r = choice_.replacements[i];
      if (!begins_with(asset.href, r.from)) continue;
      const std::string bucket = bucket_of(asset.href);
      asset.href = replaced(asset.href, r);
      if (bucket_of(asset.href) != bucket) asset.storage = {};  // was of another place
      ++uses_[i];
      return;
    }
  }

  const HrefChoice& choice_;
  std::vector<std::uint64_t> uses_;  // by replacement
  std::uint64_t assets_ = 0, preferred_ = 0, login_only_ = 0;
  std::string example_;
};

}  // namespace

HrefReplacement parse_href_replacement(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw InvalidInput("--href-replace '" + text + "': FROM=TO, such as s3://bucket=/data/bucket");
  const std::string from = text.substr(0, equals), to = text.substr(equals + 1);
  if (!from.starts_with('/') && scheme_of(from).empty())
    throw InvalidInput("--href-replace '" + text +
                       "': FROM is the beginning of an absolute href: s3://…, https://…, /…");
  return {resolve_href(from, {}), without_slashes_at_end(resolve_href(to, "./"))};
}

std::vector<std::string> choose_hrefs(std::vector<Scene>& scenes, const HrefChoice& choice) {
  HrefChooser chooser(choice);
  for (Scene& scene : scenes)
    for (auto& [key, asset] : scene.assets) chooser.choose(asset);
  chooser.check();
  return chooser.notes();
}

}  // namespace cubemill
