#pragma once
// A source over a temporary folder, for this module's tests.
#include <atomic>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <unistd.h>

#include "ingest/input.hpp"

namespace ingot::ingest {

/// Has the files that a test writes, gone when the test is over.
class SourceTest : public testing::Test {
protected:
    void SetUp() override {
        static std::atomic<int> next{0};
        project_.root = (std::filesystem::temp_directory_path() /
                         fmt::format("ingot_source_{}_{}", ::getpid(), next++))
                            .string();
        std::filesystem::create_directories(project_.root);
        source_.name = "s";
        source_.place = {"sources/s.yml", 1, 1};
    }
    void TearDown() override { std::filesystem::remove_all(project_.root); }

    std::string write(const std::string& name, std::string_view bytes = "x") const {
        const std::filesystem::path path = std::filesystem::path(project_.root) / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
        return path.string();
    }
    void load_files(const std::string& path, project::LoadKind load) {
        project::FilesOrigin origin;
        const auto parsed = project::Template::parse(path);
        ASSERT_TRUE(parsed) << parsed.error().to_string();
        origin.path = *parsed;
        source_.from = std::move(origin);
        source_.load = load;
    }
    void load_hours(const std::string& path) {
        load_files(path, project::LoadKind::kWindow);
        source_.window = project::WindowSpec{{CalendarStep::Unit::kHour, 1}, "UTC"};
        source_.start = at("2015-01-01T00:00:00Z");
    }
    static Timestamp at(std::string_view text) { return *parse_timestamp(text); }
    static Interval hour(int of_day) {
        const Timestamp start = at(fmt::format("2015-01-01T{:02}:00:00Z", of_day));
        return {start, start + std::chrono::hours(1)};
    }
    InputContext context() {
        return {
            project_,         nullptr, clock_, at("2015-01-02T00:00:00Z"), project_.root + "/kept",
            std::stop_token()};
    }
    Result<std::unique_ptr<InputFinder>> finder() { return open_finder(source_, context()); }

    project::Project project_;
    project::Source source_;
    ManualClock clock_{at("2015-01-02T00:00:00Z")};
};

}  // namespace ingot::ingest
