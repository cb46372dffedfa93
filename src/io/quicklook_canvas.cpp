#include "io/quicklook_canvas.hpp"

#include <cairo.h>
#include <png.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <stdexcept>

namespace cubemill {
namespace {

struct SurfaceDelete {
  void operator()(cairo_surface_t* p) const { cairo_surface_destroy(p); }
};
struct ContextDelete {
  void operator()(cairo_t* p) const { cairo_destroy(p); }
};
struct FontOptionsDelete {
  void operator()(cairo_font_options_t* p) const { cairo_font_options_destroy(p); }
};
using Surface = std::unique_ptr<cairo_surface_t, SurfaceDelete>;

void set_colour(cairo_t* cairo, Colour c) {
  cairo_set_source_rgb(cairo, ((c >> 16) & 255) / 255.0, ((c >> 8) & 255) / 255.0,
                       (c & 255) / 255.0);
}

// The same glyph shapes whatever the desktop's settings.
void use_plain_fonts(cairo_t* cairo) {
  const std::unique_ptr<cairo_font_options_t, FontOptionsDelete> options(
      cairo_font_options_create());
  cairo_font_options_set_antialias(options.get(), CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
  cairo_set_font_options(cairo, options.get());
}

void use_style(cairo_t* cairo, const TextStyle& style) {
  cairo_select_font_face(cairo, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                         style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo, style.size);
}

// Takes the last character off, with all its UTF-8 bytes.
void shorten(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

}  // namespace

struct Canvas::State {
  Surface surface;
  std::unique_ptr<cairo_t, ContextDelete> cairo;
};

Canvas::Canvas(int width, int height, Colour background) : state_(std::make_unique<State>()) {
  state_->surface.reset(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  state_->cairo.reset(cairo_create(state_->surface.get()));
  if (cairo_status(state_->cairo.get()) != CAIRO_STATUS_SUCCESS) throw std::bad_alloc();
  use_plain_fonts(state_->cairo.get());
  fill({0, 0, double(width), double(height)}, background);
}
Canvas::~Canvas() = default;

void Canvas::fill(const Rect& rect, Colour colour) {
  set_colour(state_->cairo.get(), colour);
  cairo_rectangle(state_->cairo.get(), rect.x, rect.y, rect.width, rect.height);
  cairo_fill(state_->cairo.get());
}

void Canvas::outline(const Rect& rect, Colour colour) {
  set_colour(state_->cairo.get(), colour);
  cairo_set_line_width(state_->cairo.get(), 1);
  cairo_rectangle(state_->cairo.get(), rect.x - 0.5, rect.y - 0.5, rect.width + 1, rect.height + 1);
  cairo_stroke(state_->cairo.get());
}

void Canvas::triangle(double x0, double y0, double x1, double y1, double x2, double y2,
                      Colour colour) {
  cairo_t* cairo = state_->cairo.get();
  set_colour(cairo, colour);
  cairo_move_to(cairo, x0, y0);
  cairo_line_to(cairo, x1, y1);
  cairo_line_to(cairo, x2, y2);
  cairo_close_path(cairo);
  cairo_fill(cairo);
}

void Canvas::image(const Rect& rect, const std::vector<Colour>& pixels) {
  const int width = static_cast<int>(rect.width), height = static_cast<int>(rect.height);
  const Surface picture(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  unsigned char* data = cairo_image_surface_get_data(picture.get());
  if (!data) throw std::bad_alloc();
  const int stride = cairo_image_surface_get_stride(picture.get());
  for (int y = 0; y < height; ++y) {
    auto* row = reinterpret_cast<std::uint32_t*>(data + std::ptrdiff_t{y} * stride);
    for (int x = 0; x < width; ++x)
      row[x] = pixels[std::size_t(y) * std::size_t(width) + std::size_t(x)];
  }
  cairo_surface_mark_dirty(picture.get());
  cairo_set_source_surface(state_->cairo.get(), picture.get(), rect.x, rect.y);
  cairo_paint(state_->cairo.get());
}

double Canvas::text_width(const std::string& line, const TextStyle& style) {
  use_style(state_->cairo.get(), style);
  cairo_text_extents_t extents;
  cairo_text_extents(state_->cairo.get(), line.c_str(), &extents);
  return extents.x_advance;
}

std::string Canvas::fitted(const std::string& line, double width, const TextStyle& style) {
  if (text_width(line, style) <= width) return line;
  std::string shorter = line;
  do shorten(shorter);
  while (!shorter.empty() && text_width(shorter + "…", style) > width);
  return shorter.empty() ? "" : shorter + "…";
}

double Canvas::text(const Rect& rect, const std::string& line, const TextStyle& style) {
  const std::string shown = fitted(line, rect.width, style);
  const double width = text_width(shown, style);
  const double room = rect.width - width;
  const double x = rect.x + (style.align == Align::left    ? 0
                             : style.align == Align::right ? room
                                                           : room / 2);
  cairo_t* cairo = state_->cairo.get();
  cairo_font_extents_t font;
  cairo_font_extents(cairo, &font);
  set_colour(cairo, style.colour);
  cairo_move_to(cairo, x, rect.y + (rect.height + font.ascent - font.descent) / 2);
  cairo_show_text(cairo, shown.c_str());
  return width;
}

// By libpng itself: Cairo's own writer compresses hard, which takes longer than drawing the
// picture.
std::vector<std::byte> Canvas::png() {
  cairo_surface_t* const surface = state_->surface.get();
  cairo_surface_flush(surface);
  const cairo_status_t status = cairo_status(state_->cairo.get());
  if (status != CAIRO_STATUS_SUCCESS)
    throw std::runtime_error(std::string("Cairo cannot draw: ") + cairo_status_to_string(status));
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = png_uint_32(cairo_image_surface_get_width(surface));
  image.height = png_uint_32(cairo_image_surface_get_height(surface));
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  std::vector<std::uint8_t> rgb;
  rgb.reserve(std::size_t(image.width) * image.height * 3);
  const unsigned char* row = cairo_image_surface_get_data(surface);
  for (png_uint_32 y = 0; y < image.height; ++y, row += cairo_image_surface_get_stride(surface))
    for (png_uint_32 x = 0; x < image.width; ++x) {
      std::uint32_t pixel;
      std::memcpy(&pixel, row + 4 * std::size_t(x), sizeof pixel);  // 0x??RRGGBB
      for (const int shift : {16, 8, 0}) rgb.push_back(std::uint8_t(pixel >> shift));
    }
  std::vector<std::byte> bytes(PNG_IMAGE_PNG_SIZE_MAX(image));
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, rgb.data(), 0, nullptr))
    throw std::runtime_error(std::string("libpng cannot encode: ") + image.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace cubemill
