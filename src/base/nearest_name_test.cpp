#include "base/nearest_name.hpp"

#include <gtest/gtest.h>

namespace ingot {
namespace {

TEST(NearestName, AMisspellingIsNearWhateverKindItIs) {
    const std::vector<std::string> names = {"lineage", "order_by", "window", "ls"};
    EXPECT_EQ(nearest_name("linage", names), "lineage") << "a letter is missing";
    EXPECT_EQ(nearest_name("lineagee", names), "lineage") << "a letter too many";
    EXPECT_EQ(nearest_name("WINDOW", names), "window") << "case";
    EXPECT_EQ(nearest_name("widnow", names), "window") << "two letters swapped";
    EXPECT_EQ(nearest_name("orderby", names), "order_by");
    EXPECT_EQ(nearest_name("lss", names), "ls");
}

TEST(NearestName, WhatIsNotAlikeIsNotNear) {
    EXPECT_EQ(nearest_name("checks", {"lineage", "window"}), std::nullopt);
    EXPECT_EQ(nearest_name("a", {"b"}), std::nullopt) << "all of it would have to change";
    EXPECT_EQ(nearest_name("", {"ls"}), std::nullopt);
    EXPECT_EQ(nearest_name("ls", {}), std::nullopt);
}

TEST(NearestName, TheSuggestionEndsAMessage) {
    EXPECT_EQ(did_you_mean("linage", {"lineage"}), "; did you mean 'lineage'?");
    EXPECT_EQ(did_you_mean("checks", {"lineage"}), "");
}

}  // namespace
}  // namespace ingot
