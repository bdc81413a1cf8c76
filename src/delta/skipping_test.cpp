#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "delta/log_writer_for_test.hpp"

namespace ingot::delta {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Op = Predicate::Op;

Scalar long_value(std::int64_t value) {
    return Scalar::integer(TypeId::kLong, value);
}

/// One file per statistics text: a, b, c, ...
SnapshotPtr table_with(TestLog& log, const std::string& columns,
                       const std::vector<std::string>& texts) {
    std::vector<std::string> lines{kProtocol, metadata(columns, {})};
    char name = 'a';
    for (const auto& text : texts) {
        lines.push_back(add(std::string(1, name++), text.empty() ? "" : stats(text)));
    }
    log.write(0, lines);
    return log.open();
}

std::string bounds_text(const std::string& min, const std::string& max, int nulls = 0) {
    return fmt::format(
        R"({{"numRecords":10,"minValues":{{"x":{}}},"maxValues":{{"x":{}}},"nullCount":{{"x":{}}}}})",
        min, max, nulls);
}

TEST(Skipping, ComparesIntegersWithTheirBounds) {
    TestLog log;
    const auto table = table_with(
        log, "x long", {bounds_text("1", "5"), bounds_text("5", "9"), bounds_text("7", "7"), ""});
    const auto pick = [&](Op op, std::int64_t value) {
        return selected(*table, Predicate::compare({"x"}, op, long_value(value)));
    };
    EXPECT_THAT(pick(Op::kEq, 5), ElementsAre("a", "b", "d"));
    EXPECT_THAT(pick(Op::kEq, 6), ElementsAre("b", "d"));
    EXPECT_THAT(pick(Op::kNe, 7), ElementsAre("a", "b", "d"));
    EXPECT_THAT(pick(Op::kLt, 5), ElementsAre("a", "d"));
    EXPECT_THAT(pick(Op::kLe, 5), ElementsAre("a", "b", "d"));
    EXPECT_THAT(pick(Op::kGt, 7), ElementsAre("b", "d"));
    EXPECT_THAT(pick(Op::kGe, 9), ElementsAre("b", "d"));
    EXPECT_THAT(selected(*table, Predicate::in({"x"}, {long_value(2), long_value(100)})),
                ElementsAre("a", "d"));
    EXPECT_THAT(selected(*table, Predicate::never()), IsEmpty());
}

TEST(Skipping, AndOrNest) {
    TestLog log;
    const auto table = table_with(log, "x long", {bounds_text("1", "5"), bounds_text("6", "9")});
    const auto low = Predicate::compare({"x"}, Op::kLt, long_value(3));
    const auto high = Predicate::compare({"x"}, Op::kGt, long_value(8));
    EXPECT_THAT(selected(*table, Predicate::any_of({low, high})), ElementsAre("a", "b"));
    EXPECT_THAT(selected(*table, Predicate::all_of({low, high})), IsEmpty());
    EXPECT_THAT(selected(*table, Predicate::all_of({high, Predicate::always()})), ElementsAre("b"));
}

TEST(Skipping, NullCountsDecideAboutNulls) {
    TestLog log;
    const auto table =
        table_with(log, "x long",
                   {bounds_text("1", "5", 0), bounds_text("1", "5", 3),
                    R"({"numRecords":10,"nullCount":{"x":10}})", R"({"nullCount":{"x":10}})"});
    EXPECT_THAT(selected(*table, Predicate::is_null({"x"})), ElementsAre("b", "c", "d"));
    EXPECT_THAT(selected(*table, Predicate::is_not_null({"x"})), ElementsAre("a", "b", "d"));
    EXPECT_THAT(selected(*table, Predicate::compare({"x"}, Op::kNe, long_value(99))),
                ElementsAre("a", "b", "d"));
}

TEST(Skipping, TimestampsAreTruncatedToMilliseconds) {
    TestLog log;
    const auto table = table_with(
        log, "x timestamptz",
        {bounds_text("\"2020-01-01T00:00:00.000Z\"", "\"2020-01-01T00:00:00.001Z\""),
         bounds_text("\"2019-12-31T16:00:00.000-08:00\"", "\"2019-12-31T16:00:00.001-08:00\"")});
    const std::int64_t start = 1'577'836'800'000'000;
    const auto above = [&](std::int64_t micros) {
        return selected(*table,
                        Predicate::compare({"x"}, Op::kGt,
                                           Scalar::integer(TypeId::kTimestamp, start + micros)));
    };
    EXPECT_THAT(above(1'999), ElementsAre("a", "b"));
    EXPECT_THAT(above(3'000), ElementsAre("b"));  // Old writers lost the seconds of a zone.
    EXPECT_THAT(above(60'000'000), IsEmpty());
}

TEST(Skipping, CutStringsStillBound) {
    TestLog log;
    const std::string cut(32, 'm');
    const auto table =
        table_with(log, "x string", {bounds_text("\"" + cut + "\"", "\"" + cut + "\u007f\"")});
    const auto equal = [&](const std::string& value) {
        return selected(*table, Predicate::compare({"x"}, Op::kEq, Scalar::text(value)));
    };
    EXPECT_THAT(equal(cut + "mm"), ElementsAre("a"));
    EXPECT_THAT(equal("n"), IsEmpty());
    EXPECT_THAT(equal("a"), IsEmpty());
}

TEST(Skipping, NanIsNeverSkippedByBoundsThatMayHideIt) {
    TestLog log;
    const auto table = table_with(log, "x double", {bounds_text("1.5", "2.5")});
    const auto pick = [&](Op op, double value) {
        return selected(*table,
                        Predicate::compare({"x"}, op, Scalar::floating(TypeId::kDouble, value)));
    };
    EXPECT_THAT(pick(Op::kGt, 3), ElementsAre("a"));
    EXPECT_THAT(pick(Op::kEq, std::numeric_limits<double>::quiet_NaN()), ElementsAre("a"));
    EXPECT_THAT(pick(Op::kEq, 3), IsEmpty());
    EXPECT_THAT(pick(Op::kLt, 1), IsEmpty());
}

TEST(Skipping, DecimalsAreExact) {
    TestLog log;
    const auto table = table_with(log, "x decimal(38,2)",
                                  {bounds_text("123456789012345678901234567890123456.78",
                                               "123456789012345678901234567890123456.79"),
                                   bounds_text("\"-1.5\"", "1E+3")});
    const auto type = DataType::decimal(38, 2);
    EXPECT_THAT(selected(*table, Predicate::compare({"x"}, Op::kEq, Scalar::decimal(type, 50))),
                ElementsAre("b"));
    // Another scale goes the slow way to the same answer.
    EXPECT_THAT(
        selected(*table, Predicate::compare({"x"}, Op::kGt,
                                            Scalar::decimal(DataType::decimal(5, 0), 1000))),
        ElementsAre("a"));
}

TEST(Skipping, NestedColumnsAndOtherLiteralTypes) {
    TestLog log;
    const auto table =
        table_with(log, "s struct(x int, y string)",
                   {R"({"numRecords":1,"minValues":{"s":{"x":1}},"maxValues":{"s":{"x":2}}})",
                    R"({"numRecords":1,"minValues":{"s":{"x":5}},"maxValues":{"s":{"x":6}}})"});
    EXPECT_THAT(selected(*table, Predicate::compare({"S", "X"}, Op::kEq, long_value(2))),
                ElementsAre("a"));
    EXPECT_THAT(selected(*table, Predicate::compare({"s", "x"}, Op::kEq, Scalar::text("2"))),
                ElementsAre("a", "b"));
    EXPECT_THAT(selected(*table, Predicate::compare({"nope"}, Op::kEq, long_value(2))),
                ElementsAre("a", "b"));
}

TEST(Skipping, BrokenStatisticsExcludeNothing) {
    TestLog log;
    const auto table = table_with(
        log, "x long",
        {"{", "nonsense", R"({"minValues":7})", R"({"numRecords":1,"minValues":{"x":"ten"}})",
         R"({"numRecords":1e400,"maxValues":{"x":1}})",
         R"({"maxValues":{"x":99999999999999999999}})",
         R"({"minValues":{"x":[1]},"maxValues":{"x":{"y":1}}})"});
    EXPECT_EQ(selected(*table, Predicate::compare({"x"}, Op::kEq, long_value(5))).size(), 6U);
    EXPECT_EQ(table->files().live_rows(table->files().all()), std::nullopt);
}

TEST(Skipping, SelectAmongKeepsToItsFiles) {
    TestLog log;
    const auto table = table_with(log, "x long", {bounds_text("1", "5"), bounds_text("1", "5")});
    const auto all = table->files().all();
    const auto predicate = Predicate::compare({"x"}, Op::kEq, long_value(2));
    EXPECT_THAT(paths(*table, table->files().select(predicate, {all[1]})),
                ElementsAre(std::string(table->files().path(all[1]))));
}

TEST(Skipping, BoundsAreGivenTyped) {
    TestLog log;
    const auto table = table_with(
        log, "x date",
        {bounds_text("\"2020-01-01\"", "\"2020-01-31\"", 2),
         R"({"numRecords":4,"tightBounds":false,"minValues":{"x":"2020-01-01"},"nullCount":{"x":2}})"});
    auto all = table->files().all();
    if (table->files().path(all[0]) != "a") std::swap(all[0], all[1]);
    const auto first = table->files().bounds(all[0], {"x"});
    EXPECT_EQ(first.min, Scalar::integer(TypeId::kDate, 18262));
    EXPECT_EQ(first.max, Scalar::integer(TypeId::kDate, 18292));
    EXPECT_EQ(first.null_count, 2);
    EXPECT_EQ(table->files().bounds(all[1], {"x"}).null_count, std::nullopt);
}

TEST(Skipping, AgreesWithABruteForceCheckOfEveryValue) {
    TestLog log;
    std::vector<std::string> lines{kProtocol, metadata("x long", {})};
    std::vector<std::pair<int, int>> ranges;
    for (int i = 0; i < 200; ++i) {
        const int low = i * 37 % 100;
        const int high = low + i * 11 % 20;
        ranges.emplace_back(low, high);
        lines.push_back(add(fmt::format("f{:03}", i),
                            stats(bounds_text(std::to_string(low), std::to_string(high)))));
    }
    log.write(0, lines);
    const auto table = log.open();
    for (int value = -1; value <= 121; ++value) {
        for (const Op op : {Op::kEq, Op::kNe, Op::kLt, Op::kLe, Op::kGt, Op::kGe}) {
            std::vector<std::string> expected;
            for (std::size_t i = 0; i < ranges.size(); ++i) {
                bool any = false;
                for (int x = ranges[i].first; x <= ranges[i].second; ++x) {
                    any |= (op == Op::kEq && x == value) || (op == Op::kNe && x != value) ||
                           (op == Op::kLt && x < value) || (op == Op::kLe && x <= value) ||
                           (op == Op::kGt && x > value) || (op == Op::kGe && x >= value);
                }
                if (any) expected.push_back(fmt::format("f{:03}", i));
            }
            EXPECT_EQ(selected(*table, Predicate::compare({"x"}, op, long_value(value))), expected);
        }
    }
}

}  // namespace
}  // namespace ingot::delta
