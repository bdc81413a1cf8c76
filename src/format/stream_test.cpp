#include <gmock/gmock.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "format/byte_stream_internal.hpp"
#include "format/test_files.hpp"

namespace ingot::format {
namespace {

using test::scan;
using test::show_rows;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

std::string gzip(std::string_view text) {
    std::string packed(text.size() * 2 + 1024, '\0');
    isal_zstream stream;
    isal_deflate_init(&stream);
    stream.gzip_flag = IGZIP_GZIP;
    stream.end_of_stream = 1;
    stream.flush = NO_FLUSH;
    stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<std::uint32_t>(text.size());
    stream.next_out = reinterpret_cast<std::uint8_t*>(packed.data());
    stream.avail_out = static_cast<std::uint32_t>(packed.size());
    EXPECT_EQ(isal_deflate(&stream), COMP_OK);
    packed.resize(stream.total_out);
    return packed;
}

std::string zstd(std::string_view text) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
    return packed;
}

std::string sample_lines(int count) {
    std::string text;
    for (int row = 0; row < count; ++row) {
        text += fmt::format("{{\"a\":{},\"b\":\"{}\"}}\n", row, row * 7919 % 10007);
    }
    return text;
}

FormatSpec spec_a() {
    FormatSpec spec;
    spec.columns = {{.name = "a", .type = TypeId::kLong}};
    spec.unknown_fields = UnknownFields::kIgnore;
    return spec;
}

using Pack = std::string (*)(std::string_view);

class PackedStream : public testing::TestWithParam<Pack> {
protected:
    std::string pack(std::string_view text) const { return GetParam()(text); }
};

TEST_P(PackedStream, IsFoundByItsBytesWhateverTheName) {
    const TemporaryFolder folder;
    const auto got = scan({folder.file("plain.json", pack(sample_lines(50'000)))}, spec_a());
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->rows(), 50'000);
    EXPECT_TRUE(got->report.files[0].complete);
}

TEST_P(PackedStream, SeveralMembersAreOneStream) {
    const TemporaryFolder folder;
    const auto got = scan({folder.file("in", pack("{\"a\":1}\n{\"a\"") + pack("") + pack(":2}\n") +
                                                 std::string(512, '\0'))},
                          spec_a());
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_THAT(show_rows(*got), ElementsAre("1", "2"));
}

TEST_P(PackedStream, CutAtAnyByteIsAnErrorThatNamesFileAndOffset) {
    const std::string packed = pack(sample_lines(300));
    const TemporaryFolder folder;
    for (std::size_t size = 5; size < packed.size(); size += 13) {
        const InputFile file = folder.file("cut.gz", packed.substr(0, size));
        const auto failed = scan({file}, spec_a());
        ASSERT_FALSE(failed) << size << " of " << packed.size();
        EXPECT_EQ(failed.error().code, ErrorCode::kCorruptData);
        EXPECT_THAT(failed.error().message, HasSubstr(fmt::format("cut.gz: truncated")));
        EXPECT_THAT(failed.error().message, HasSubstr(fmt::format("at byte {} ", size)));
    }
}

TEST_P(PackedStream, BeforeTheCutRecordsCountWhenTheCallerSaysSo) {
    const std::string packed = pack(sample_lines(100'000));
    const TemporaryFolder folder;
    const auto got = scan({folder.file("cut.gz", packed.substr(0, packed.size() / 2)),
                           folder.file("good.json", "{\"a\":1}\n")},
                          spec_a(), {.on_file_error = OnFileError::kReport});
    ASSERT_TRUE(got) << got.error().to_string();
    ASSERT_EQ(got->report.files.size(), 2U);
    const FileTotals& cut = got->report.files[0];
    EXPECT_GT(cut.good, 1000);
    EXPECT_LT(cut.good, 100'000);
    EXPECT_EQ(cut.rejected, 1);
    EXPECT_EQ(cut.records, cut.good + cut.rejected);
    ASSERT_TRUE(cut.error);
    EXPECT_FALSE(cut.complete);
    EXPECT_TRUE(got->report.files[1].complete);
    EXPECT_EQ(got->rows(), cut.good + 1);
    EXPECT_EQ(got->rejects[0].reason, "cut off");
}

TEST_P(PackedStream, FlippedBytesAndTrailingBytesAreErrors) {
    const std::string packed = pack(sample_lines(2000));
    const TemporaryFolder folder;
    std::string flipped = packed;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x55);
    const auto damaged =
        scan({folder.file("in", flipped)}, spec_a(), {.on_file_error = OnFileError::kReport});
    if (GetParam() == &gzip) {
        ASSERT_TRUE(damaged);
        EXPECT_TRUE(damaged->report.files[0].error);
    }
    const auto trailing = scan({folder.file("in", packed + "garbage")}, spec_a());
    ASSERT_FALSE(trailing);
    EXPECT_EQ(trailing.error().code, ErrorCode::kCorruptData);
    EXPECT_THAT(trailing.error().message,
                HasSubstr(fmt::format("trailing bytes after the {} stream at byte {}",
                                      GetParam() == &gzip ? "gzip" : "zstd", packed.size())));
}

TEST_P(PackedStream, HoldingNothingIsAFileWithoutRecords) {
    const TemporaryFolder folder;
    const auto got = scan({folder.file("in.gz", pack(""))}, spec_a());
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->rows(), 0);
    EXPECT_TRUE(got->report.files[0].complete);
}

INSTANTIATE_TEST_SUITE_P(All, PackedStream, testing::Values(&gzip, &zstd),
                         [](const auto& each) { return each.param == &gzip ? "Gzip" : "Zstd"; });

TEST(ByteStream, AnEmptyFileIsAnErrorOnlyWhenItShouldBePacked) {
    const TemporaryFolder folder;
    const auto plain = scan({folder.file("in.json", "")}, spec_a());
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->rows(), 0);
    EXPECT_TRUE(plain->report.files[0].complete);
    InputFile declared = folder.file("other", "");
    declared.compression = Compression::kZstd;
    for (const InputFile& file : {folder.file("in.json.gz", ""), declared}) {
        const auto failed = scan({file}, spec_a());
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, ErrorCode::kCorruptData);
    }
}

TEST(ByteStream, AMissingFileIsNotFound) {
    const auto failed =
        open_source({{.path = "/nowhere/in.json", .name = "s3://b/in.json"}}, spec_a(), {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(failed.error().message, HasSubstr("s3://b/in.json"));
}

TEST(ByteStream, AFileThatChangesWhileItIsReadIsAnError) {
    const TemporaryFolder folder;
    const InputFile file = folder.file("in.json", sample_lines(100'000));
    const auto stream = open_byte_stream(file);
    ASSERT_TRUE(stream);
    std::vector<std::byte> bytes(1000);
    ASSERT_TRUE((*stream)->read(bytes));
    std::filesystem::resize_file(file.path, 500'000);
    Result<std::size_t> got = bytes.size();
    while (got && *got > 0) got = (*stream)->read(bytes);
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().message, HasSubstr("in.json changed while it was read; run again"));
}

TEST(ByteStream, DeclaredCompressionIsNotGuessed) {
    const TemporaryFolder folder;
    InputFile file = folder.file("in", "{\"a\":1}\n");
    file.compression = Compression::kGzip;
    const auto failed = scan({file}, spec_a());
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("not a gzip stream at byte 0"));
}

}  // namespace
}  // namespace ingot::format
