#pragma once
// Facts about a SQL text, without running it. The interface is ours; `engine` implements it.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/data_type.hpp"
#include "base/result.hpp"

namespace ingot::sql {

/// A place in a SQL text, from 1. Columns count bytes.
struct Position {
    int line = 1;
    int column = 1;
};

struct TableReference {
    std::string name;  ///< As written, parts joined by '.', unquoted: `silver.events`.
    Position position;
};

/// What the parse tree alone tells.
struct ParsedQuery {
    std::vector<TableReference> tables;  ///< Real tables; CTE names are not among them. In order of
                                         ///< appearance, repeats dropped.
    std::vector<std::string> parameters;  ///< `window.start`, `params.x`, `previous.row_count`,
                                          ///< `run.time`: dotted names after `$`.
    std::vector<std::string> functions;   ///< Scalar, aggregate and table functions, lower case.
    /// The statement with every `$a.b` replaced by a prepared-statement parameter `$a__b`.
    std::string bindable_sql;
};

/// One output column and the input columns that its value is computed from.
struct ColumnLineage {
    Field column;
    std::vector<std::pair<std::string, std::string>> sources;  ///< (table, column)
};

class SqlFacts {
public:
    virtual ~SqlFacts() = default;
    /// May be called from several threads at once. Requires one SELECT statement. kInvalidArgument
    /// with `line:column: message` relative to the text.
    virtual Result<ParsedQuery> parse(std::string_view sql) = 0;
    /// Binds against tables of the given schemas. Errors name the missing column or table and its
    /// nearest neighbour. `parameters` gives the type of each parameter that occurs; `macros` are
    /// CREATE MACRO statements run before.
    virtual Result<std::vector<ColumnLineage>> bind(
        const ParsedQuery& query, const std::map<std::string, Schema>& tables,
        const std::map<std::string, DataType>& parameters,
        const std::vector<std::string>& macros) = 0;
};

}  // namespace ingot::sql
