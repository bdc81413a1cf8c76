#pragma once
// SqlFacts for tests of this module: enough of SQL to find tables, parameters and functions by
// words, and to bind plain column lists. The real one is engine's.
#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/nearest_name.hpp"
#include "project/problems_internal.hpp"
#include "project/sql_text_internal.hpp"
#include "sql/sql_facts.hpp"

namespace ingot::project {

class FakeSqlFacts final : public sql::SqlFacts {
public:
    Result<sql::ParsedQuery> parse(std::string_view sql) override {
        ++parses;
        sql::ParsedQuery query;
        query.bindable_sql = sql;
        const auto tokens = tokenize_sql(sql);
        int depth = 0;
        std::set<std::string> ctes;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            const std::string_view text = tokens[i].text;
            if (text == "(") ++depth;
            if (text == ")" && --depth < 0) return error(sql, tokens[i].offset, ")");
            if (lower(text) == "oops") return error(sql, tokens[i].offset, text);
            if (i + 2 < tokens.size() && lower(tokens[i + 1].text) == "as" &&
                tokens[i + 2].text == "(") {
                ctes.insert(std::string(text));
            }
        }
        if (tokens.empty() || depth != 0) return error(sql, sql.size(), "");
        if (lower(tokens[0].text) != "select" && lower(tokens[0].text) != "with") {
            return error(sql, tokens[0].offset, tokens[0].text);
        }
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            const std::string word = lower(tokens[i].text);
            if ((word == "from" || word == "join") && i + 1 < tokens.size() &&
                tokens[i + 1].kind == SqlToken::Kind::kWord) {
                const std::string name = dotted(tokens, i + 1);
                if (!ctes.contains(name))
                    add_table(query, name, position(sql, tokens[i + 1].offset));
            }
            if (tokens[i].kind == SqlToken::Kind::kWord && tokens[i].text.starts_with('$')) {
                const std::string name = dotted(tokens, i).substr(1);
                if (std::find(query.parameters.begin(), query.parameters.end(), name) ==
                    query.parameters.end()) {
                    query.parameters.push_back(name);
                }
            }
            if (tokens[i].kind == SqlToken::Kind::kWord && i + 1 < tokens.size() &&
                tokens[i + 1].text == "(" && (i == 0 || tokens[i - 1].text != ".")) {
                query.functions.push_back(word);
            }
        }
        return query;
    }

    /// Every column of the list is `name`, `table.name` or `... AS name`; the type comes from the
    /// input column of that name, else bigint.
    Result<std::vector<sql::ColumnLineage>> bind(const sql::ParsedQuery& query,
                                                 const std::map<std::string, Schema>& tables,
                                                 const std::map<std::string, DataType>&,
                                                 const std::vector<std::string>&) override {
        ++binds;
        std::vector<sql::ColumnLineage> columns;
        const auto tokens = tokenize_sql(query.bindable_sql);
        std::vector<std::string> item;
        std::size_t offset = 0;
        int depth = 0;
        for (std::size_t i = 1; i < tokens.size(); ++i) {
            const std::string word(tokens[i].text);
            if (word == "(") ++depth;
            if (word == ")") --depth;
            const bool end = depth == 0 && lower(word) == "from";
            if (!end && !(depth == 0 && word == ",")) {
                if (item.empty()) offset = tokens[i].offset;
                item.push_back(word);
                continue;
            }
            INGOT_TRY_ASSIGN(auto column,
                             bind_item(item, tables, position(query.bindable_sql, offset)));
            columns.push_back(std::move(column));
            item.clear();
            if (end) break;
        }
        return columns;
    }

    std::atomic<int> parses{0};
    std::atomic<int> binds{0};

private:
    static Result<sql::ColumnLineage> bind_item(const std::vector<std::string>& item,
                                                const std::map<std::string, Schema>& tables,
                                                sql::Position at) {
        sql::ColumnLineage out;
        out.column = {item.back(), TypeId::kLong};
        const bool renamed = item.size() > 2 && lower(item[item.size() - 2]) == "as";
        const std::string& wanted = renamed ? item[0] : item.back();
        std::vector<std::string> known;
        for (const auto& [table, schema] : tables) {
            for (const Field& field : schema.fields) {
                known.push_back(field.name);
                if (field.name != wanted) continue;
                out.column.type = field.type;
                out.sources.emplace_back(table, field.name);
                return out;
            }
        }
        if (renamed) return out;
        return make_error(ErrorCode::kInvalidArgument, "{}:{}: there is no column '{}'{}", at.line,
                          at.column, wanted, did_you_mean(wanted, known));
    }

    static void add_table(sql::ParsedQuery& query, const std::string& name, sql::Position at) {
        for (const auto& table : query.tables) {
            if (table.name == name) return;
        }
        query.tables.push_back({name, at});
    }

    static std::string dotted(const std::vector<SqlToken>& tokens, std::size_t at) {
        std::string name(tokens[at].text);
        while (at + 2 < tokens.size() && tokens[at + 1].text == "." &&
               tokens[at + 2].kind == SqlToken::Kind::kWord) {
            name += "." + std::string(tokens[at + 2].text);
            at += 2;
        }
        return name;
    }

    static std::string lower(std::string_view text) {
        std::string out(text);
        for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return out;
    }

    static sql::Position position(std::string_view sql, std::size_t offset) {
        const SourcePlace place = place_of(sql, offset, {"", 1, 1});
        return {place.line, place.column};
    }

    static Error error(std::string_view sql, std::size_t offset, std::string_view near) {
        const sql::Position at = position(sql, offset);
        return make_error(ErrorCode::kInvalidArgument, "{}:{}: syntax error at or near \"{}\"",
                          at.line, at.column, near);
    }
};

}  // namespace ingot::project
