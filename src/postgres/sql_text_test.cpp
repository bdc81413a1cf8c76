#include "postgres/sql_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<std::string> type_of(const std::string& name) {
    if (name == "window.start") return std::string("timestamptz");
    if (name == "params.day") return std::string("date");
    return make_error(ErrorCode::kInvalidArgument, "${} has no value here", name);
}

std::vector<std::string> statements(std::string_view text) {
    const auto split = split_statements(text, type_of);
    EXPECT_TRUE(split) << split.error().to_string();
    std::vector<std::string> sql;
    if (!split) return sql;
    for (const Statement& each : *split) sql.push_back(each.sql);
    return sql;
}

TEST(QuoteName, DoublesItsQuotes) {
    EXPECT_EQ(quote_name("a\"b"), "\"a\"\"b\"");
}

TEST(QuoteText, DoublesItsQuotesAndItsBackslashes) {
    EXPECT_EQ(quote_text("it's"), "'it''s'");
    EXPECT_EQ(quote_text("a\\'b"), "E'a\\\\''b'");
}

TEST(SplitStatements, CutsAtSemicolonsThatStandAlone) {
    EXPECT_THAT(statements("select 1; select ';' ;; -- a;b\nselect \"a;b\" /* ; /* ; */ */"),
                ElementsAre("select 1", "select ';' ", "select \"a;b\" /* ; /* ; */ */"));
    EXPECT_THAT(statements("do $$ begin; end $$; select $x$ ; $x$"),
                ElementsAre("do $$ begin; end $$", "select $x$ ; $x$"));
    EXPECT_THAT(statements(R"(select E'it\'s; ' ; select 'a\'; select 2)"),
                ElementsAre(R"(select E'it\'s; ' )", R"(select 'a\')", "select 2"));
    EXPECT_THAT(statements(" -- nothing\n ; /* here */ "), IsEmpty());
}

TEST(SplitStatements, BindsEachParameterOnceAndWithItsType) {
    const auto split = split_statements(
        "delete from t where d = $params.day and at >= $window.start and at < $window.start;\n"
        "select '$window.start', a$b from t where at > $window.start",
        type_of);
    ASSERT_TRUE(split) << split.error().to_string();
    ASSERT_EQ(split->size(), 2u);
    EXPECT_EQ((*split)[0].sql,
              "delete from t where d = ($1::date) and at >= ($2::timestamptz) and at < "
              "($2::timestamptz)");
    EXPECT_THAT((*split)[0].parameters, ElementsAre("params.day", "window.start"));
    EXPECT_EQ((*split)[1].sql, "select '$window.start', a$b from t where at > ($1::timestamptz)");
    EXPECT_EQ((*split)[1].line, 2);
}

TEST(SplitStatements, AnErrorNamesItsLine) {
    const auto message = [](std::string_view text) {
        const auto split = split_statements(text, type_of);
        return split ? std::string("no error") : split.error().to_string();
    };
    EXPECT_THAT(message("select 1;\nselect 'abc"), HasSubstr("line 2: this string is not closed"));
    EXPECT_THAT(message("\n\nselect $1"), HasSubstr("line 3: $1 is no parameter"));
    EXPECT_THAT(message("select\n $params.x"), HasSubstr("$params.x has no value here"));
    EXPECT_THAT(message("select\n $params.x"), HasSubstr("line 2"));
    EXPECT_THAT(message("/* /* */ select 1"), HasSubstr("comment is not closed"));
}

}  // namespace
}  // namespace ingot::postgres
