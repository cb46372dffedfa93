#include "io/stac_item.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "catalog_fixture.hpp"

namespace cubemill {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// An item whose only asset `red` has these members beside its href.
json with_asset(json members, const json& properties = json::object()) {
  json item = make_item("a");
  members["href"] = "./red.tif";
  item["assets"] = {{"red", members}};
  item["properties"].update(properties);
  return item;
}

Scene parsed(const json& item) { return read_scene(item, {"a.json", "/data/a.json", 1}); }
SceneAsset red(const json& item) { return parsed(item).assets.at("red"); }

TEST(StacItem, KeepsWhatASceneNeeds) {
  const Scene scene = parsed(make_item("a"));
  EXPECT_EQ(scene.id, "a");
  EXPECT_EQ(scene.collection, "c");
  EXPECT_EQ(scene.source, "a.json");
  EXPECT_EQ(scene.self_href, "/data/a.json");
  EXPECT_EQ(to_string(scene.start), "2021-01-15T10:00:00Z");
  EXPECT_EQ(scene.start, scene.end);
  EXPECT_TRUE(scene.has_time_of_day);
  EXPECT_EQ(scene.assets.at("red").href, "/data/red.tif");
  EXPECT_EQ(scene.assets.at("red").key, "red");
}

TEST(StacItem, SaysWhatIsMissing) {
  const auto error_without = [](const char* key) {
    json item = make_item("a");
    item.erase(key);
    try {
      read_scene(item, {"a.json", "/data/a.json", 7});
    } catch (const InvalidInput& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error_without("id"), "a.json:7: item lacks 'id'");
  EXPECT_EQ(error_without("properties"), "a.json:7: item 'a' lacks 'properties'");
  EXPECT_EQ(error_without("assets"), "a.json:7: item 'a' lacks 'assets'");
  EXPECT_EQ(error_without("links"), "no error");
  EXPECT_EQ(error_without("bbox"), "no error");
  EXPECT_EQ(error_without("collection"), "no error");
}

TEST(StacItem, WrongTypesAreClearErrors) {
  const auto error_with = [](const char* pointer, const json& value) {
    json item = make_item("a");
    item[json::json_pointer(pointer)] = value;
    try {
      parsed(item);
    } catch (const InvalidInput& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(error_with("/id", 7), HasSubstr("'id' must be a string"));
  EXPECT_THAT(error_with("/id", ""), HasSubstr("'id' is empty"));
  EXPECT_THAT(error_with("/properties", "x"), HasSubstr("'properties' must be an object"));
  EXPECT_THAT(error_with("/assets", json::array()), HasSubstr("'assets' must be an object"));
  EXPECT_THAT(error_with("/assets/red", 7), HasSubstr("asset 'red' lacks 'href'"));
  EXPECT_THAT(error_with("/assets/red/href", ""), HasSubstr("asset 'red' lacks 'href'"));
  EXPECT_THAT(error_with("/properties/datetime", nullptr), HasSubstr("lacks 'datetime', or"));
  EXPECT_THAT(error_with("/properties/datetime", "2021-02-30"),
              HasSubstr("'datetime' is no date or time: \"2021-02-30\""));
  EXPECT_THAT(error_with("/properties/datetime", 2021),
              HasSubstr("'datetime' is no date or time: 2021"));
  EXPECT_THAT(error_with("/bbox", {1, 2, 3}), HasSubstr("'bbox' must be 4 or 6 numbers"));
  EXPECT_THAT(error_with("/bbox", {1, 2, 3, "x"}), HasSubstr("'bbox' must be 4 or 6 numbers"));
  EXPECT_THAT(error_with("/bbox", {1, 5, 3, 4}), HasSubstr("south north of its north"));
  EXPECT_THAT(error_with("/bbox", {300000, 5e6, 500000, 6e6}),
              HasSubstr("'bbox' is not in degrees"));
  EXPECT_THAT(error_with("/bbox", {0, -91, 1, 0}), HasSubstr("'bbox' is not in degrees"));
  EXPECT_EQ(error_with("/links", 7), "no error");
  EXPECT_EQ(error_with("/geometry", 7), "no error");
}

TEST(StacItem, ANullDatetimeNeedsStartAndEnd) {
  json item = make_item("a");
  item["properties"] = {{"datetime", nullptr}, {"start_datetime", "2021-01-01T00:00:00Z"}};
  EXPECT_THROW(parsed(item), InvalidInput);
  item["properties"]["end_datetime"] = "2021-12-31T23:59:59Z";
  const Scene scene = parsed(item);
  EXPECT_EQ(to_string(scene.start), "2021-01-01T00:00:00Z");
  EXPECT_EQ(to_string(scene.end), "2021-12-31T23:59:59Z");
  EXPECT_FALSE(scene.has_time_of_day);
  item["properties"]["end_datetime"] = "2020-12-31T23:59:59Z";
  EXPECT_THROW(parsed(item), InvalidInput);
}

TEST(StacItem, ADatetimeCountsBeforeStartAndEnd) {
  json item = make_item("a", "2021-06-01");
  item["properties"]["start_datetime"] = "2021-01-01T00:00:00Z";
  item["properties"]["end_datetime"] = "2021-12-31T00:00:00Z";
  EXPECT_EQ(to_string(parsed(item).start), "2021-06-01T00:00:00Z");
  EXPECT_EQ(parsed(item).end, parsed(item).start);
}

TEST(StacItem, TheSelfLinkIsKeptWhenAbsolute) {
  json item = make_item("a");
  item["links"] = {{{"rel", "root"}, {"href", "https://h/"}},
                   {{"rel", "self"}, {"href", "https://h/a.json"}}};
  EXPECT_EQ(parsed(item).self_href, "https://h/a.json");
  item["links"][1]["href"] = "./a.json";
  EXPECT_EQ(parsed(item).self_href, "/data/a.json");
  const Scene piped = read_scene(item, {"standard input", "/data/", 1});
  EXPECT_EQ(piped.self_href, "");
  EXPECT_EQ(piped.assets.at("red").href, "/data/red.tif");
}

TEST(StacItem, DataTypesGiveTheBytesOfAPixel) {
  json item = make_item("a");
  const auto bytes = [&](const json& fields) {
    json other = item;
    other["assets"]["red"].update(fields);
    return red(other).pixel_bytes;
  };
  EXPECT_EQ(bytes({{"raster:bands", {{{"data_type", "uint8"}}}}}), 1u);
  EXPECT_EQ(bytes({{"raster:bands", {{{"data_type", "uint16"}}, {{"data_type", "float64"}}}}}),
            10u);
  EXPECT_EQ(bytes({{"bands", {{{"data_type", "int16"}}}}}), 2u);
  EXPECT_EQ(bytes({{"data_type", "float32"}}), 4u);
  EXPECT_EQ(bytes({{"data_type", "float32"}, {"bands", {{{"name", "b"}}, {{"name", "c"}}}}}), 8u);
  EXPECT_EQ(bytes({{"raster:bands", {{{"data_type", "other"}}}}}), 0u);
  EXPECT_EQ(bytes({{"raster:bands", {{{"nodata", 0}}}}}), 0u);
}

TEST(StacItemPlace, BboxMayHaveHeights) {
  json item = make_item("a");
  item["bbox"] = {10, 45, -100, 12, 47, 4000};
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(10, 45, 12, 47));
}

TEST(StacItemPlace, WithoutBboxTheGeometryCounts) {
  json item = make_item("a");
  item.erase("bbox");
  EXPECT_FALSE(parsed(item).bbox);
  item["geometry"] = json::parse(
      R"({"type":"Polygon","coordinates":[[[10,45],[12,45,9],[12,47],[10,47],[10,45]]]})");
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(10, 45, 12, 47));
  item["geometry"] = json::parse(
      R"({"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]},
                                     {"type":"Point","coordinates":[3,4]}]})");
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(1, 2, 3, 4));
}

TEST(StacItemPlace, AGeometryInMetresIsAnError) {
  json item = make_item("a");
  item.erase("bbox");
  item["geometry"] = {{"type", "Point"}, {"coordinates", {500000, 5e6}}};
  EXPECT_THROW(parsed(item), InvalidInput);
}

TEST(StacItemPlace, LongitudesThatJumpAtTheAntimeridianAreOneScene) {
  json item = make_item("a");
  item["bbox"] = {-179.5, 50, 179.5, 52};
  item["geometry"] = json::parse(
      R"({"type":"Polygon","coordinates":[[[-179.5,52],[179.5,52],[-177.5,50],[-179.9,51],[-179.5,52]]]})");
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(179.5, 50, -177.5, 52));
  EXPECT_EQ(parsed(item).centre_longitude(), -179);
  item.erase("bbox");
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(179.5, 50, -177.5, 52));
}

TEST(StacItemPlace, AMultiPolygonSplitAtTheAntimeridianIsOneScene) {
  json item = make_item("a");
  item["bbox"] = {-180, -18, 180, -17};
  item["geometry"] = json::parse(R"({"type":"MultiPolygon","coordinates":[
      [[[179.5,-18],[180,-18],[180,-17],[179.5,-17],[179.5,-18]]],
      [[[-180,-18],[-179,-18],[-179,-17],[-180,-17],[-180,-18]]]]})");
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(179.5, -18, -179, -17));
}

TEST(StacItemPlace, TheWholeWorldStaysWhole) {
  json item = make_item("a");
  item["bbox"] = {-180, -90, 180, 90};
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(-180, -90, 180, 90));
  item["geometry"] = json::parse(
      R"({"type":"Polygon","coordinates":[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]})");
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(-180, -90, 180, 90));
}

TEST(StacItemPlace, LongitudesFrom0To360AreWrapped) {
  json item = make_item("a");
  item["bbox"] = {190, 0, 200, 1};
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(-170, 0, -160, 1));
  item["bbox"] = {179, 0, 181, 1};
  EXPECT_THAT(*parsed(item).bbox, ElementsAre(179, 0, -179, 1));
}

TEST(StacItemNumbers, ComeFromRasterBands) {
  const auto bands =
      red(with_asset(
              {{"raster:bands",
                {{{"nodata", 0}, {"scale", 2.75e-05}, {"offset", -0.2}}, {{"nodata", -1}}}}}))
          .bands;
  ASSERT_EQ(bands.size(), 2U);
  EXPECT_EQ(bands[0].nodata, 0);
  EXPECT_EQ(bands[0].scale, 2.75e-05);
  EXPECT_EQ(bands[0].offset, -0.2);
  EXPECT_EQ(bands[1].nodata, -1);
  EXPECT_FALSE(bands[1].scale);
  EXPECT_FALSE(bands[1].offset);
}

TEST(StacItemNumbers, ComeFromBandsThenFromTheAssetInStac11) {
  const auto bands =
      red(with_asset({{"bands", {{{"nodata", 5}, {"raster:scale", 0.5}}, json::object()}},
                      {"nodata", 9},
                      {"raster:scale", 0.1},
                      {"raster:offset", -1}}))
          .bands;
  ASSERT_EQ(bands.size(), 2U);
  EXPECT_EQ(bands[0].nodata, 5);
  EXPECT_EQ(bands[0].scale, 0.5);
  EXPECT_EQ(bands[0].offset, -1);
  EXPECT_EQ(bands[1].nodata, 9);
  EXPECT_EQ(bands[1].scale, 0.1);
}

TEST(StacItemNumbers, MayBeOnTheAssetAlone) {
  const auto bands = red(with_asset({{"nodata", 9}})).bands;
  ASSERT_EQ(bands.size(), 1U);
  EXPECT_EQ(bands[0].nodata, 9);
  EXPECT_THAT(red(with_asset(json::object())).bands, IsEmpty());
}

TEST(StacItemNumbers, NodataMayBeWrittenAsAStringOrNull) {
  const auto nodata = [](const json& value) {
    return red(with_asset({{"raster:bands", {{{"nodata", value}}}}})).bands.at(0).nodata;
  };
  EXPECT_TRUE(std::isnan(nodata("nan").value()));
  EXPECT_EQ(nodata("inf"), INFINITY);
  EXPECT_EQ(nodata("-inf"), -INFINITY);
  EXPECT_EQ(nodata("-9999"), -9999);
  EXPECT_FALSE(nodata(nullptr));
  EXPECT_FALSE(nodata("none"));
  EXPECT_FALSE(nodata(""));
}

TEST(StacItemNumbers, ALoneScaleMeansOffsetZero) {
  const auto band = red(with_asset({{"raster:bands", {{{"scale", 0.01}}}}})).bands.at(0);
  EXPECT_EQ(band.offset, 0);
  EXPECT_FALSE(red(with_asset({{"raster:bands", {{{"offset", 1}}}}})).bands.at(0).scale);
}

TEST(StacItemNumbers, AnOffsetThatThePixelsContainAlreadyIsNotAppliedAgain) {
  const json members{{"raster:bands", {{{"scale", 0.0001}, {"offset", -0.1}}}}};
  EXPECT_EQ(red(with_asset(members, {{"earthsearch:boa_offset_applied", true}})).bands.at(0).offset,
            0);
  EXPECT_EQ(
      red(with_asset(members, {{"earthsearch:boa_offset_applied", false}})).bands.at(0).offset,
      -0.1);
}

TEST(StacItemNames, AreThoseOfTheOnlyBand) {
  EXPECT_THAT(red(with_asset({{"eo:bands", {{{"name", "B4"}, {"common_name", "red"}}}}})).names,
              ElementsAre("B4", "red"));
  EXPECT_THAT(red(with_asset({{"bands", {{{"name", "B4"}, {"eo:common_name", "red"}}}}})).names,
              ElementsAre("B4", "red"));
  EXPECT_THAT(red(with_asset({{"eo:bands", {{{"name", "red"}, {"common_name", "red"}}}}})).names,
              ElementsAre("red"));
  EXPECT_THAT(red(with_asset({{"eo:bands", {{{"name", "B4"}}, {{"name", "B3"}}}}})).names,
              IsEmpty());
}

TEST(StacItemNames, OldItemsCountInAListOfTheirOwn) {
  const json properties{
      {"eo:bands",
       {{{"name", "B1"}, {"common_name", "blue"}}, {{"name", "B2"}, {"common_name", "green"}}}}};
  EXPECT_THAT(red(with_asset({{"eo:bands", {1}}}, properties)).names, ElementsAre("B2", "green"));
  EXPECT_THAT(red(with_asset({{"eo:bands", {2}}}, properties)).names, IsEmpty());
}

TEST(StacItemAssets, WhatCannotHoldPixelsIsLeftOut) {
  json item = make_item("a");
  item["assets"] = {
      {"mtl", {{"href", "a.json"}, {"type", "application/json"}}},
      {"ang", {{"href", "a.txt"}, {"type", "text/plain"}}},
      {"thumbnail", {{"href", "a.jpg"}, {"type", "image/jpeg"}, {"roles", {"thumbnail"}}}},
      {"angles",
       {{"href", "v.tif"}, {"type", "image/tiff; application=geotiff"}, {"roles", {"metadata"}}}},
      {"plain", {{"href", "p.tif"}}},
      {"data", {{"href", "d.png"}, {"roles", {"data", "thumbnail"}}}}};
  std::vector<std::string> keys;
  for (const auto& asset : parsed(item).assets) keys.push_back(asset.first);
  EXPECT_THAT(keys, ElementsAre("angles", "data", "plain"));
}

TEST(StacItemProj, TheCrsIsFoundInAllItsForms) {
  const auto crs = [](const json& asset, const json& properties) {
    return red(with_asset(asset, properties)).proj.crs;
  };
  const json none = json::object();
  EXPECT_EQ(crs(none, {{"proj:epsg", 32618}}), "EPSG:32618");
  EXPECT_EQ(crs(none, {{"proj:epsg", "32618"}}), "EPSG:32618");
  EXPECT_EQ(crs(none, {{"proj:code", "EPSG:32618"}}), "EPSG:32618");
  EXPECT_EQ(crs(none, {{"proj:code", "IAU_2015:30100"}, {"proj:epsg", 1}}), "IAU_2015:30100");
  EXPECT_EQ(crs({{"proj:epsg", 32619}}, {{"proj:code", "EPSG:32618"}}), "EPSG:32619");
  EXPECT_EQ(crs(none, {{"proj:epsg", nullptr}, {"proj:wkt2", "PROJCRS[]"}}), "PROJCRS[]");
  EXPECT_EQ(crs(none, {{"proj:epsg", nullptr}, {"proj:projjson", {{"name", "x"}}}}),
            "{\"name\":\"x\"}");
  EXPECT_EQ(crs(none, none), "");
}

std::vector<double> transform(const json& list) {
  const auto t = red(with_asset({{"proj:transform", list}})).proj.transform;
  return t ? std::vector<double>(t->begin(), t->end()) : std::vector<double>();
}

TEST(StacItemProj, TheTransformIsThatOfAnAffine) {
  EXPECT_THAT(transform({30, 0, 357585, 0, -30, 4423815}),
              ElementsAre(30, 0, 357585, 0, -30, 4423815));
  EXPECT_THAT(transform({30, 0, 357585, 0, -30, 4423815, 0, 0, 1}),
              ElementsAre(30, 0, 357585, 0, -30, 4423815));
  EXPECT_THAT(transform({25, 5, 100, 5, -25, 200}), ElementsAre(25, 5, 100, 5, -25, 200));
  EXPECT_THAT(transform({0.25, 0, 0, 0, -0.25, 0}), ElementsAre(0.25, 0, 0, 0, -0.25, 0));
}

TEST(StacItemProj, TheOrderOfGdalIsRecognised) {
  EXPECT_THAT(transform({357585, 30, 0, 4423815, 0, -30}),
              ElementsAre(30, 0, 357585, 0, -30, 4423815));
  EXPECT_THAT(transform({-180, 0.25, 0, 90, 0, -0.25}), ElementsAre(0.25, 0, -180, 0, -0.25, 90));
  EXPECT_THAT(transform({0, 0.25, 0, 90, 0, -0.25}), ElementsAre(0.25, 0, 0, 0, -0.25, 90));
  EXPECT_THAT(transform({0, 30, 0, -30, 0, 500}), ElementsAre(0, 30, 0, -30, 0, 500))
      << "turned by 90 degrees";
}

TEST(StacItemProj, AnUnreadableTransformOrShapeCountsAsNotSaid) {
  for (const json& list :
       {json::array(), json{1, 2, 3}, json{"a", 0, 0, 0, 0, 0}, json{0, 0, 1, 0, 0, 1}, json(7)})
    EXPECT_THAT(transform(list), IsEmpty()) << list;
  for (const json& list : {json{1}, json{0, 5}, json{2.5, 5}, json("x"), json{-1, 5}})
    EXPECT_FALSE(red(with_asset({{"proj:shape", list}})).proj.shape) << list;
  EXPECT_THAT(*red(with_asset({{"proj:shape", {100, 200}}})).proj.shape, ElementsAre(100, 200));
}

TEST(StacItemProj, AnItemsGridIsNotThatOfAnAssetWithAnotherShape) {
  const json properties{{"proj:transform", {30, 0, 0, 0, -30, 0}}, {"proj:shape", {100, 100}}};
  EXPECT_TRUE(red(with_asset(json::object(), properties)).proj.transform);
  EXPECT_TRUE(red(with_asset({{"proj:shape", {100, 100}}}, properties)).proj.transform);
  EXPECT_FALSE(red(with_asset({{"proj:shape", {200, 200}}}, properties)).proj.transform);
  EXPECT_FALSE(red(with_asset({{"proj:transform", {15, 0, 0, 0, -15, 0}}}, properties)).proj.shape);
}

}  // namespace
}  // namespace cubemill
