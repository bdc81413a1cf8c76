#include "base/interval_set.hpp"

#include <array>
#include <bitset>
#include <gtest/gtest.h>
#include <random>

namespace ingot {
namespace {

constexpr std::size_t kSlots = 64;
using Bitmap = std::bitset<kSlots>;

Timestamp at(std::int64_t slot) {
    return Timestamp::from_micros(slot);
}
Interval interval(std::int64_t start, std::int64_t end) {
    return {at(start), at(end)};
}

Bitmap bitmap_of(const IntervalSet& set) {
    Bitmap bits;
    for (const Interval& i : set.intervals()) {
        for (std::int64_t slot = i.start.micros(); slot < i.end.micros(); ++slot) {
            bits.set(static_cast<std::size_t>(slot));
        }
    }
    return bits;
}

Bitmap bitmap_of(const Interval& i) {
    return bitmap_of(IntervalSet({i}));
}

void expect_normal_form(const IntervalSet& set) {
    for (std::size_t i = 0; i < set.intervals().size(); ++i) {
        EXPECT_LT(set.intervals()[i].start, set.intervals()[i].end);
        if (i > 0) {
            EXPECT_LT(set.intervals()[i - 1].end, set.intervals()[i].start);
        }
    }
}

TEST(IntervalSet, AgreesWithABitmapUnderRandomOperations) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto random_interval = [&] {
        std::int64_t a = static_cast<std::int64_t>(random() % kSlots);
        std::int64_t b = static_cast<std::int64_t>(random() % kSlots);
        if (a > b) std::swap(a, b);
        // Mostly short ones, so that the sets have many parts.
        return interval(a, random() % 4 == 0 ? b + 1 : std::min<std::int64_t>(a + 3, kSlots));
    };
    std::array<IntervalSet, 2> sets;
    std::array<Bitmap, 2> bitmaps;
    for (int step = 0; step < 20'000 && !::testing::Test::HasFailure(); ++step) {
        const Interval i = random_interval();
        const std::size_t target = random() % 2;
        IntervalSet& set = sets[target];
        Bitmap& bitmap = bitmaps[target];
        switch (random() % 6) {
            case 0:
            case 1:
                set.add(i);
                bitmap |= bitmap_of(i);
                break;
            case 2:
            case 3:
                set.subtract(i);
                bitmap &= ~bitmap_of(i);
                break;
            case 4:
                set = IntervalSet({i, random_interval(), random_interval()});
                bitmap = bitmap_of(set);
                break;
            default:
                break;
        }
        expect_normal_form(set);
        EXPECT_EQ(bitmap_of(set), bitmap);
        EXPECT_EQ(set.contains(i), (bitmap & bitmap_of(i)) == bitmap_of(i));
        EXPECT_EQ(set.overlaps(i), (bitmap & bitmap_of(i)).any());
        for (const auto& [result, expected] :
             {std::pair(sets[0].united(sets[1]), bitmaps[0] | bitmaps[1]),
              std::pair(sets[0].minus(sets[1]), bitmaps[0] & ~bitmaps[1]),
              std::pair(sets[0].intersected(sets[1]), bitmaps[0] & bitmaps[1])}) {
            expect_normal_form(result);
            EXPECT_EQ(bitmap_of(result), expected);
        }
    }
}

TEST(IntervalSet, MergesOverlappingAndTouchingIntervalsInAnyOrder) {
    EXPECT_EQ(IntervalSet({interval(5, 7), interval(1, 3), interval(3, 4), interval(2, 3)}),
              IntervalSet({interval(1, 4), interval(5, 7)}));
}

TEST(IntervalSet, AnAddedIntervalClosesTheGap) {
    IntervalSet set({interval(1, 3), interval(5, 7)});
    set.add(interval(3, 5));
    EXPECT_EQ(set.intervals(), std::vector<Interval>({interval(1, 7)}));
}

TEST(IntervalSet, SubtractingFromTheMiddleLeavesBothSides) {
    IntervalSet set({interval(1, 9)});
    set.subtract(interval(3, 5));
    EXPECT_EQ(set.intervals(), std::vector<Interval>({interval(1, 3), interval(5, 9)}));
}

TEST(IntervalSet, HullSpansAllAndIsNothingForTheEmptySet) {
    EXPECT_EQ(IntervalSet({interval(5, 7), interval(1, 3)}).hull(), interval(1, 7));
    EXPECT_EQ(IntervalSet().hull(), std::nullopt);
}

TEST(IntervalSet, AnIntervalOfNoLengthIsAProgrammersError) {
    EXPECT_DEATH(IntervalSet({interval(3, 3)}), "broken invariant");
}

TEST(Interval, IsPrintedAsStartAndEnd) {
    EXPECT_EQ(interval(0, 3'600'000'000).to_string(), "1970-01-01T00:00:00Z..1970-01-01T01:00:00Z");
}

}  // namespace
}  // namespace ingot
