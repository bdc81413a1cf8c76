// Syntax of every piece of SQL in a project, while its file is read.
#include <algorithm>
#include <fmt/format.h>

#include "project/resolve_internal.hpp"

namespace ingot::project {

namespace {

/// A piece of SQL with the place that it has in its file.
struct Piece {
    std::string_view sql;
    const SourcePlace* place;
    bool may_read_tables = false;
};

constexpr std::string_view kOpen = "SELECT (\n";

/// Brackets close inside the text: else two wrong expressions could make a right statement.
bool is_closed(std::string_view sql) {
    int depth = 0;
    for (const SqlToken& token : tokenize_sql(sql)) {
        if (token.kind != SqlToken::Kind::kSymbol) continue;
        if (token.text == "(") ++depth;
        if (token.text == ")" && --depth < 0) return false;
    }
    return depth == 0;
}

/// Parses expressions, all in one statement when they are right, which is the usual case.
class ExpressionCheck {
public:
    ExpressionCheck(Problems& problems, sql::SqlFacts& facts)
        : problems_(problems), facts_(facts) {}

    void add(std::string_view sql, const SourcePlace& place, bool may_read_tables = false) {
        pieces_.push_back({sql, &place, may_read_tables});
    }

    void run() {
        if (pieces_.empty()) return;
        std::string all;
        bool closed = true;
        for (const Piece& piece : pieces_) {
            closed = closed && is_closed(piece.sql);
            all += all.empty() ? kOpen : "\n), (\n";
            all += piece.sql;
        }
        all += "\n)";
        if (closed) {
            const auto parsed = facts_.parse(all);
            if (parsed && parsed->tables.empty()) return;
        }
        for (const Piece& piece : pieces_) check(piece);
    }

private:
    void check(const Piece& piece) {
        if (!is_closed(piece.sql)) {
            return problems_.add(*piece.place, "the brackets of this expression do not close");
        }
        const auto parsed = facts_.parse(fmt::format("{}{}\n)", kOpen, piece.sql));
        if (!parsed) {
            Problems found;
            const SourcePlace& start = *piece.place;
            report_sql_error(parsed.error(), {start.file, start.line, start.column}, found, 1);
            // Only in a text of one line does a column of the SQL tell one of the file.
            const bool one_line = piece.sql.find('\n') == std::string_view::npos;
            problems_.add(one_line ? found.list()[0].place : start, found.list()[0].message);
        } else if (!parsed->tables.empty() && !piece.may_read_tables) {
            problems_.add(*piece.place, "this is about one row: it can't read the table " +
                                            parsed->tables[0].name);
        }
    }

    Problems& problems_;
    sql::SqlFacts& facts_;
    std::vector<Piece> pieces_;
};

void add_rules(const std::vector<Rule>& rules, ExpressionCheck& expressions) {
    for (const Rule& rule : rules) expressions.add(rule.when, rule.place);
}

void add_checks(const std::vector<Check>& checks, ExpressionCheck& expressions, Problems& problems,
                sql::SqlFacts& facts) {
    for (const Check& check : checks) {
        if (check.where) expressions.add(*check.where, check.place, true);
        if (const auto* sql = std::get_if<SqlCheck>(&check.body)) {
            expressions.add(sql->expression, check.place, true);
        } else if (const auto* anomaly = std::get_if<AnomalyCheck>(&check.body)) {
            expressions.add(anomaly->metric, check.place);
        } else if (const auto* query = std::get_if<QueryCheck>(&check.body)) {
            const auto parsed = facts.parse(query->query);
            if (!parsed) problems.add(check.place, parsed.error().message);
        }
    }
}

}  // namespace

void check_model_sql(std::vector<Model>& models, const SqlFile& file, Problems& problems,
                     sql::SqlFacts& facts) {
    if (models.empty()) return;
    auto parsed = facts.parse(file.sql);
    if (!parsed) {
        report_sql_error(parsed.error(), file.sql_origin, problems);
        models.clear();
        return;
    }
    const Model& model = models[0];
    ExpressionCheck expressions(problems, facts);
    add_rules(model.reject, expressions);
    add_rules(model.warn, expressions);
    add_checks(model.checks, expressions, problems, facts);
    expressions.run();
    if (model.duplicates.mode == Duplicates::Mode::kKeep) {
        const auto order = facts.parse("SELECT 1 AS one ORDER BY\n" + model.duplicates.keep);
        if (!order) problems.add(model.duplicates.place, order.error().message);
    }
    for (std::size_t i = 1; i < models.size(); ++i) models[i].query = *parsed;
    models[0].query = *std::move(parsed);
}

void check_source_sql(const Source& source, Problems& problems, sql::SqlFacts& facts) {
    for (const SourceTable& table : source.tables) {
        ExpressionCheck expressions(problems, facts);
        add_rules(table.reject, expressions);
        add_rules(table.warn, expressions);
        for (const ColumnSpec& column : table.columns) {
            if (column.expr) expressions.add(*column.expr, column.place);
        }
        add_checks(table.checks, expressions, problems, facts);
        expressions.run();
    }
}

void check_pipeline_sql(Pipeline& pipeline, Problems& problems, sql::SqlFacts& facts) {
    for (PipelineTask& task : pipeline.tasks) {
        auto* sql = std::get_if<SqlTask>(&task.body);
        if (sql == nullptr || !sql->connection.empty()) continue;
        auto parsed = facts.parse(sql->sql);
        if (!parsed) {
            report_sql_error(parsed.error(), {sql->place.file, sql->place.line, sql->place.column},
                             problems);
            continue;
        }
        for (const sql::TableReference& table : parsed->tables) {
            if (auto name = TableName::parse(table.name)) {
                sql->inputs.push_back(*std::move(name));
            } else {
                problems.add(sql->place, "'" + table.name + "' is no table: write layer.name");
            }
        }
        sql->query = *std::move(parsed);
    }
}

std::vector<Macro> read_macros(std::string_view text, std::string_view file, Problems& problems,
                               sql::SqlFacts& facts) {
    std::vector<Macro> macros;
    for (const MacroText& found : split_macros(text, file, problems)) {
        Macro macro;
        macro.name = found.name;
        macro.sql = found.sql;
        macro.place = place_of(text, found.offset, {file, 1, 1});
        for (const std::string_view body : found.bodies) {
            const SourcePlace start =
                place_of(text, static_cast<std::size_t>(body.data() - text.data()), {file, 1, 1});
            const auto parsed = facts.parse(found.is_table ? std::string(body)
                                                           : fmt::format("{}{}\n)", kOpen, body));
            if (!parsed) {
                report_sql_error(parsed.error(), {file, start.line, start.column}, problems,
                                 found.is_table ? 0 : 1);
                continue;
            }
            for (const sql::TableReference& table : parsed->tables) {
                if (auto name = TableName::parse(table.name)) {
                    macro.inputs.push_back(*std::move(name));
                } else {
                    problems.add(start, "'" + table.name + "' is no table: write layer.name");
                }
            }
            macro.uses.insert(macro.uses.end(), parsed->functions.begin(), parsed->functions.end());
            for (const std::string& parameter : parsed->parameters) {
                problems.add(start, "a macro can't use $" + parameter + ": give it an argument");
            }
        }
        macros.push_back(std::move(macro));
    }
    return macros;
}

}  // namespace ingot::project
