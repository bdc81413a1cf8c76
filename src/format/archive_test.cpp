#include <archive.h>
#include <archive_entry.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <zstd.h>

#include "format/test_files.hpp"

namespace ingot::format {
namespace {

using test::scan;
using test::show_rows;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Members = std::vector<std::pair<std::string, std::string>>;

std::string tar_of(const Members& members) {
    std::string bytes(1U << 20, '\0');
    std::size_t used = 0;
    archive* out = archive_write_new();
    archive_write_set_format_pax_restricted(out);
    archive_write_open_memory(out, bytes.data(), bytes.size(), &used);
    for (const auto& [name, text] : members) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
        archive_entry_set_filetype(entry, name.ends_with('/') ? AE_IFDIR : AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_write_header(out, entry);
        archive_write_data(out, text.data(), text.size());
        archive_entry_free(entry);
    }
    archive_write_close(out);
    archive_write_free(out);
    bytes.resize(used);
    return bytes;
}

std::string zstd(std::string_view text) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
    return packed;
}

FormatSpec json_a() {
    FormatSpec spec;
    spec.kind = JsonFormat{};
    spec.columns = {{.name = "a", .type = TypeId::kLong}};
    return spec;
}

const Members kMembers = {{"top.json", "{\"a\":1}"},
                          {"data/", ""},
                          {"data/x.json", "[{\"a\":2},{\"a\":3}]"},
                          {"data/" + std::string(200, 'n') + ".json", "{\"a\":4}"},
                          {"data/deep/y.json", "{\"a\":5}"},
                          {"data/notes.txt", "not JSON"}};

TEST(Archive, MembersAreSelectedByGlobAndNamed) {
    const TemporaryFolder folder;
    const std::string tar = tar_of(kMembers);
    for (const std::string& bytes : {tar, zstd(tar)}) {
        InputFile file = folder.file("in.tar", bytes);
        file.members = "data/*.json";
        const auto got = scan({file}, json_a(), {.metadata = test::kFileAndLine});
        ASSERT_TRUE(got) << got.error().to_string();
        EXPECT_THAT(show_rows(*got),
                    ElementsAre("2|in.tar!data/x.json|1", "3|in.tar!data/x.json|2",
                                "4|in.tar!data/" + std::string(200, 'n') + ".json|1"));
        ASSERT_EQ(got->report.files.size(), 2U);
        EXPECT_EQ(got->report.files[0].name, "in.tar!data/x.json");
        EXPECT_TRUE(got->report.files[0].complete);
        EXPECT_TRUE(got->report.files[1].complete);
    }
}

TEST(Archive, TwoStarsGoAcrossFolders) {
    const TemporaryFolder folder;
    InputFile file = folder.file("in.tar", tar_of(kMembers));
    file.members = "**/*.json";
    const auto got = scan({file}, json_a());
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_THAT(show_rows(*got), ElementsAre("1", "2", "3", "4", "5"));
}

TEST(Archive, NoMemberByThatNameIsAnError) {
    const TemporaryFolder folder;
    InputFile file = folder.file("in.tar", tar_of(kMembers));
    file.members = "*.csv";
    const auto failed = scan({file}, json_a());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(failed.error().message, HasSubstr("*.csv"));
}

TEST(Archive, ABrokenMemberDoesNotHideTheNext) {
    const TemporaryFolder folder;
    InputFile file = folder.file(
        "in.tar",
        tar_of({{"1.json", "[{\"a\":1},"}, {"2.json", "nonsense"}, {"3.json", "{\"a\":3}"}}));
    file.members = "*";
    const auto got = scan({file}, json_a(), {.on_file_error = OnFileError::kReport});
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_THAT(show_rows(*got), ElementsAre("1", "3"));
    ASSERT_EQ(got->report.files.size(), 3U);
    EXPECT_TRUE(got->report.files[0].error);
    EXPECT_TRUE(got->report.files[1].error);
    EXPECT_TRUE(got->report.files[2].complete);
    const auto failed = scan({file}, json_a());
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("in.tar!1.json"));
}

TEST(Archive, OneThatIsCutOffIsAnError) {
    const TemporaryFolder folder;
    const std::string tar =
        tar_of({{"1.json", "{\"a\":1}"}, {"2.json", std::string(5000, ' ') + "{\"a\":2}"}});
    for (const std::size_t size : {std::size_t{1100}, std::size_t{2000}, std::size_t{4000}}) {
        InputFile file = folder.file("in.tar", tar.substr(0, size));
        file.members = "*";
        const auto failed = scan({file}, json_a());
        ASSERT_FALSE(failed) << size;
        EXPECT_EQ(failed.error().code, ErrorCode::kCorruptData);
        EXPECT_THAT(failed.error().message, HasSubstr("in.tar"));
    }
    InputFile file = folder.file("in.tar", "this is no archive");
    file.members = "*";
    EXPECT_EQ(scan({file}, json_a()).error().code, ErrorCode::kCorruptData);
}

TEST(ArchiveOnRealData, NineHundredCompaniesGiveTheirJobs) {
    const std::string path = std::string(INGOT_SHARED_DATA) + "/jobs/greenhouse-2026-08-19.tar.zst";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no sample data at " << path;
    FormatSpec spec;
    spec.kind = JsonFormat{{"jobs"}};
    spec.columns = {{.name = "id", .type = TypeId::kLong}, {.name = "title"}};
    spec.unknown_fields = UnknownFields::kIgnore;
    // One member holds statistics, not jobs.
    const auto got = scan({{.path = path, .members = "**/data/*.json"}}, spec,
                          {.on_file_error = OnFileError::kReport});
    ASSERT_TRUE(got) << got.error().to_string();
    for (const FileTotals& file : got->report.files) {
        EXPECT_EQ(file.error.has_value(), file.name.ends_with("_stats.json")) << file.name;
    }
    EXPECT_GT(got->rows(), 40'000);
    EXPECT_THAT(got->rejects, IsEmpty());
    EXPECT_GT(got->report.files.size(), 900U);
}

}  // namespace
}  // namespace ingot::format
