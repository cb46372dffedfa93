#include "net/credential_document.hpp"

#include <gtest/gtest.h>

#include "cubemill/base/error.hpp"

namespace cubemill::net {
namespace {

using std::chrono::system_clock;

TEST(CredentialDocument, IsReadInEveryDialect) {
  const Credentials role = read_credential_document(
      R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-01-31T12:00:00Z"})",
      "x");
  EXPECT_EQ(role.access_key + role.secret_key + role.token, "AST");
  EXPECT_EQ(system_clock::to_time_t(*role.expires), 1769860800);
  const Credentials process = read_credential_document(
      R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T"})", "x");
  EXPECT_EQ(process.token, "T");
  EXPECT_FALSE(process.expires);
  const Credentials sts = read_credential_document(
      R"({"R":{"Result":{"Credentials":{"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T","Expiration":1.7698608E9}}}})",
      "x");
  EXPECT_EQ(sts.access_key, "A");
  EXPECT_EQ(system_clock::to_time_t(*sts.expires), 1769860800);
}

TEST(CredentialDocument, IsRefusedWithoutKeys) {
  for (const char* bad : {"", "[]", "{", "<html>", R"({"AccessKeyId":"A"})",
                          R"({"AccessKeyId":1,"SecretAccessKey":"S"})"})
    EXPECT_THROW(read_credential_document(bad, "x"), IoError) << bad;
}

TEST(IsoTime, IsReadWithFractionsAndOffsets) {
  for (const char* same :
       {"2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123Z", "2026-01-31T13:30:00+01:30",
        "2026-01-31T07:00:00-05:00", "2026-01-31T12:00:00"})
    EXPECT_EQ(system_clock::to_time_t(*parse_iso_time(same)), 1769860800) << same;
  EXPECT_FALSE(parse_iso_time("tomorrow"));
}

}  // namespace
}  // namespace cubemill::net
