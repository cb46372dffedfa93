#include "io/item_storage.hpp"

#include <gmock/gmock.h>

#include "io/stac_item.hpp"
#include "unit/io/catalog_fixture.hpp"

namespace cubemill {
namespace {

using nlohmann::json;

/// An item with one asset `red` that has these members.
SceneAsset stored_red(json members, const json& properties = json::object()) {
  json item = make_item("a");
  if (!members.contains("href")) members["href"] = "https://h/red.tif";
  item["assets"] = {{"red", members}};
  item["properties"].update(properties);
  return read_scene(item, {"a.json", "/data/a.json", 1}).assets.at("red");
}

/// As the items of USGS say it.
const json usgs = {{"href", "https://landsatlook.usgs.gov/data/red.TIF"},
                   {"alternate",
                    {{"s3",
                      {{"href", "s3://usgs-landsat/collection02/red.TIF"},
                       {"storage:platform", "AWS"},
                       {"storage:requester_pays", true}}}}}};

TEST(Alternates, AreKeptByName) {
  const SceneAsset asset = stored_red({{"alternate",
                                        {{"s3", {{"href", "s3://b/red.tif"}}},
                                         {"local", {{"href", "../red.tif"}}},
                                         {"gdal", {{"href", "/vsis3/c/red.tif"}}}}}});
  EXPECT_EQ(asset.href, "https://h/red.tif");
  ASSERT_EQ(asset.alternates.size(), 3u);
  EXPECT_EQ(asset.alternates[0].name, "gdal");
  EXPECT_EQ(asset.alternates[0].href, "s3://c/red.tif");
  EXPECT_EQ(asset.alternates[1].href, "/red.tif");
  EXPECT_EQ(asset.alternates[2].href, "s3://b/red.tif");
}

TEST(Alternates, WithoutAReadableHrefAreNone) {
  for (const json& alternate :
       {json(nullptr), json("s3://b/red.tif"), json::array({{{"href", "s3://b/red.tif"}}}),
        json{{"s3", "s3://b/red.tif"}}, json{{"s3", {{"href", 7}}}}, json{{"s3", {{"href", ""}}}},
        json{{"s3", json::object()}}})
    EXPECT_TRUE(stored_red({{"alternate", alternate}}).alternates.empty()) << alternate;
}

TEST(Storage, OfVersion1IsThatOfThePlaceThatSaysIt) {
  const SceneAsset asset = stored_red(usgs);
  EXPECT_FALSE(asset.storage.requester_pays);
  EXPECT_EQ(asset.storage.region, "");
  EXPECT_TRUE(asset.alternates.at(0).storage.requester_pays);
}

TEST(Storage, OfVersion1IsInheritedFromTheItem) {
  const json item = {{"storage:region", "us-west-2"}, {"storage:requester_pays", true}};
  const SceneAsset asset = stored_red(
      {{"storage:requester_pays", false}, {"alternate", {{"s3", {{"href", "s3://b/red.tif"}}}}}},
      item);
  EXPECT_FALSE(asset.storage.requester_pays);
  EXPECT_EQ(asset.storage.region, "us-west-2");
  EXPECT_TRUE(asset.alternates.at(0).storage.requester_pays);
  EXPECT_EQ(asset.alternates.at(0).storage.region, "us-west-2");
}

TEST(Storage, OfVersion2IsTheSchemeOfTheBucket) {
  const json schemes = {
      {"storage:schemes",
       {{"aws", {{"type", "aws-s3"}, {"bucket", "b"}, {"region", "r1"}, {"requester_pays", true}}},
        {"other", {{"type", "aws-s3"}, {"bucket", "c"}, {"region", "r2"}}},
        {"any", {{"platform", "https://x"}, {"region", "r3"}}}}}};
  const auto storage = [&](const std::string& href, const json& refs) {
    return stored_red({{"href", href}, {"storage:refs", refs}}, schemes).storage;
  };
  EXPECT_EQ(storage("s3://b/red.tif", {"other", "aws"}).region, "r1");
  EXPECT_TRUE(storage("s3://b/red.tif", {"other", "aws"}).requester_pays);
  EXPECT_TRUE(storage("s3://b/red.tif", "aws").requester_pays);
  EXPECT_EQ(storage("s3://c/red.tif", {"other", "aws"}).region, "r2");
  EXPECT_FALSE(storage("s3://c/red.tif", {"other", "aws"}).requester_pays);
  EXPECT_EQ(storage("s3://d/red.tif", {"aws", "any"}).region, "r3");
  EXPECT_EQ(storage("s3://d/red.tif", {"aws"}).region, "");
}

TEST(Storage, OfVersion2HoldsForAlternatesToo) {
  const SceneAsset asset = stored_red(
      {{"alternate", {{"s3", {{"href", "s3://b/red.tif"}, {"storage:refs", {"aws"}}}}}}},
      {{"storage:schemes", {{"aws", {{"region", "us-west-2"}, {"requester_pays", true}}}}}});
  EXPECT_EQ(asset.storage.region, "");
  EXPECT_EQ(asset.alternates.at(0).storage.region, "us-west-2");
  EXPECT_TRUE(asset.alternates.at(0).storage.requester_pays);
}

TEST(Storage, ThatCannotBeReadIsNotSaid) {
  for (const json& members :
       {json{{"storage:refs", {"gone"}}}, json{{"storage:refs", 7}}, json{{"storage:refs", {7}}},
        json{{"storage:region", 7}, {"storage:requester_pays", "true"}}}) {
    const AssetStorage storage = stored_red(members, {{"storage:schemes", 3}}).storage;
    EXPECT_EQ(storage.region, "") << members;
    EXPECT_FALSE(storage.requester_pays) << members;
  }
}

}  // namespace
}  // namespace cubemill
