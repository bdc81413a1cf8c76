#include <gtest/gtest.h>

#include "datagen/random_internal.hpp"

namespace ingot::datagen {
namespace {

TEST(Random, SequenceIsFixedForEver) {
    Random random(1);
    EXPECT_EQ(random.next(), 0x910A2DEC89025CC1ULL);
    EXPECT_EQ(random.next(), 0xBEEB8DA1658EEC67ULL);
}

TEST(Random, QuantilesAreMet) {
    constexpr std::array<Quantile, 4> kTable = {{{0, 10}, {500, 20}, {900, 100}, {1000, 1000}}};
    Random random(7);
    int at_most_20 = 0;
    int over_100 = 0;
    for (int draw = 0; draw < 100'000; ++draw) {
        const std::uint32_t value = random.quantile(kTable);
        ASSERT_GE(value, 10U);
        ASSERT_LE(value, 1000U);
        at_most_20 += value <= 20 ? 1 : 0;
        over_100 += value > 100 ? 1 : 0;
    }
    EXPECT_NEAR(at_most_20, 50'500, 1500);
    EXPECT_NEAR(over_100, 9'800, 800);
}

TEST(Random, SmallNumbersComeMoreOftenWhenSkewed) {
    Random random(3);
    int small = 0;
    for (int draw = 0; draw < 10'000; ++draw) {
        const std::uint32_t value = random.skewed(1000);
        ASSERT_LT(value, 1000U);
        small += value < 125 ? 1 : 0;
    }
    EXPECT_NEAR(small, 5'000, 300);
}

TEST(Instants, AreCivilTimeInUtc) {
    std::string text;
    append_instant(text, 1'420'124'408);
    EXPECT_EQ(text, "2015-01-01T15:00:08Z");
    text.clear();
    append_instant(text, -1);
    EXPECT_EQ(text, "1969-12-31T23:59:59Z");
}

TEST(Prose, IsAboutAsLongAsWanted) {
    Random random(5);
    std::string text;
    append_prose(text, random, 1000);
    EXPECT_GE(text.size(), 1000U);
    EXPECT_LE(text.size(), 1040U);
}

}  // namespace
}  // namespace ingot::datagen
