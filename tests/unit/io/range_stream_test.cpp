#include "io/range_stream.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <iterator>

#include "catalog_fixture.hpp"

namespace cubemill {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

/// A server that has one object.
struct Server {
  std::string text;
  std::string etag = "1";
  std::vector<RangeRequest> asked;

  RangeAnswer answer(const RangeRequest& range) {
    asked.push_back(range);
    const std::size_t begin = std::min<std::size_t>(range.offset, text.size());
    const std::size_t size = std::min(range.size, text.size() - begin);
    if (size < range.size && !range.may_be_shorter)
      throw RangeFailure(range.href, "is too short", RangeFailure::Kind::unusable, 416, 1);
    if (!range.etag.empty() && range.etag != etag)
      throw RangeFailure(range.href, "is another one", RangeFailure::Kind::replaced, 412, 1);
    std::shared_ptr<std::byte[]> bytes(new std::byte[size]);
    std::memcpy(bytes.get(), text.data() + begin, size);
    return {bytes, size, text.size(), etag, 1};
  }
  FetchRange fetch() {
    return [this](const RangeRequest& range) { return answer(range); };
  }
};

std::string read_all(std::istream& in) { return {std::istreambuf_iterator<char>(in), {}}; }

std::string some_text(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = char('a' + i * 7 % 26);
  return text;
}

TEST(RangeStream, GivesTheBytesOfTheObject) {
  constexpr std::size_t piece = RangeStream::piece;
  for (const std::size_t size : {std::size_t(0), std::size_t(1), piece - 1, piece, piece + 1}) {
    Server server{some_text(size), "1", {}};
    RangeStream in("s3://b/items.json", server.fetch());
    EXPECT_TRUE(read_all(in) == server.text) << size;
    EXPECT_EQ(server.asked.size(), size > piece ? 2u : 1u) << size;
  }
}

TEST(RangeStream, AsksForNoMoreThanThereIsAndForTheSameVersion) {
  Server server{some_text(RangeStream::piece + 5), "1", {}};
  RangeStream in("s3://b/items.json", server.fetch());
  read_all(in);
  ASSERT_EQ(server.asked.size(), 2u);
  EXPECT_TRUE(server.asked[0].may_be_shorter);
  EXPECT_EQ(server.asked[1].offset, RangeStream::piece);
  EXPECT_EQ(server.asked[1].size, 5u);
  EXPECT_FALSE(server.asked[1].may_be_shorter);
  EXPECT_EQ(server.asked[1].etag, "1");
}

TEST(RangeStream, LetsTheFailureThrough) {
  Server server{some_text(RangeStream::piece + 5), "1", {}};
  RangeStream in("s3://b/items.json", server.fetch());
  std::string text(RangeStream::piece, ' ');
  in.read(text.data(), std::streamsize(text.size()));
  server.etag = "2";
  EXPECT_THROW(in.read(text.data(), 5), RangeFailure);
}

class CatalogByUrl : public CatalogTest {
 protected:
  Catalog read(const std::string& source) {
    std::istringstream none;
    return read_catalog({{source}, {}, {}, {}}, none, server.fetch());
  }
  Server server{make_collection({make_item("a"), make_item("b")}).dump(), "1", {}};
};

TEST_F(CatalogByUrl, IsReadWithItsHrefsBesideIt) {
  const Catalog catalog = read("https://h/c/items.json?sig=secret");
  EXPECT_THAT(ids(catalog), ElementsAre("a", "b"));
  EXPECT_EQ(catalog.scenes[0].assets.at("red").href, "https://h/c/red.tif");
  EXPECT_EQ(server.asked.at(0).href, "https://h/c/items.json?sig=secret");
}

TEST_F(CatalogByUrl, HasTheNamesOfGdalToo) {
  EXPECT_EQ(read("/vsis3/b/c/items.json").scenes.at(0).assets.at("red").href, "s3://b/c/red.tif");
  EXPECT_EQ(server.asked.at(0).href, "s3://b/c/items.json");
}

TEST_F(CatalogByUrl, ThatIsBrokenIsNamedWithItsPlaceButNoSecret) {
  server.text = "{\n  \"type\": ?";
  try {
    read("https://h/items.json?sig=secret");
    ADD_FAILURE() << "no error";
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("https://h/items.json?…:2:11: not JSON"));
  }
}

TEST_F(CatalogByUrl, IsAFile) {
  for (const auto& [source, why] : std::vector<std::pair<std::string, std::string>>{
           {"s3://b/items/", "name a file"},
           {"gs://b/items.json", "catalogs are read from"},
           {"ftp://h/items.json", "catalogs are read from"}}) {
    try {
      read(source);
      ADD_FAILURE() << source;
    } catch (const InvalidInput& error) {
      EXPECT_THAT(error.what(), HasSubstr(source));
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  }
  EXPECT_TRUE(server.asked.empty());
}

TEST_F(CatalogByUrl, OfAFileIsThatFile) {
  const std::string file = write("my items.json", make_item("f"));
  EXPECT_THAT(ids(read("file://" + path("my%20items.json"))), ElementsAre("f"));
  EXPECT_TRUE(server.asked.empty());
}

}  // namespace
}  // namespace cubemill
