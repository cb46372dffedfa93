#include "cubemill/io/catalog.hpp"

#include <gmock/gmock.h>

#include "catalog_fixture.hpp"

namespace cubemill {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(CatalogTest, ReadsItemCollectionArrayAndLinesAlike) {
  const json a = make_item("a"), b = make_item("b");
  const std::string lines = a.dump() + "\n" + b.dump() + "\n";
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"collection.json", make_collection({a, b}).dump(2)},
           {"array.json", json({a, b}).dump()},
           {"lines.ndjson", lines},
           {"lines_too.json", lines}})
    EXPECT_THAT(ids(read(write(name, text))), ElementsAre("a", "b")) << name;
  EXPECT_THAT(ids(read(write("one.json", a))), ElementsAre("a"));
  EXPECT_THAT(ids(read("-", lines)), ElementsAre("a", "b"));
}

TEST_F(CatalogTest, ScenesAreInOrderOfDatetimeAndId) {
  const auto file = write("x.json", make_collection({make_item("b", "2021-01-02T00:00:01Z"),
                                                     make_item("c", "2021-01-01T10:00:00Z"),
                                                     make_item("a", "2021-01-02T00:00:01Z")}));
  EXPECT_THAT(ids(read(file)), ElementsAre("c", "a", "b"));
}

TEST_F(CatalogTest, AFolderIsReadToItsDepthAndOtherJsonIsCounted) {
  write("z.json", make_item("z"));
  write("sub/deep/a.geojson", make_item("a"));
  write("sub/b.JSONL", make_item("b").dump() + "\n" + make_item("c").dump() + "\n");
  write(
      "sub/catalog.json",
      json{{"type", "Catalog"}, {"stac_version", "1.0.0"}, {"id", "x"}, {"links", json::array()}});
  write("collection.json", json{{"type", "Collection"}, {"stac_version", "1.0.0"}, {"id", "y"}});
  write("boundary.geojson",
        json{{"type", "FeatureCollection"},
             {"features", {{{"type", "Feature"}, {"properties", json::object()}}}}});
  write("numbers.json", "[1, 2]");
  write("red.tif", "no JSON");
  const Catalog catalog = read(folder_.string());
  EXPECT_THAT(ids(catalog), ElementsAre("a", "b", "c", "z"));
  EXPECT_EQ(catalog.counts.files, 7U);
  EXPECT_EQ(catalog.counts.other_json, 4U);
  EXPECT_THAT(catalog.notes, ElementsAre(HasSubstr("4 JSON files were left out")));
}

TEST_F(CatalogTest, ABrokenFileInAFolderIsAnErrorWithItsPosition) {
  write("a.json", make_item("a"));
  const auto broken = write("b.json", "{\n  \"type\": \"Feature\",\n  \"id\": ?\n}");
  EXPECT_THAT(error(folder_.string()), HasSubstr(broken + ":3:9: not JSON"));
  const auto empty = write("b.json", "");
  EXPECT_THAT(error(folder_.string()), HasSubstr(empty + ":1:1: not JSON: the file is empty"));
}

TEST_F(CatalogTest, AFileNamedDirectlyMustHoldItems) {
  const auto collection =
      write("c.json", json{{"type", "Collection"}, {"stac_version", "1.0.0"}, {"extent", {}}});
  EXPECT_THAT(error(collection), HasSubstr("is a STAC Collection, not a STAC Item"));
  EXPECT_THAT(error(write("n.json", "[1]")), HasSubstr("is JSON without STAC Items"));
  EXPECT_THAT(error(write("g.json", json{{"type", "Feature"}})),
              HasSubstr("GeoJSON Feature without 'assets'"));
  EXPECT_THAT(error(write("e.json", make_collection({}))), HasSubstr("no STAC Item in"));
  EXPECT_THAT(error(write("t.json", json{{"type", 7}})), HasSubstr("is JSON without STAC Items"));
}

TEST_F(CatalogTest, WhatCannotBeReadIsAnIoError) {
  EXPECT_THROW(read(path("missing.json")), IoError);
  EXPECT_THROW(read(path("missing/folder")), IoError);
}

TEST_F(CatalogTest, TheSameItemMetAgainCountsOnce) {
  const auto one = write("a.json", make_item("a"));
  const auto two = write("b.json", make_collection({make_item("a"), make_item("b")}).dump(4));
  const Catalog catalog = read(CatalogQuery{{one, two, one}, {}, {}, {}});
  EXPECT_THAT(ids(catalog), ElementsAre("a", "b"));
  EXPECT_EQ(catalog.counts.items, 2U);
  EXPECT_EQ(catalog.counts.repeated, 2U);
  EXPECT_THAT(catalog.notes,
              ElementsAre(HasSubstr("2 items were met again and count once: first 'a' in " + one +
                                    " and " + two)));
}

TEST_F(CatalogTest, TheSameIdWithOtherContentNamesBothFiles) {
  const auto one = write("a.json", make_item("a"));
  const auto two = write("b.json", make_item("a", "2021-01-15T10:00:01Z"));
  EXPECT_EQ(error(folder_.string()), "item 'a' is in " + one + " and, with other content, in " +
                                         two + ": leave one of them out");
}

TEST_F(CatalogTest, TheOrderOfKeysIsNoOtherContent) {
  const auto one = write(
      "a.json",
      R"({"type":"Feature","id":"a","assets":{},"properties":{"datetime":"2021-01-01","b":1}})");
  const auto two = write(
      "b.json",
      R"({"properties":{"b":1, "datetime":"2021-01-01"},"assets":{},"id":"a","type":"Feature"})");
  EXPECT_EQ(read(folder_.string()).counts.repeated, 1U);
}

TEST_F(CatalogTest, DatesAreWholeDaysInclusiveInUtc) {
  const auto file =
      write("x.json", make_collection({make_item("before", "2020-12-31T23:59:59.999999Z"),
                                       make_item("first", "2021-01-01T00:00:00Z"),
                                       make_item("last", "2021-01-31T23:59:59.999999Z"),
                                       make_item("after", "2021-02-01T00:00:00Z"),
                                       make_item("zone", "2021-02-01T01:00:00+02:00")}));
  const auto filtered = [&](const char* datetime) {
    return ids(read(CatalogQuery{{file}, parse_interval(datetime), {}, {}}));
  };
  EXPECT_THAT(filtered("2021-01-01/2021-01-31"), ElementsAre("first", "zone", "last"));
  EXPECT_THAT(filtered("2021-02/.."), ElementsAre("after"));
  EXPECT_THAT(filtered("../2020"), ElementsAre("before"));
}

TEST_F(CatalogTest, ANullDatetimeCountsByOverlap) {
  json item = make_item("year");
  item["properties"] = {{"datetime", nullptr},
                        {"start_datetime", "2021-01-01T00:00:00Z"},
                        {"end_datetime", "2021-12-31T23:59:59Z"}};
  const auto file = write("x.json", item);
  const auto count = [&](const char* datetime) {
    const CatalogQuery query{{file}, parse_interval(datetime), {}, {}};
    return error(query) == "no error";
  };
  EXPECT_TRUE(count("2021-06-01"));
  EXPECT_TRUE(count("2020-01-01/2021-01-01"));
  EXPECT_TRUE(count("2021-12-31/2022-12-31"));
  EXPECT_FALSE(count("../2020-12-31"));
  EXPECT_FALSE(count("2022-01-01/.."));
}

TEST_F(CatalogTest, TheBboxFilterKnowsTheAntimeridian) {
  json west = make_item("west"), east = make_item("east"), over = make_item("over"),
       nowhere = make_item("nowhere");
  west["bbox"] = {-179, -20, -177, -18};
  east["bbox"] = {177, -20, 179, -18};
  over["bbox"] = {179.5, -20, -179.5, -18};
  nowhere.erase("bbox");
  const auto file = write("x.json", make_collection({west, east, over, nowhere}));
  const auto inside = [&](double w, double s, double e, double n) {
    return ids(read(CatalogQuery{{file}, {}, {}, {{w, s, e, n}}}));
  };
  EXPECT_THAT(inside(178, -19, -178, -18.5), ElementsAre("east", "nowhere", "over", "west"));
  EXPECT_THAT(inside(178, -19, 180, -18.5), ElementsAre("east", "nowhere", "over"));
  EXPECT_THAT(inside(-180, -19, -178, -18.5), ElementsAre("nowhere", "over", "west"));
  EXPECT_THAT(inside(181, -19, 182, -18.5), ElementsAre("nowhere", "west"));
  EXPECT_THAT(inside(-10, -19, 10, -18.5), ElementsAre("nowhere"));
  EXPECT_THAT(inside(-180, -90, 180, 90), ElementsAre("east", "nowhere", "over", "west"));
  EXPECT_THAT(inside(-180, -17, 180, 90), ElementsAre("nowhere"));
  EXPECT_THAT(inside(-180, -18, 180, 90), ElementsAre("east", "nowhere", "over", "west"));
}

TEST_F(CatalogTest, TheBboxFilterForgivesFootprintsByItsMargin) {
  json near = make_item("near"), over = make_item("over");
  near["bbox"] = {10.04, 0, 11, 1};
  over["bbox"] = {-179.98, 0, -179, 1};
  const auto file = write("x.json", make_collection({near, over}));
  const auto inside = [&](double w, double e, double margin) {
    CatalogQuery query{{file}, {}, {}, {{w, 0, e, 1}}};
    query.bbox_margin = margin;
    return ids(read(query));
  };
  EXPECT_THAT(inside(9, 10, 0.05), ElementsAre("near"));
  EXPECT_THAT(inside(170, 179.99, 0.05), ElementsAre("over"));
  EXPECT_NE(error(CatalogQuery{{file}, {}, {}, {{9, 0, 10, 1}}}), "");
}

TEST_F(CatalogTest, AnEmptyResultSaysWhichFilterEmptiedIt) {
  json cloudy = make_item("cloudy"), far = make_item("far"), old = make_item("old", "1999-01-01");
  cloudy["properties"]["eo:cloud_cover"] = 99;
  far["bbox"] = {100, 45, 102, 47};
  const auto file = write("x.json", make_collection({cloudy, far, old}));
  EXPECT_EQ(error(CatalogQuery{
                {file}, parse_interval("2021-01-01/.."), {"eo:cloud_cover<60"}, {{0, 0, 20, 50}}}),
            "no item matches: 3 items, 1 outside --datetime 2021-01-01/.., 1 failing --where "
            "'eo:cloud_cover<60', "
            "1 outside --bbox 0,0,20,50 (lon/lat)");
  EXPECT_EQ(error(CatalogQuery{{file}, parse_interval("2030"), {}, {}}),
            "no item matches: 3 items, 3 outside --datetime 2030-01-01/2030-12-31");
}

TEST_F(CatalogTest, CountsWhatFellOutWhere) {
  json cloudy = make_item("cloudy");
  cloudy["properties"]["eo:cloud_cover"] = 99;
  const auto file =
      write("x.json", make_collection({cloudy, make_item("fine"), make_item("old", "1999-01-01")}));
  const auto counts =
      read(CatalogQuery{{file}, parse_interval("2021"), {"eo:cloud_cover<60"}, {}}).counts;
  EXPECT_EQ(counts.items, 3U);
  EXPECT_EQ(counts.outside_datetime, 1U);
  EXPECT_EQ(counts.outside_where, 1U);
  EXPECT_EQ(counts.outside_bbox, 0U);
}

TEST_F(CatalogTest, EveryPermutationOfTheItemsGivesTheSameCatalog) {
  std::vector<json> items{make_item("a"), make_item("b"), make_item("c", "2020-01-01"),
                          make_item("d")};
  std::vector<int> order{0, 1, 2, 3};
  do {
    std::vector<json> shuffled;
    for (const int i : order) shuffled.push_back(items[std::size_t(i)]);
    EXPECT_THAT(ids(read(write("x.json", make_collection(shuffled)))),
                ElementsAre("c", "a", "b", "d"));
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace cubemill
