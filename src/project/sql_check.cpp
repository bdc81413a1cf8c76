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
        for (const Piece& piece : pieces_) {
            all += all.empty() ? kOpen : "\n), (\n";
            all += piece.sql;
        }
        all += "\n)";
        const auto parsed = facts_.parse(all);
        if (parsed && parsed->tables.empty()) return;
        for (const Piece& piece : pieces_) check(piece);
    }

private:
    void check(const Piece& piece) {
        const auto parsed = facts_.parse(fmt::format("{}{}\n)", kOpen, piece.sql));
        // The expression begins on the second line of what was parsed.
        const TextOrigin origin{piece.place->file, piece.place->line - 1, piece.place->column};
        if (!parsed) {
            Problems found;
            report_sql_error(parsed.error(), origin, found);
            SourcePlace place = found.list()[0].place;
            const bool one_line = piece.sql.find('\n') == std::string_view::npos;
            if (one_line && place.line == piece.place->line) {
                place.column += piece.place->column - 1;
            } else {
                place = *piece.place;
            }
            problems_.add(std::move(place), found.list()[0].message);
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
                const int line = found.is_table ? start.line : start.line - 1;
                report_sql_error(parsed.error(), {file, line, start.column}, problems);
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
