// Every place that credentials come from, alone and in order; and a client over them, whose keys
// expire while it works.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cubemill/net/range_client.hpp"
#include "net/credential_chain.hpp"
#include "tools/s3_stand/s3_stand.hpp"
#include "unit/net/environment_map.hpp"

namespace cubemill::net {
namespace {

using testing::HasSubstr;
using Values = std::map<std::string, std::string>;

// A service that hands out credentials.
class CredentialStand : public test::StandProcess {
 public:
  explicit CredentialStand(const std::vector<std::string>& arguments = {})
      : StandProcess("credential_stand.py", arguments) {}
  std::string url() const { return "http://" + endpoint(); }
  nlohmann::json log() const { return nlohmann::json::parse(talk("GET", "/__log")); }
};

Credentials find(const Values& values) {
  Values all{{"AWS_EC2_METADATA_DISABLED", "true"}};
  for (const auto& [name, value] : values) all[name] = value;
  return find_credentials(test::environment_of(all), {});
}

std::string refusal_of(const Values& values) {
  try {
    find(values);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string all_of(const Credentials& keys) {
  return keys.access_key + ":" + keys.secret_key + ":" + keys.token;
}

// The files of a profile.
class Home : public test::ScratchFolder {
 public:
  explicit Home(const std::string& config, const std::string& credentials = "") {
    write(".aws/config", config);
    write(".aws/credentials", credentials);
  }
  Values values(Values more = {}) const {
    more["HOME"] = path().string();
    return more;
  }
};

TEST(Credentials, AreNoneWhereNoPlaceHasAny) { EXPECT_TRUE(find({}).empty()); }

TEST(Credentials, ComeFromTheEnvironmentFirst) {
  const Home home("", "[default]\naws_access_key_id = P\naws_secret_access_key = S\n");
  EXPECT_EQ(all_of(find(home.values())), "P:S:");
  EXPECT_EQ(all_of(find(home.values({{"AWS_ACCESS_KEY_ID", "E"},
                                     {"AWS_SECRET_ACCESS_KEY", "F"},
                                     {"AWS_SESSION_TOKEN", "G"}}))),
            "E:F:G");
}

TEST(Credentials, ComeFromTheProfileThatIsChosen) {
  const Home home("",
                  "[default]\naws_access_key_id = P\naws_secret_access_key = S\n"
                  "[x]\naws_access_key_id = X\naws_secret_access_key = Y\naws_session_token = Z\n");
  EXPECT_EQ(all_of(find(home.values({{"AWS_PROFILE", "x"}}))), "X:Y:Z");
  EXPECT_THAT(refusal_of(home.values({{"AWS_PROFILE", "none"}})),
              HasSubstr("AWS_PROFILE=none: no such profile"));
}

TEST(Credentials, ComeFromAProcess) {
  const Home home(
      "[default]\ncredential_process = printf '{\"Version\":1,\"AccessKeyId\":\"A\","
      "\"SecretAccessKey\":\"S\",\"SessionToken\":\"T\"}'\n");
  EXPECT_EQ(all_of(find(home.values())), "A:S:T");
  const Home failing("[default]\ncredential_process = echo not logged in >&2; exit 1\n");
  EXPECT_THAT(refusal_of(failing.values()), HasSubstr("exit code 1: not logged in"));
}

TEST(Credentials, OfSingleSignOnSayWhatToDo) {
  const Home home("[profile x]\nsso_session = y\n");
  EXPECT_THAT(refusal_of(home.values({{"AWS_PROFILE", "x"}})), HasSubstr("credential_process"));
}

TEST(Credentials, ComeFromAWebIdentity) {
  const CredentialStand sts;
  const test::ScratchFolder folder;
  const Values values{{"AWS_ENDPOINT_URL_STS", sts.url()},
                      {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                      {"AWS_ROLE_SESSION_NAME", "me"},
                      {"AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("token", "a+token\n")}};
  const Credentials keys = find(values);
  EXPECT_EQ(all_of(keys), "AK1:SK1:TOKEN1");
  EXPECT_TRUE(keys.expires);
  const auto asked = sts.log().at(0).at("form");
  EXPECT_EQ(asked.at("Action"), "AssumeRoleWithWebIdentity");
  EXPECT_EQ(asked.at("RoleArn"), "arn:aws:iam::1:role/r");
  EXPECT_EQ(asked.at("RoleSessionName"), "me");
  EXPECT_EQ(asked.at("WebIdentityToken"), "a+token");
  folder.write("token", "bad");
  EXPECT_THAT(refusal_of(values), HasSubstr("InvalidIdentityToken"));
}

TEST(Credentials, ComeFromARoleOfAProfile) {
  const CredentialStand sts;
  const Home home(
      "[profile r]\nrole_arn = arn:r\nsource_profile = s\nexternal_id = x y\nregion = eu-west-1\n"
      "[profile round]\nrole_arn = arn:r\nsource_profile = about\n"
      "[profile about]\nrole_arn = arn:r\nsource_profile = round\n"
      "[profile bare]\nrole_arn = arn:r\n",
      "[s]\naws_access_key_id = P\naws_secret_access_key = S\n");
  const auto of = [&](const std::string& profile) {
    return home.values({{"AWS_PROFILE", profile}, {"AWS_ENDPOINT_URL_STS", sts.url()}});
  };
  EXPECT_EQ(all_of(find(of("r"))), "AK1:SK1:TOKEN1");
  const auto asked = sts.log().at(0);
  EXPECT_EQ(asked.at("form").at("Action"), "AssumeRole");
  EXPECT_EQ(asked.at("form").at("ExternalId"), "x y");
  EXPECT_THAT(asked.at("authorization").get<std::string>(), HasSubstr("Credential=P/"));
  EXPECT_THAT(asked.at("authorization").get<std::string>(),
              HasSubstr("/eu-west-1/sts/aws4_request"));
  EXPECT_THAT(refusal_of(of("round")), HasSubstr("round in a circle"));
  EXPECT_THAT(refusal_of(of("bare")), HasSubstr("no credentials for role_arn"));
}

TEST(Credentials, ComeFromAContainer) {
  const CredentialStand container({"--token", "let me in"});
  const test::ScratchFolder folder;
  const std::string uri = container.url() + "/container";
  EXPECT_EQ(all_of(find({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", uri},
                         {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me in"}})),
            "AK1:SK1:TOKEN1");
  EXPECT_EQ(
      all_of(find({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", uri},
                   {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", folder.write("t", "let me in\n")}})),
      "AK2:SK2:TOKEN2");
  EXPECT_THAT(refusal_of({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", uri}}), HasSubstr("HTTP 401"));
  EXPECT_THAT(refusal_of({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.evil.com/x"}}),
              HasSubstr("neither https nor an address of this machine"));
}

TEST(Credentials, ComeFromTheInstancesRole) {
  const CredentialStand metadata;
  const Values values{{"AWS_EC2_METADATA_DISABLED", ""},
                      {"AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url() + "/"}};
  const Credentials keys = find(values);
  EXPECT_EQ(all_of(keys), "AK1:SK1:TOKEN1");
  EXPECT_EQ(keys.source, "the instance's role the-role");
  EXPECT_EQ(metadata.log().at(0).at("method"), "PUT");
}

TEST(Credentials, AreNoneOnAnInstanceWithoutARoleAndWhereNobodyAnswers) {
  const CredentialStand bare({"--no-role"}), stalled({"--stall"});
  for (const std::string& url : {bare.url(), stalled.url(), std::string("http://127.0.0.1:1")})
    EXPECT_TRUE(
        find({{"AWS_EC2_METADATA_DISABLED", ""}, {"AWS_EC2_METADATA_SERVICE_ENDPOINT", url}})
            .empty());
}

// A client whose keys come from a container, at an endpoint that knows the first three.
class ClientWithKeys : public testing::Test {
 protected:
  ClientWithKeys() {
    stand_.environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", container_.url() + "/container");
  }
  void fetch(RangeClient& client) {
    const RangeAnswer answer =
        client.fetch({.href = "s3://bucket/a.tif", .offset = 5, .size = 500});
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(answer.bytes.get()), answer.size),
              stand_.content(5, 500));
  }

  CredentialStand container_;
  test::S3Stand stand_{
      {"--key", "AK1:SK1:TOKEN1", "--key", "AK2:SK2:TOKEN2", "--key", "AK3:SK3:TOKEN3"}};
};

TEST_F(ClientWithKeys, GetsOthersWhenItsTokenHasExpired) {
  RangeClient client{NetOptions{}};
  fetch(client);
  for (const auto& [token, status] : {std::pair{"TOKEN1", "400"}, {"TOKEN2", "403"}}) {
    stand_.faults(std::string("expired:token=") + token + ",status=" + status);
    fetch(client);
    fetch(client);
    EXPECT_EQ(stand_.requests(), 3) << "one refused, two answered";
  }
  EXPECT_EQ(client.tally().refreshed, 2U);
}

TEST_F(ClientWithKeys, GivesUpAfterOneRefresh) {
  RangeClient client{NetOptions{}};
  stand_.faults("denied");
  try {
    client.fetch({.href = "s3://bucket/a.tif", .size = 5});
    FAIL() << "it was answered";
  } catch (const RangeFailure& failure) {
    EXPECT_EQ(int(failure.kind()), int(RangeFailure::Kind::denied));
    EXPECT_THAT(failure.what(), HasSubstr("signed with keys from the container's role"));
    EXPECT_THAT(failure.what(), HasSubstr("AWS_REQUEST_PAYER=requester"));
    EXPECT_THAT(failure.what(), HasSubstr("AWS_NO_SIGN_REQUEST=YES"));
  }
  EXPECT_EQ(stand_.requests(), 2);
}

TEST(ClientWithBadKeys, IsRefusedWithOneRequest) {
  for (const char* secret : {"wrong", "SK"}) {
    test::S3Stand stand({"--key", "AK:SK"});
    stand.environment.set("AWS_ACCESS_KEY_ID", std::string(secret) == "SK" ? "unknown" : "AK");
    stand.environment.set("AWS_SECRET_ACCESS_KEY", secret);
    RangeClient client{NetOptions{}};
    try {
      client.fetch({.href = "s3://bucket/a.tif", .size = 5});
      FAIL() << "it was answered";
    } catch (const RangeFailure& failure) {
      EXPECT_EQ(int(failure.kind()), int(RangeFailure::Kind::denied));
      EXPECT_THAT(failure.what(), HasSubstr("these keys are wrong for this endpoint"));
    }
    EXPECT_EQ(stand.requests(), 1);
  }
}

TEST(ClientWithoutCredentials, SaysThatTheyCouldNotBeHad) {
  test::S3Stand stand;
  stand.environment.set("AWS_PROFILE", "none");
  RangeClient client{NetOptions{}};
  try {
    client.fetch({.href = "s3://bucket/a.tif", .size = 5});
    FAIL() << "it was answered";
  } catch (const RangeFailure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("AWS_PROFILE=none: no such profile"));
    EXPECT_THAT(failure.what(), HasSubstr("AWS_NO_SIGN_REQUEST=YES"));
  }
}

TEST(ClientWithoutCredentials, IsRefusedAndSaysSo) {
  const test::S3Stand stand({"--key", "AK:SK"});
  RangeClient client{NetOptions{}};
  try {
    client.fetch({.href = "s3://bucket/a.tif", .size = 5});
    FAIL() << "it was answered";
  } catch (const RangeFailure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("no credentials were found"));
  }
}

TEST(ClientWithoutCredentials, EndsWithinAMomentWhileTheyAreAskedFor) {
  const CredentialStand stalled({"--stall"});
  test::S3Stand stand;
  stand.environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", stalled.url() + "/container");
  const auto begin = std::chrono::steady_clock::now();
  {
    RangeClient client{NetOptions{}};
    client.ask({.href = "s3://bucket/a.tif", .size = 5}, [](RangeAnswer&&, std::exception_ptr) {});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1500));
}

}  // namespace
}  // namespace cubemill::net
