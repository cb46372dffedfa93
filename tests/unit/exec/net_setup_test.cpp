#include "exec/net_setup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cubemill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

struct NetSetup : testing::Test {
  NetSetup() {
    add("s3://paid/a/red.tif", {"us-west-2", true});
    add("s3://paid/b/red.tif", {"", true});
    add("s3://free/red.tif", {"eu-central-1", false});
    add("https://h/red.tif", {"us-east-1", true});
    add("/data/red.tif", {"us-east-1", true});
  }
  void add(const std::string& href, const AssetStorage& storage) {
    Scene& scene = scenes.emplace_back();
    scene.assets["red"].href = href;
    scene.assets["red"].storage = storage;
  }
  NetOptions options() { return net_options_for(request, scenes, notes); }

  CompositeRequest request;
  std::vector<Scene> scenes;
  std::vector<std::string> notes;
};

TEST_F(NetSetup, LearnsFromTheItemsWhichBucketsArePaidForAndSaysSo) {
  const NetOptions net = options();
  EXPECT_THAT(net.requester_pays_buckets, ElementsAre("paid"));
  EXPECT_EQ(net.requester_pays, std::nullopt) << "not for others";
  EXPECT_THAT(notes, ElementsAre(HasSubstr("the items say that paid is requester pays")));
}

TEST_F(NetSetup, LearnsTheRegionsOfBuckets) {
  EXPECT_THAT(options().bucket_regions,
              ElementsAre(Pair("free", "eu-central-1"), Pair("paid", "us-west-2")));
}

TEST_F(NetSetup, TheUserComesBeforeTheItems) {
  request.net.requester_pays = false;
  EXPECT_THAT(options().requester_pays_buckets, IsEmpty());
  request.net.requester_pays_buckets = {"mine"};
  EXPECT_THAT(options().requester_pays_buckets, ElementsAre("mine"));
  request.net.bucket_regions = {{"paid", "us-east-2"}};
  EXPECT_EQ(options().bucket_regions.at("paid"), "us-east-2");
  EXPECT_THAT(notes, IsEmpty());
}

TEST_F(NetSetup, LearnsNoBucketsWhereAllOrNoneCanBePaidFor) {
  request.net.requester_pays = true;
  EXPECT_THAT(options().requester_pays_buckets, IsEmpty());
  request.net = {};
  request.net.sign = false;
  EXPECT_THAT(options().requester_pays_buckets, IsEmpty());
  EXPECT_THAT(notes, IsEmpty());
}

TEST_F(NetSetup, KeepsWhatElseTheUserSays) {
  request.net.connections = 7;
  scenes.clear();
  EXPECT_EQ(options().connections, 7);
  EXPECT_THAT(notes, IsEmpty());
}

}  // namespace
}  // namespace cubemill
