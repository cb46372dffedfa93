#include "cubemill/io/quicklook.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "io/new_file.hpp"
#include "io/quicklook_canvas.hpp"
#include "io/quicklook_image.hpp"
#include "io/quicklook_stretch.hpp"

namespace cubemill {
namespace {

constexpr Colour paper = 0xffffff, no_data = 0xe2e2e2, frame = 0xb8b8b8, quiet_text = 0x6a6a6a;

constexpr TextStyle title_style{23, true, 0x1a1a1a, Align::left};
constexpr TextStyle subtitle_style{13, false, quiet_text, Align::left};
constexpr TextStyle label_style{14, true, 0x222222, Align::left};
constexpr TextStyle share_style{12, false, quiet_text, Align::right};
constexpr TextStyle empty_style{13, false, quiet_text, Align::centre};
constexpr TextStyle tick_style{12, false, 0x333333, Align::centre};
constexpr TextStyle legend_style{12, false, quiet_text, Align::left};
constexpr TextStyle note_style{12, false, quiet_text, Align::right};

// A count of 0 means the same as a mean without a value: nothing was seen there.
bool observed(float value, bool counts) { return counts ? value > 0 : std::isfinite(value); }

double observed_share(const std::vector<float>& panel, bool counts) {
  const auto seen =
      std::count_if(panel.begin(), panel.end(), [&](float v) { return observed(v, counts); });
  return panel.empty() ? 0 : double(seen) / double(panel.size());
}

// Whole percents, but never 0 or 100 where that would not be true.
std::string percent(double share) {
  if (share > 0 && share < 0.005) return "< 1 %";
  if (share < 1 && share >= 0.995) return "> 99 %";
  return std::to_string(std::lround(100 * share)) + " %";
}

class Picture {
 public:
  Picture(const QuicklookSpec& spec, const CogWriter::Preview& preview, std::size_t panels)
      : spec_(spec),
        preview_(preview),
        panels_(preview.bands.data(), panels),
        scale_(stretch(panels_, spec.counts)),
        palette_(spec.counts ? Palette::counts() : Palette::vegetation()),
        layout_(arrange(panels, preview.width, preview.height, spec.aspect)),
        canvas_(layout_.width, layout_.height, paper) {}

  std::vector<std::byte> draw() {
    canvas_.text(layout_.title, spec_.title, title_style);
    canvas_.text(layout_.subtitle, spec_.subtitle, subtitle_style);
    for (std::size_t i = 0; i < panels_.size(); ++i) draw_panel(i);
    draw_bar();
    draw_ticks();
    canvas_.text(layout_.unit, spec_.unit, {12, false, quiet_text, Align::centre});
    draw_legend();
    return canvas_.png();
  }

 private:
  Colour colour_of(float value) const {
    if (!observed(value, spec_.counts)) return no_data;
    return palette_.at((double(value) - scale_.low) / (scale_.high - scale_.low));
  }

  void draw_panel(std::size_t i) {
    const PanelLayout& place = layout_.panels[i];
    const double share = observed_share(panels_[i], spec_.counts);
    any_hole_ = any_hole_ || share < 1;
    const double used = canvas_.text(place.label, spec_.panels[i], label_style);
    if (share > 0) {
      draw_share(place.label, used, percent(share) + " observed");
      draw_pixels(place.image, panels_[i]);
    } else {
      canvas_.fill(place.image, no_data);
      canvas_.text(place.image, "no observation", empty_style);
    }
    canvas_.outline(place.image, frame);
  }

  // The share stands aside where the label leaves no room for it.
  void draw_share(const Rect& label, double used, const std::string& text) {
    const Rect rest{label.x + used + 10, label.y, label.width - used - 10, label.height};
    if (canvas_.text_width(text, share_style) <= rest.width) canvas_.text(rest, text, share_style);
  }

  void draw_pixels(const Rect& place, const std::vector<float>& values) {
    const std::vector<float> shown =
        resample_by_area(values, preview_.width, preview_.height, std::int64_t(place.width),
                         std::int64_t(place.height));
    std::vector<Colour> colours(shown.size());
    std::transform(shown.begin(), shown.end(), colours.begin(),
                   [&](float v) { return colour_of(v); });
    canvas_.image(place, colours);
  }

  void draw_bar() {
    const Rect& bar = layout_.bar;
    const auto width = static_cast<std::size_t>(bar.width),
               height = static_cast<std::size_t>(bar.height);
    std::vector<Colour> pixels(width * height);
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = palette_.at((double(i % width) + 0.5) / double(width));
    const Rect whole{std::floor(bar.x), std::floor(bar.y), double(width), double(height)};
    canvas_.image(whole, pixels);
    // Arrows say that values lie beyond the ends.
    const double middle = whole.y + whole.height / 2;
    if (scale_.below)
      canvas_.triangle(whole.x - 2, whole.y, whole.x - 2, whole.bottom(), whole.x - 11, middle,
                       palette_.at(0));
    if (scale_.above)
      canvas_.triangle(whole.right() + 2, whole.y, whole.right() + 2, whole.bottom(),
                       whole.right() + 11, middle, palette_.at(1));
  }

  double widest(const std::vector<std::string>& labels) {
    double width = 0;
    for (const auto& label : labels) width = std::max(width, canvas_.text_width(label, tick_style));
    return width;
  }

  void draw_ticks() {
    const Rect& bar = layout_.bar;
    std::vector<double> ticks;
    std::vector<std::string> labels;
    double room = 0;
    for (int most = 8; most > 0; --most) {  // fewer numbers until none touches another
      ticks = round_ticks(scale_.low, scale_.high, most, spec_.counts);
      labels = tick_labels(ticks);
      room = ticks.size() > 1 ? bar.width * (ticks[1] - ticks[0]) / (scale_.high - scale_.low)
                              : bar.width;
      if (widest(labels) + 12 <= room) break;
    }
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const double x = bar.x + bar.width * (ticks[i] - scale_.low) / (scale_.high - scale_.low);
      canvas_.fill({std::round(x) - 0.5, bar.bottom(), 1, 4}, quiet_text);
      canvas_.text({x - room / 2, layout_.ticks.y, room, layout_.ticks.height}, labels[i],
                   tick_style);
    }
  }

  void draw_legend() {
    const Rect& legend = layout_.legend;
    if (any_hole_) {
      const std::string text = spec_.counts ? "0, no observation" : "no data";
      const double width = canvas_.text_width(text, legend_style);
      const Rect swatch{std::floor(legend.right() - width - 30), legend.y, 22, legend.height};
      canvas_.fill(swatch, no_data);
      canvas_.outline(swatch, frame);
      canvas_.text({swatch.right() + 8, legend.y, width + 1, legend.height}, text, legend_style);
    }
    if (spec_.panels.size() > panels_.size())
      canvas_.text(layout_.note,
                   "first " + std::to_string(panels_.size()) + " of " +
                       std::to_string(spec_.panels.size()) + " periods",
                   note_style);
  }

  const QuicklookSpec& spec_;
  const CogWriter::Preview& preview_;
  std::span<const std::vector<float>> panels_;
  ColourScale scale_;
  const Palette& palette_;
  QuicklookLayout layout_;
  Canvas canvas_;
  bool any_hole_ = false;
};

}  // namespace

std::int64_t quicklook_longest(std::size_t panels) {
  // Levels halve: one of at most twice the panel's side has at least the panel's resolution.
  return 2 * panel_side(std::min(panels, quicklook_panel_limit));
}

void write_quicklook(const std::string& path, const QuicklookSpec& spec,
                     const CogWriter::Preview& preview) {
  NewFile file(path);  // before the drawing, so that a bad path costs nothing
  const std::size_t panels =
      std::min({spec.panels.size(), preview.bands.size(), quicklook_panel_limit});
  file.write_at(0, Picture(spec, preview, panels).draw());
  file.finish();
}

}  // namespace cubemill
