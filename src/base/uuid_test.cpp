#include "base/uuid.hpp"

#include <gtest/gtest.h>
#include <set>
#include <thread>
#include <vector>

#include "base/guarded.hpp"

namespace ingot {
namespace {

TEST(Uuid, Version4IsWellFormedAndNeverTheSame) {
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) {
        const std::string id = uuid_v4();
        ASSERT_TRUE(is_uuid(id)) << id;
        ASSERT_EQ(id[14], '4');
        ASSERT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos);
        ASSERT_TRUE(seen.insert(id).second);
    }
}

TEST(Uuid, Version7BeginsWithTheTimeAndAscendsAlsoWhenTheClockGoesBack) {
    ManualClock clock(*parse_timestamp("2200-01-01"));
    std::string last = uuid_v7(clock);
    EXPECT_EQ(last.substr(0, 13), "0699e991-a800");
    EXPECT_EQ(last[14], '7');
    for (int i = 0; i < 10'000; ++i) {
        if (i == 5'000) clock.set(*parse_timestamp("2100-01-01"));
        const std::string id = uuid_v7(clock);
        ASSERT_TRUE(is_uuid(id)) << id;
        ASSERT_LT(last, id);
        last = id;
    }
}

TEST(Uuid, Version7IsUniqueAcrossThreads) {
    Guarded<std::set<std::string>> seen;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&] {
                for (int i = 0; i < 2'000; ++i) seen.lock()->insert(uuid_v7());
            });
        }
    }
    EXPECT_EQ(seen.lock()->size(), 8'000U);
}

TEST(Uuid, RecognisesOnlyTheUsualForm) {
    EXPECT_TRUE(is_uuid("6A2f0c1e-3b4d-4e5f-8a6b-7c8d9e0f1a2b"));
    for (const char* text :
         {"", "6a2f0c1e3b4d4e5f8a6b7c8d9e0f1a2b", "6a2f0c1e-3b4d-4e5f-8a6b-7c8d9e0f1a2",
          "6a2f0c1e-3b4d-4e5f-8a6b-7c8d9e0f1a2g", "6a2f0c1e-3b4d-4e5f-8a6b07c8d9e0f1a2b"}) {
        EXPECT_FALSE(is_uuid(text)) << text;
    }
}

}  // namespace
}  // namespace ingot
