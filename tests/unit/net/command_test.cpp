#include "net/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "cubemill/base/error.hpp"
#include "tools/s3_stand/s3_stand.hpp"

namespace cubemill::net {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds long_time{60'000};

std::string failure(const std::string& command, milliseconds limit, std::stop_token stop = {}) {
  try {
    run_command(command, "", limit, stop);
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

TEST(Command, GivesWhatTheCommandPrints) {
  EXPECT_EQ(run_command("printf 'a\\nb'", "", long_time, {}), "a\nb");
  EXPECT_EQ(run_command("printf x >&2; printf y", "", long_time, {}), "y");
}

TEST(Command, GivesTheArgumentAsItIs) {
  const std::string argument = "a  b'c\"d$(echo x)`echo y`\\;|*\n";
  EXPECT_EQ(run_command("printf %s", argument, long_time, {}), argument);
}

TEST(Command, SaysHowItFailed) {
  EXPECT_THAT(failure("echo first >&2; echo why >&2; exit 7", long_time),
              testing::HasSubstr("exit code 7: why"));
  EXPECT_THAT(failure("kill -9 $$", long_time), testing::HasSubstr("ended by signal 9"));
  EXPECT_THAT(failure("no-such-command-at-all", long_time), testing::HasSubstr("exit code 127"));
}

TEST(Command, IsBoundedInTimeWithAllThatItStarted) {
  const test::ScratchFolder folder;
  const std::string pid = (folder.path() / "pid").string();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(failure("(echo $$ > " + pid + "; sleep 600) | cat", milliseconds(1000)),
              testing::HasSubstr("does not end within 1 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  pid_t group = 0;
  std::ifstream(pid) >> group;
  ASSERT_GT(group, 0);
  // Killed; whoever collects orphans may not have come round yet.
  for (int i = 0; i < 1000 && kill(-group, 0) == 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_NE(kill(-group, 0), 0);
}

TEST(Command, IsBoundedInOutput) {
  EXPECT_THAT(failure("yes", long_time), testing::HasSubstr("prints more than can be meant"));
}

TEST(Command, StopsWhenItIsToldTo) {
  std::stop_source source;
  source.request_stop();
  EXPECT_THAT(failure("sleep 600", long_time, source.get_token()), testing::HasSubstr("stopped"));
}

}  // namespace
}  // namespace cubemill::net
