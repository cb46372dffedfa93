#include "net/aws_profile.hpp"

#include <gtest/gtest.h>

#include "tools/s3_stand/s3_stand.hpp"
#include "unit/net/environment_map.hpp"

namespace cubemill::net {
namespace {

TEST(ParseIni, ReadsSectionsKeysAndComments) {
  const Sections read = parse_ini(
      "lost = 1\r\n[ one ]\r\nKey = a = b # said\r\n# k = v\n;k = v\n[two]\nnested =\n  x = "
      "1\nlast=2");
  EXPECT_EQ(read.size(), 2U);
  EXPECT_EQ(read.at("one"), (Section{{"key", "a = b"}}));
  EXPECT_EQ(read.at("two"), (Section{{"nested", ""}, {"last", "2"}}));
}

TEST(AwsProfiles, JoinBothFilesAndChooseByTheEnvironment) {
  const test::ScratchFolder home;
  home.write(".aws/config",
             "[default]\nregion = r1\n[profile x]\nregion = r2\naws_access_key_id = "
             "no\n[y]\nregion = z\n");
  home.write(".aws/credentials", "[x]\naws_access_key_id = AK\n[y]\naws_access_key_id = AY\n");
  const std::string folder = home.path().string();
  const AwsProfiles plain(test::environment_of({{"HOME", folder}}));
  EXPECT_EQ(plain.value("region"), "r1");
  EXPECT_FALSE(plain.is_explicit());
  const AwsProfiles chosen(test::environment_of({{"HOME", folder}, {"AWS_PROFILE", "x"}}));
  EXPECT_EQ(chosen.value("region"), "r2");
  EXPECT_EQ(chosen.value("aws_access_key_id"), "AK");
  EXPECT_EQ(chosen.value("y", "region"), "") << "a section of the config file that is no profile";
  EXPECT_FALSE(chosen.has("z"));
  const AwsProfiles moved(
      test::environment_of({{"AWS_CONFIG_FILE", folder + "/none"},
                            {"AWS_SHARED_CREDENTIALS_FILE", folder + "/.aws/credentials"},
                            {"AWS_PROFILE", "y"}}));
  EXPECT_EQ(moved.value("aws_access_key_id"), "AY");
  EXPECT_EQ(moved.value("region"), "");
}

}  // namespace
}  // namespace cubemill::net
