#include "publish/staleness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <set>

namespace ingot::publish {
namespace {

using testing::HasSubstr;

constexpr const char* kInput = "bronze.events";

Timestamp hour(int h) {
    return Timestamp::from_micros(h * 3'600'000'000LL);
}
Interval hours(int from, int to) {
    return Interval{hour(from), hour(to)};
}
InputVersion at_version(std::int64_t version) {
    return {delta::TableVersion(version), hour(0)};
}

std::vector<Interval> each_hour(int from, int to) {
    std::vector<Interval> windows;
    for (int h = from; h < to; ++h) windows.push_back(hours(h, h + 1));
    return windows;
}

ProgressEntry built(int from, int to, std::int64_t input_version,
                    WindowState state = WindowState::kDone) {
    return {hours(from, to), state, "code", {{kInput, at_version(input_version)}}, std::nullopt};
}

StalenessQuestion question(int from, int to, InputHistory history) {
    StalenessQuestion q;
    q.windows = each_hour(from, to);
    q.code_hash = "code";
    q.inputs.emplace(kInput, std::move(history));
    q.now = hour(1000);
    return q;
}

std::set<int> hours_of(const std::vector<WindowWork>& work) {
    std::set<int> result;
    for (const WindowWork& each : work)
        result.insert(static_cast<int>(each.window.start.micros() / 3'600'000'000LL));
    return result;
}

TEST(Staleness, WindowsWithoutAnEntryAreNew) {
    Progress progress;
    progress.record(built(1, 2, 5));
    EXPECT_EQ(hours_of(windows_to_do(progress, question(0, 3, {at_version(5), {}}))),
              (std::set<int>{0, 2}));
}

TEST(Staleness, ALateHourMakesExactlyTheWindowsStaleThatItTouches) {
    Progress progress;
    progress.record(built(0, 24, 5));
    const InputHistory history{at_version(6),
                               {{delta::TableVersion(6), false, IntervalSet({hours(15, 16)})}}};
    const std::vector<WindowWork> work = windows_to_do(progress, question(0, 24, history));
    EXPECT_EQ(hours_of(work), (std::set<int>{15}));
    EXPECT_EQ(work.front().reason, WorkReason::kInputChanged);
    EXPECT_THAT(work.front().detail, HasSubstr("bronze.events changed in version 6"));
}

TEST(Staleness, ChangesThatWereTakenInDoNotCount) {
    Progress progress;
    progress.record(built(0, 4, 6));
    const InputHistory history{at_version(6), {{delta::TableVersion(6), true, {}}}};
    EXPECT_TRUE(windows_to_do(progress, question(0, 4, history)).empty());
}

TEST(Staleness, AnInputThatWentBackwardsTouchesEverything) {
    Progress progress;
    progress.record(built(0, 2, 6));
    EXPECT_EQ(windows_to_do(progress, question(0, 2, {at_version(3), {}})).size(), 2U);
}

TEST(Staleness, ChangedCodeRebuildsUnlessItOnlyGoesForward) {
    Progress progress;
    progress.record(built(0, 2, 6));
    StalenessQuestion q = question(0, 2, {at_version(6), {}});
    q.code_hash = "other";
    EXPECT_EQ(windows_to_do(progress, q).size(), 2U);
    q.on_code_change = project::OnCodeChange::kForward;
    EXPECT_TRUE(windows_to_do(progress, q).empty());
}

TEST(Staleness, MissingWindowsAreLookedForUntilTheirTimeIsUp) {
    Progress progress;
    ProgressEntry missing = built(0, 1, 6, WindowState::kMissing);
    missing.missing_since = hour(990);
    progress.record(missing);
    StalenessQuestion q = question(0, 1, {at_version(6), {}});
    q.retry_missing_for = std::chrono::hours(24);
    EXPECT_EQ(windows_to_do(progress, q).size(), 1U);
    q.now = hour(990 + 25);
    EXPECT_TRUE(windows_to_do(progress, q).empty());
}

TEST(Staleness, AWindowCoveredByTwoEntriesIsStaleWhenEitherIs) {
    Progress progress;
    progress.record(built(0, 12, 5));
    progress.record(built(12, 24, 7));
    StalenessQuestion q;
    q.windows = {hours(0, 24)};
    q.code_hash = "code";
    q.now = hour(1000);
    q.inputs.emplace(kInput,
                     InputHistory{at_version(7),
                                  {{delta::TableVersion(6), false, IntervalSet({hours(20, 21)})}}});
    EXPECT_EQ(windows_to_do(progress, q).size(),
              1U);  // The entry of the morning has not seen version 6.
    q.inputs.clear();
    q.inputs.emplace(kInput, InputHistory{at_version(7), {}});
    EXPECT_TRUE(windows_to_do(progress, q).empty());
}

TEST(Staleness, ATableWithoutWindowsIsStaleWhenAnyInputChangedRows) {
    Progress progress;
    progress.record_whole({"code", {{kInput, at_version(5)}}});
    StalenessQuestion q = question(0, 0, {at_version(6), {}});
    EXPECT_FALSE(whole_to_do(progress, q));  // Version 6 changed no rows: maintenance.
    q.inputs.at(kInput).changes.push_back(
        {delta::TableVersion(6), false, IntervalSet({hours(1, 2)})});
    ASSERT_TRUE(whole_to_do(progress, q));
    EXPECT_EQ(whole_to_do(progress, q)->reason, WorkReason::kInputChanged);
}

/// Random input commits and runs. Invariant: a window is to be done exactly when a commit touched
/// it after the run that built it, however entries were merged by restamping.
TEST(Staleness, RestampingNeverHidesOrInventsAChange) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    constexpr int kHours = 24;
    for (int round = 0; round < 50; ++round) {
        Progress progress;
        std::vector<InputChange> log;
        std::map<int, std::int64_t> built_at;
        std::map<int, std::int64_t> touched_at;
        for (int step = 0; step < 30; ++step) {
            const std::int64_t version = static_cast<std::int64_t>(log.size()) + 1;
            const int from = static_cast<int>(random() % kHours);
            const int to = std::min(kHours, from + 1 + static_cast<int>(random() % 4));
            if (random() % 2 == 0) {
                log.push_back(
                    {delta::TableVersion(version), false, IntervalSet({hours(from, to)})});
                for (int h = from; h < to; ++h) touched_at[h] = version;
                continue;
            }
            const std::int64_t now = version - 1;
            const std::map<std::string, InputHistory> inputs{{kInput, {at_version(now), log}}};
            progress.restamp(stale_parts(progress, inputs), "code", {{kInput, at_version(now)}});
            progress.record(built(from, to, now));
            for (int h = from; h < to; ++h) built_at[h] = now;
        }
        const std::int64_t now = static_cast<std::int64_t>(log.size());
        std::set<int> expected;
        for (int h = 0; h < kHours; ++h) {
            const auto built_with = built_at.find(h);
            const auto touched = touched_at.find(h);
            const bool stale = touched != touched_at.end() && built_with != built_at.end() &&
                               touched->second > built_with->second;
            if (built_with == built_at.end() || stale) expected.insert(h);
        }
        EXPECT_EQ(hours_of(windows_to_do(progress, question(0, kHours, {at_version(now), log}))),
                  expected)
            << "round " << round;
    }
}

}  // namespace
}  // namespace ingot::publish
