#include <gtest/gtest.h>

#include "engine/test_support_internal.hpp"

namespace ingot::engine {
namespace {

using testing::must;
using testing::open_engine;
using testing::run;

class SqlFunctions : public ::testing::Test {
protected:
    std::unique_ptr<Engine> engine_ = open_engine();
    std::unique_ptr<Session> session_ = must(engine_->session(nullptr));
};

TEST_F(SqlFunctions, PythonLiteralGivesJsonThatQueriesCanTakeApart) {
    EXPECT_EQ(run(*session_,
                  R"(SELECT python_literal('{''nom'': "L''ECOLE", ''fin'': None}') ->> 'nom')"),
              "L'ECOLE\n");
}

TEST_F(SqlFunctions, PythonLiteralIsNullForNullAndForTextThatIsNoValue) {
    EXPECT_EQ(
        run(*session_,
            "SELECT python_literal(t) FROM (VALUES ('[1, nan]'), (NULL), ('[1'), ('x')) v(t)"),
        "[1,null]\nnull\nnull\nnull\n");
}

TEST_F(SqlFunctions, PythonLiteralReadsManyRows) {
    EXPECT_EQ(
        run(*session_,
            "SELECT count(*), sum(CAST(python_literal('[' || range || ', True]') ->> 0 AS BIGINT)) "
            "FROM range(10000)"),
        "10000|49995000\n");
}

}  // namespace
}  // namespace ingot::engine
