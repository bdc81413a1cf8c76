#include "postgres/sql_state.hpp"

#include <gtest/gtest.h>

namespace ingot::postgres {
namespace {

TEST(SqlState, ConflictsOfTransactionsMayComeOutOtherwise) {
    EXPECT_EQ(error_code_of("40001"), ErrorCode::kCommitConflict);
    EXPECT_EQ(error_code_of("40P01"), ErrorCode::kCommitConflict);
}

TEST(SqlState, AServerThatStopsOrStartsIsTriedAgain) {
    for (const char* state : {"57P01", "57P02", "57P03", "08006", "53300", "53100"}) {
        EXPECT_EQ(error_code_of(state), ErrorCode::kIo) << state;
    }
}

TEST(SqlState, WrongValuesAndWrongStatementsAreNot) {
    for (const char* state : {"23505", "22003", "42601", "28P01", "42501", "21000"}) {
        EXPECT_EQ(error_code_of(state), ErrorCode::kInvalidArgument) << state;
    }
    EXPECT_EQ(error_code_of("42P01"), ErrorCode::kNotFound);
    EXPECT_EQ(error_code_of("0A000"), ErrorCode::kUnsupported);
}

TEST(SqlState, AnUnknownOneIsInternal) {
    EXPECT_EQ(error_code_of("XX000"), ErrorCode::kInternal);
    EXPECT_EQ(error_code_of(""), ErrorCode::kInternal);
}

}  // namespace
}  // namespace ingot::postgres
