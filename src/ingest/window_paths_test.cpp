#include <gtest/gtest.h>
#include <random>

#include "ingest/window_paths_internal.hpp"

namespace ingot::ingest {
namespace {

using project::WindowSpec;

const std::map<std::string, project::Value> kParams{
    {"source", project::Value(std::string("/data//raw/"))},
    {"wild", project::Value(std::string("/data/*"))}};

WindowSpec windows(CalendarStep::Unit unit, std::int64_t count = 1, std::string zone = "UTC") {
    return WindowSpec{CalendarStep{unit, count}, std::move(zone)};
}

std::optional<WindowPaths> paths_of(std::string_view path, const WindowSpec& spec) {
    project::TemplateContext context;
    context.params = &kParams;
    auto paths = WindowPaths::of(*project::Template::parse(path), "/project", spec, context);
    EXPECT_TRUE(paths.has_value());
    return *paths;
}

std::string start_of(const WindowPaths& paths, std::string_view path) {
    const std::optional<Interval> window = paths.window_of(path);
    return window ? window->start.to_string() : "none";
}

constexpr auto kHour = CalendarStep::Unit::kHour;
constexpr auto kDay = CalendarStep::Unit::kDay;

TEST(WindowPaths, ThePatternHasAStarForEachField) {
    const auto paths =
        paths_of("{params.source}/{window.start:%Y/%m-%d-%-H}.json.gz", windows(kHour));
    ASSERT_TRUE(paths.has_value());
    EXPECT_EQ(paths->pattern(), "/data/raw/*/*-*-*.json.gz");
    EXPECT_EQ(start_of(*paths, "/data/raw/2015/01-31-7.json.gz"), "2015-01-31T07:00:00Z");
    EXPECT_EQ(start_of(*paths, "/data/raw/2015/01-31-23.json.gz"), "2015-01-31T23:00:00Z");
}

TEST(WindowPaths, RelativePathsAreBelowTheProject) {
    const auto paths = paths_of("raw/{window.start:%Y%m%d}.csv", windows(kDay));
    ASSERT_TRUE(paths.has_value());
    EXPECT_EQ(paths->pattern(), "/project/raw/*.csv");
    EXPECT_EQ(start_of(*paths, "/project/raw/20160229.csv"), "2016-02-29T00:00:00Z");
}

TEST(WindowPaths, OtherFilesOfTheFolderNameNoWindow) {
    const auto paths = paths_of("/d/{window.start:%Y-%m-%d-%-H}.gz", windows(kHour));
    ASSERT_TRUE(paths.has_value());
    for (const char* path :
         {"/d/2015-01-01-24.gz", "/d/2015-02-30-1.gz", "/d/2015-1-1-1.gz", "/d/x.gz",
          "/d/2015-01-01-1.gz.part", "/d/2015-01-01-.gz", "/d/2015-01-01-123.gz", "/e"}) {
        EXPECT_EQ(start_of(*paths, path), "none") << path;
    }
}

TEST(WindowPaths, ATimeInsideAWindowIsNotItsStart) {
    const auto paths = paths_of("/d/{window.start:%Y-%m-%dT%H%M}.gz", windows(kHour, 6));
    ASSERT_TRUE(paths.has_value());
    EXPECT_EQ(start_of(*paths, "/d/2015-01-01T0600.gz"), "2015-01-01T06:00:00Z");
    EXPECT_EQ(start_of(*paths, "/d/2015-01-01T0700.gz"), "none");
}

TEST(WindowPaths, WhatCannotBeReadBackIsLeftToTheCaller) {
    EXPECT_FALSE(paths_of("/d/{window.start:%Y-%m-%d}.gz", windows(kHour)).has_value());
    EXPECT_FALSE(paths_of("/d/{window.start - 1d:%Y-%m-%d}.gz", windows(kDay)).has_value());
    EXPECT_FALSE(paths_of("/d/{window.end:%Y-%m-%d}.gz", windows(kDay)).has_value());
    EXPECT_FALSE(paths_of("/d/{window.start:%Y-%b-%d}.gz", windows(kDay)).has_value());
    EXPECT_FALSE(paths_of("/d/{window.start:%Y-%-m%-d}.gz", windows(kDay)).has_value());
    EXPECT_FALSE(paths_of("/d/{window.start}.gz", windows(kDay)).has_value());
    EXPECT_FALSE(paths_of("{params.wild}/{window.start:%Y-%m-%d}.gz", windows(kDay)).has_value());
    EXPECT_FALSE(
        paths_of("/d/{window.start:%Y-%m-%d}.gz", windows(kDay, 1, "Europe/Paris")).has_value());
}

TEST(WindowPaths, WhatTheTemplateGivesIsReadBack) {
    const auto seed = std::random_device()();
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const WindowSpec specs[] = {windows(CalendarStep::Unit::kMinute, 5),
                                windows(kHour),
                                windows(kDay),
                                windows(CalendarStep::Unit::kWeek),
                                windows(CalendarStep::Unit::kMonth),
                                windows(CalendarStep::Unit::kYear)};
    const char* texts[] = {"{params.source}/{window.start:%Y/%m/%d}/{window.start:%H%M}.gz",
                           "raw/{window.start:%Y-%-m-%-d-%-H-%-M}.json"};
    for (const char* text : texts) {
        const auto path = *project::Template::parse(text);
        for (const WindowSpec& spec : specs) {
            const auto paths = paths_of(text, spec);
            ASSERT_TRUE(paths.has_value());
            for (int i = 0; i < 200; ++i) {
                const auto at = Timestamp::from_micros(
                    static_cast<std::int64_t>(random() % 4'000'000'000) * 1'000'000);
                project::TemplateContext context;
                context.params = &kParams;
                context.window = *project::window_at(spec, at);
                std::string rendered = *path.render_text(context);
                rendered = rendered.starts_with('/') ? "/data/raw/" + rendered.substr(12)
                                                     : "/project/" + rendered;
                ASSERT_EQ(start_of(*paths, rendered), context.window->start.to_string())
                    << rendered;
            }
        }
    }
}

}  // namespace
}  // namespace ingot::ingest
