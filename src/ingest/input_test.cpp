// What an input is called, and which reader a source gets.
#include "ingest/finders_internal.hpp"
#include "ingest/source_for_test.hpp"

namespace ingot::ingest {
namespace {

using testing::HasSubstr;

class Inputs : public SourceTest {
protected:
    std::size_t parts(const std::string& path) {
        load_hours(path);
        const auto count =
            telling_parts(source_, std::get<project::FilesOrigin>(source_.from), context());
        EXPECT_TRUE(count);
        return count ? *count : 0;
    }
    std::string error_of(project::Origin from) {
        source_.from = std::move(from);
        const auto opened = finder();
        return opened ? "none" : opened.error().to_string();
    }
};

TEST_F(Inputs, ANameBeginsWithTheFirstPartThatTellsInputsApart) {
    EXPECT_EQ(parts("/data/in/{window.start:%Y-%m-%d-%-H}.json.gz"), 1U);
    EXPECT_EQ(parts("/data/{window.start:%Y}/in/{window.start:%m-%d-%H}.json"), 3U);
    EXPECT_EQ(parts("/data/{window.start:%H}/events.json"), 2U);
    EXPECT_EQ(parts("/data/*/events.json"), 2U);
    EXPECT_EQ(parts("/data/events.json"), 1U);
}

TEST_F(Inputs, ADisplayNameIsTheEndOfThePath) {
    EXPECT_EQ(display_name("/data/2015/a.json", 1), "a.json");
    EXPECT_EQ(display_name("/data/2015/a.json", 2), "2015/a.json");
    EXPECT_EQ(display_name("/data/2015/a.json", 9), "data/2015/a.json");
    EXPECT_EQ(display_name("a!b.json", 1), "a_b.json") << "'!' divides an archive from its member";
}

TEST_F(Inputs, BytesAreTheSameOnlyByChecksum) {
    const publish::InputIdentity known{"a", 3, "\"x\"", std::nullopt, "abc"};
    publish::InputIdentity other_tag = known;
    other_tag.etag = "\"y\"";
    publish::InputIdentity unknown = known;
    unknown.sha256.clear();
    EXPECT_TRUE(same_bytes({known}, {other_tag}));
    EXPECT_FALSE(same_bytes({unknown}, {unknown}));
    EXPECT_FALSE(same_bytes({known}, {known, known}));
    EXPECT_FALSE(same_bytes({}, {}));
}

TEST_F(Inputs, AChecksumIsOfTheWholeFile) {
    EXPECT_EQ(*file_sha256(write("a", "abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_FALSE(file_sha256(project_.root + "/nothing"));
}

TEST_F(Inputs, TheSchemeDecidesWhoReads) {
    load_files("s3://bucket/a.csv", project::LoadKind::kSnapshot);
    EXPECT_THAT(error_of(source_.from),
                HasSubstr("sources/s.yml:1:1: not yet: reading files from s3://"));
    load_files("https://example.org/a.csv", project::LoadKind::kSnapshot);
    EXPECT_EQ(error_of(source_.from), "none");
    load_files("in/a.csv", project::LoadKind::kSnapshot);
    EXPECT_EQ(error_of(source_.from), "none");
}

TEST_F(Inputs, WhatIsNotReadYetIsRefusedByName) {
    EXPECT_THAT(error_of(project::PostgresOrigin{}), HasSubstr("not yet: reading from postgres"));
    EXPECT_THAT(error_of(project::KafkaOrigin{}), HasSubstr("not yet: reading from kafka"));
    project::CommandOrigin arrow;
    arrow.emits = project::CommandOrigin::Emits::kArrow;
    EXPECT_EQ(error_of(arrow), "none");
}

}  // namespace
}  // namespace ingot::ingest
