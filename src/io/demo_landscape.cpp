#include "io/demo_landscape.hpp"

#include <algorithm>
#include <cmath>

#include "io/demo_noise.hpp"

namespace cubemill::demo {
namespace {

constexpr float year_angle = 6.2831853F / 365.25F;
constexpr float lake_level = 190;    // metres
constexpr float farm_ceiling = 560;  // no fields above

// What grows on a field: greenest and palest cover and the day of the peak.
struct Crop {
  float greenest, palest, peak_day;
};
constexpr Crop crops[] = {
    {.96F, .12F, 22},   // maize, irrigated: green in January
    {.92F, .08F, 305},  // winter cereal: green in October, stubble in autumn
    {.82F, .45F, 330},  // pasture
    {.85F, .30F, 15},   // orchard
    {.74F, .58F, 300},  // hay
    {.35F, .15F, 270},  // fallow
};
constexpr std::uint64_t crop_count = sizeof(crops) / sizeof(crops[0]);

}  // namespace

Landscape::Landscape(std::uint64_t seed) : seed_(std::uint32_t(derive(seed, 1))) {
  Random random(derive(seed, 2));
  volcano_east_ = 4000 + 7000 * random.uniform();
  volcano_north_ = -7000 + 14000 * random.uniform();
}

float Landscape::elevation(double east, double north) const {
  const float hills = fractal_noise(seed_, east / 11000, north / 11000, 6);
  const auto rise = float(std::clamp(east / 100, -220.0, 500.0));  // the mountains lie in the east
  const double away = std::hypot(east - volcano_east_, north - volcano_north_);
  const float cone = 2100 * std::exp(float(-away / 3600));
  return 430 + rise + 200 * hills * (1 + 0.0006F * rise) + cone;
}

Ground Landscape::at(double east, double north) const {
  Ground ground;
  ground.elevation = elevation(east, north);
  if (ground.elevation < lake_level) {
    ground.water = true;
    return ground;
  }
  // A river is where a bent, very smooth noise changes its sign; only so high up.
  const double bend = 900 * gradient_noise(seed_ + 11, east / 2600, north / 2600);
  const float river = gradient_noise(seed_ + 12, (east + bend) / 17000, (north - bend) / 17000);
  ground.water = std::fabs(river) < 0.018F && ground.elevation < 900;
  if (ground.water) return ground;

  ground.brightness = 1 + 0.10F * fractal_noise(seed_ + 13, east / 500, north / 500, 3);
  const float wood = fractal_noise(seed_ + 14, east / 4200, north / 4200, 4);
  const bool farmed = ground.elevation + 130 * wood < farm_ceiling && std::fabs(river) > 0.035F;
  farmed ? plant_field(ground, east, north) : plant_forest(ground, east, north);
  return ground;
}

void Landscape::plant_field(Ground& ground, double east, double north) const {
  constexpr double width = 840, height = 600, cosine = 0.9781, sine = 0.2079;  // turned by 12°
  const double u = (cosine * east + sine * north) / width;
  const double v = (cosine * north - sine * east) / height;
  const double fu = u - std::floor(u), fv = v - std::floor(v);
  const std::uint64_t plot = derive(seed_, std::uint64_t(std::int64_t(std::floor(u))),
                                    std::uint64_t(std::int64_t(std::floor(v))));
  std::uint64_t part = 0;  // plots are halved or quartered
  if (plot & 1) part |= fu > 0.5 ? 1 : 0;
  if (plot & 2) part |= fv > 0.5 ? 2 : 0;
  const std::uint64_t field = derive(plot, part);
  Crop crop = crops[(field >> 8) % crop_count];
  if (plot % 9 == 4) {  // a pivot: a green circle on dry ground
    const double r = std::hypot((fu - 0.5) * width, (fv - 0.5) * height);
    crop = r < 285 ? crops[0] : crops[crop_count - 1];
  }
  const double edge = std::min(std::min(fu, 1 - fu) * width, std::min(fv, 1 - fv) * height);
  if (edge < 18) crop = {.45F, .30F, 330};  // tracks and hedges
  const float vigour = 0.90F + 0.16F * float(unit(derive(field, 3)));
  ground.greenest = std::min(1.0F, crop.greenest * vigour);
  ground.palest = crop.palest * vigour;
  ground.peak_day = crop.peak_day + 24 * float(unit(derive(field, 4)) - 0.5);
}

void Landscape::plant_forest(Ground& ground, double east, double north) const {
  const float texture = fractal_noise(seed_ + 15, east / 900, north / 900, 3);
  // Evergreen low, deciduous above 800 m, thinning out from 1100 m, bare rock from 1700 m.
  const float height = ground.elevation + 60 * texture;
  const float thin = std::clamp((1700 - height) / 600, 0.03F, 1.0F);
  const float deciduous = std::clamp((height - 700) / 300, 0.0F, 1.0F);
  ground.greenest = std::clamp((0.88F + 0.05F * texture) * thin, 0.0F, 1.0F);
  ground.palest = ground.greenest * (0.86F - 0.45F * deciduous);
  ground.peak_day = 20;
  if (thin < 0.5F) ground.brightness *= 0.62F + 0.38F * thin;  // volcanic rock is dark
}

Season::Season(int day)
    : cosine_(std::cos(float(day) * year_angle)),
      sine_(std::sin(float(day) * year_angle)),
      snow_line_(1950 + 550 * std::cos(float(day - 35) * year_angle)) {}

Surface Season::surface(const Ground& ground) const {
  if (ground.water) return {Cover::water, 0.028F, 0.012F};
  if (ground.elevation > snow_line_) return {Cover::snow, 0.82F, 0.72F};
  const float peak = ground.peak_day * year_angle;
  const float cycle = 0.5F + 0.5F * (cosine_ * std::cos(peak) + sine_ * std::sin(peak));
  const float green = ground.palest + (ground.greenest - ground.palest) * cycle;
  const float soil = (1 - green) * ground.brightness;
  return {Cover::land, 0.028F * green + 0.19F * soil, 0.43F * green + 0.27F * soil};
}

}  // namespace cubemill::demo
