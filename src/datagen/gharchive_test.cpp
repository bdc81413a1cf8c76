#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <unistd.h>
#include <zlib.h>

#include "datagen/datagen.hpp"

namespace ingot::datagen {
namespace {

constexpr std::int64_t kHourMicros = 3'600'000'000;

Timestamp hour_of_2015(std::int64_t hour) {
    return Timestamp::from_micros((394'464 + hour) * kHourMicros);
}

/// FNV-1a: written out here, so that the pinned values depend on nothing else.
std::uint64_t hash(std::string_view bytes) {
    std::uint64_t value = 0xCBF29CE484222325ULL;
    for (const char byte : bytes)
        value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001B3ULL;
    return value;
}

std::string gunzip(const std::string& path) {
    std::string text;
    gzFile file = gzopen(path.c_str(), "rb");
    std::array<char, 65536> buffer;
    for (int read = 0; (read = gzread(file, buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<std::size_t>(read));
    }
    gzclose(file);
    return text;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
        lines.push_back(text.substr(begin, end - begin));
    }
    return lines;
}

class GharchiveFiles : public testing::Test {
protected:
    std::string folder_ = (std::filesystem::temp_directory_path() /
                           ("ingot_datagen_" + std::to_string(getpid()) + "_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name()))
                              .string();
    void TearDown() override { std::filesystem::remove_all(folder_); }
};

TEST(Gharchive, BytesArePinned) {
    GharchiveRequest request;
    EXPECT_EQ(hash(gharchive_hour(request, hour_of_2015(0)).lines), 727072714051608433ULL);
    EXPECT_EQ(hash(gharchive_hour(request, hour_of_2015(15)).lines), 11528031711766163156ULL);
    request.seed = 2;
    EXPECT_NE(hash(gharchive_hour(request, hour_of_2015(0)).lines), 727072714051608433ULL);
}

TEST(Gharchive, AnHourHasItsEventsInsideItselfAndNearlyInOrder) {
    const GharchiveHour hour = gharchive_hour({}, hour_of_2015(5));
    const auto lines = lines_of(hour.lines);
    ASSERT_EQ(static_cast<std::int64_t>(lines.size()), hour.records);
    EXPECT_GE(hour.records, 1600);
    EXPECT_LE(hour.records, 2400);
    std::string last;
    int backwards = 0;
    for (const std::string& line : lines) {
        const std::size_t at = line.rfind(R"("created_at":"2015-01-01T05:)");
        ASSERT_NE(at, std::string::npos) << line.substr(0, 200);
        const std::string created = line.substr(at, 34);
        backwards += created < last ? 1 : 0;
        last = created;
    }
    EXPECT_GE(backwards, 1);
    EXPECT_LE(backwards, 40);
}

TEST(Gharchive, ADayHasTheKindsAndShapesOfTheRealFeed) {
    std::int64_t records = 0;
    std::int64_t pushes = 0;
    std::int64_t with_organization = 0;
    std::int64_t null_gravatars = 0;
    std::int64_t deleted_forks = 0;
    std::size_t longest = 0;
    std::uint64_t bytes = 0;
    for (int index = 0; index < 24; ++index) {
        const GharchiveHour hour = gharchive_hour({}, hour_of_2015(index));
        bytes += hour.lines.size();
        for (const std::string& line : lines_of(hour.lines)) {
            ++records;
            pushes += line.find(R"("type":"PushEvent")") != std::string::npos ? 1 : 0;
            with_organization += line.find(R"(","org":{"id":)") != std::string::npos ? 1 : 0;
            null_gravatars += line.find(R"("gravatar_id":null)") != std::string::npos ? 1 : 0;
            deleted_forks += line.find(R"(,"repo":null},"base")") != std::string::npos ? 1 : 0;
            longest = std::max(longest, line.size());
        }
    }
    EXPECT_NEAR(static_cast<double>(pushes) / static_cast<double>(records), 0.577, 0.02);
    EXPECT_NEAR(static_cast<double>(with_organization) / static_cast<double>(records), 0.305, 0.02);
    EXPECT_NEAR(static_cast<double>(bytes) / static_cast<double>(records), 2100, 300);
    EXPECT_GT(null_gravatars, 0);
    EXPECT_GT(deleted_forks, 0);
    EXPECT_GT(longest, 100'000U);
    EXPECT_LT(longest, 300'000U);
}

TEST(Gharchive, BadRecordsAreAddedAndCounted) {
    GharchiveRequest request;
    request.bad_records = 3;
    const GharchiveHour hour = gharchive_hour(request, hour_of_2015(1));
    int without_id = 0;
    for (const std::string& line : lines_of(hour.lines))
        without_id += line.rfind(R"({"id":"3)", 0) == 0 ? 0 : 1;
    EXPECT_EQ(without_id, 3);
}

TEST_F(GharchiveFiles, AreTheSameWhateverTheThreadsAndTheRange) {
    GharchiveRequest request{.out = folder_ + "/a", .start = hour_of_2015(4), .hours = 3};
    request.scale_permille = 50;
    request.threads = 3;
    ASSERT_TRUE(generate_gharchive(request));
    GharchiveRequest alone{.out = folder_ + "/b", .start = hour_of_2015(5), .hours = 1};
    alone.scale_permille = 50;
    alone.threads = 1;
    const auto report = generate(DatagenRequest(alone));
    ASSERT_TRUE(report) << report.error().to_string();
    ASSERT_EQ(report->files.size(), 1U);
    EXPECT_EQ(report->files[0].path, folder_ + "/b/2015-01-01-5.json.gz");
    const std::string text = gunzip(report->files[0].path);
    EXPECT_EQ(text.size(), report->files[0].raw_bytes);
    EXPECT_EQ(text, gunzip(folder_ + "/a/2015-01-01-5.json.gz"));
    EXPECT_EQ(text, gharchive_hour(alone, hour_of_2015(5)).lines);
}

TEST_F(GharchiveFiles, AFolderThatCannotBeMadeIsAnError) {
    std::ofstream(folder_) << "a file";
    const auto report = generate_gharchive({.out = folder_, .start = hour_of_2015(0), .hours = 1});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::kIo);
    EXPECT_THAT(report.error().message, testing::HasSubstr(folder_));
}

TEST(Gharchive, WrongRequestsAreRefused) {
    const auto code = [](const GharchiveRequest& request) {
        return generate_gharchive(request).error().code;
    };
    EXPECT_EQ(code({.out = "x", .start = Timestamp::from_micros(hour_of_2015(0).micros() + 1)}),
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.out = "x", .start = hour_of_2015(0), .hours = 0}),
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.out = "x", .start = Timestamp{}}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.out = "", .start = hour_of_2015(0)}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.out = "x", .start = hour_of_2015(0), .scale_permille = 50'000}),
              ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace ingot::datagen
