#include "io/item_filter.hpp"

#include <gmock/gmock.h>

#include "catalog_fixture.hpp"

namespace cubemill {
namespace {

using testing::HasSubstr;

const nlohmann::json& item() {
  static const nlohmann::json value{{"id", "LC08"},
                                    {"collection", "landsat"},
                                    {"properties",
                                     {{"eo:cloud_cover", 59.5},
                                      {"landsat:wrs_row", "059"},
                                      {"landsat:collection_category", "T1"},
                                      {"instruments", {"oli", "tirs"}},
                                      {"platform", "landsat-8 "},
                                      {"proj:epsg", nullptr},
                                      {"upward", true},
                                      {"created", "2021-05-06T07:08:09Z"}}}};
  return value;
}

bool holds(const std::string& text) { return Condition(text).holds(item()); }

TEST(Condition, ComparesNumbersAsNumbers) {
  for (const char* text : {"eo:cloud_cover<60", "eo:cloud_cover<=59.5", "eo:cloud_cover>=59.5",
                           "eo:cloud_cover>6", "eo:cloud_cover=59.50", "eo:cloud_cover==5.95e1",
                           "eo:cloud_cover!=60", "  eo:cloud_cover  <  60  ", "eo:cloud_cover>-1"})
    EXPECT_TRUE(holds(text)) << text;
  for (const char* text :
       {"eo:cloud_cover<59.5", "eo:cloud_cover>59.5", "eo:cloud_cover=59", "eo:cloud_cover!=59.5"})
    EXPECT_FALSE(holds(text)) << text;
}

TEST(Condition, ANumberThatTheItemWritesAsAStringIsANumberUnlessQuoted) {
  EXPECT_TRUE(holds("landsat:wrs_row=59"));
  EXPECT_TRUE(holds("landsat:wrs_row<100"));
  EXPECT_FALSE(holds("landsat:wrs_row='59'"));
  EXPECT_TRUE(holds("landsat:wrs_row='059'"));
}

TEST(Condition, ComparesAllElseAsStrings) {
  EXPECT_TRUE(holds("landsat:collection_category=T1"));
  EXPECT_TRUE(holds("landsat:collection_category = \"T1\""));
  EXPECT_FALSE(holds("landsat:collection_category=t1"));
  EXPECT_TRUE(holds("landsat:collection_category!=T2"));
  EXPECT_TRUE(holds("landsat:collection_category<T2"));
  EXPECT_TRUE(holds("created>=2021-05"));
  EXPECT_FALSE(holds("created>2022"));
  EXPECT_TRUE(holds("upward=true"));
  EXPECT_TRUE(holds("platform='landsat-8 '"));
  EXPECT_FALSE(holds("platform=landsat-8"));
  EXPECT_TRUE(holds("platform!=''"));
  EXPECT_FALSE(holds("eo:cloud_cover=nan"));
}

TEST(Condition, AListHoldsItsElements) {
  EXPECT_TRUE(holds("instruments=tirs"));
  EXPECT_FALSE(holds("instruments=msi"));
  EXPECT_TRUE(holds("instruments!=msi"));
  EXPECT_FALSE(holds("instruments!=oli"));
}

TEST(Condition, KnowsIdAndCollection) {
  EXPECT_TRUE(holds("id=LC08"));
  EXPECT_TRUE(holds("collection=landsat"));
}

TEST(Condition, NullAndMissingDoNotHoldWhateverTheOperator) {
  EXPECT_FALSE(holds("proj:epsg!=1"));
  EXPECT_FALSE(holds("nothing!=1"));
  Condition null("proj:epsg=1"), missing("nothing=1");
  null.holds(item());
  missing.holds(item());
  EXPECT_TRUE(null.property_seen());
  EXPECT_FALSE(missing.property_seen());
}

TEST(Condition, RejectsWhatItCannotRead) {
  for (const char* text : {"", "eo:cloud_cover", "<60", "eo:cloud_cover<", "eo:cloud_cover<  ",
                           "a='b", "a='", "a !b", "a!"})
    EXPECT_THROW(Condition{text}, InvalidInput) << text;
}

TEST_F(CatalogTest, AConditionOnAPropertyThatNoItemHasListsThoseThatAreThere) {
  const auto file = write("x.json", make_item("a"));
  EXPECT_EQ(error(CatalogQuery{{file}, {}, {"eo:cloud<60"}, {}}),
            "--where 'eo:cloud<60': no item has the property 'eo:cloud'; the first item has "
            "datetime, eo:cloud_cover");
}

TEST_F(CatalogTest, APropertyThatOnlyAnotherwiseUnwantedItemHasIsKnown) {
  nlohmann::json old = make_item("old", "1999-01-01");
  old["properties"]["rare"] = 1;
  const auto file = write("x.json", make_collection({make_item("a"), old}));
  EXPECT_THAT(error(CatalogQuery{{file}, parse_interval("2021"), {"rare=1"}, {}}),
              HasSubstr("1 outside --datetime 2021-01-01/2021-12-31, 1 failing --where 'rare=1'"));
}

TEST_F(CatalogTest, AllConditionsMustHold) {
  nlohmann::json a = make_item("a"), b = make_item("b");
  a["properties"]["tier"] = "T1";
  b["properties"]["tier"] = "T2";
  const auto file = write("x.json", make_collection({a, b}));
  EXPECT_THAT(ids(read(CatalogQuery{{file}, {}, {"tier=T1", "eo:cloud_cover<60"}, {}})),
              testing::ElementsAre("a"));
  EXPECT_THAT(error(CatalogQuery{{file}, {}, {"tier=T1", "eo:cloud_cover<1"}, {}}),
              HasSubstr("1 failing --where 'tier=T1', 1 failing --where 'eo:cloud_cover<1'"));
}

}  // namespace
}  // namespace cubemill
