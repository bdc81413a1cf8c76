#include "base/result.hpp"

#include <gtest/gtest.h>

namespace ingot {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return make_error(ErrorCode::kInvalidArgument, "{} is odd", value);
    return value / 2;
}

Result<int> quarter(int value) {
    INGOT_TRY_ASSIGN_WITH(const int once, half(value), fmt::format("while halving {}", value));
    INGOT_TRY_ASSIGN(const int twice, half(once));
    return twice;
}

Status is_even(int value) {
    INGOT_TRY(half(value));
    return {};
}

TEST(Result, EarlyReturnKeepsCodeAndAddsContext) {
    EXPECT_EQ(*quarter(8), 2);
    const Result<int> failed = quarter(3);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(failed.error().to_string(), "3 is odd\n  while halving 3");
    EXPECT_TRUE(is_even(2));
    EXPECT_FALSE(is_even(1));
}

TEST(ResultDeathTest, ReadingTheValueOfAnErrorPrintsTheError) {
    EXPECT_DEATH((void)*half(1), "1 is odd");
}

}  // namespace
}  // namespace ingot
