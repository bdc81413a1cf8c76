#pragma once
// Which table is made from which, and which column from which.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "project/project.hpp"
#include "sql/sql_facts.hpp"

namespace ingot::project {

/// The graph of tables: sources' tables, models and seeds. Immutable; keeps no reference to the
/// project.
class TableGraph {
public:
    explicit TableGraph(const Project& project);

    /// What the table is made from directly; empty for tables of sources and unknown names.
    const std::vector<TableName>& inputs(const TableName& table) const;
    /// What is made from it directly.
    const std::vector<TableName>& users(const TableName& table) const;
    /// Up to `steps` steps away, the start not included; sorted.
    std::vector<TableName> upstream(const TableName& table,
                                    std::size_t steps = ~std::size_t{0}) const;
    std::vector<TableName> downstream(const TableName& table,
                                      std::size_t steps = ~std::size_t{0}) const;

private:
    std::map<TableName, std::vector<TableName>> inputs_;
    std::map<TableName, std::vector<TableName>> users_;
};

/// The tables that are read in the end: views are replaced by what they read. Sorted, each once.
std::vector<TableName> base_tables(const Project& project, const std::vector<TableName>& inputs);

/// Gives the schema of a table as the lake has it, or nothing.
using SchemaLookup = std::function<std::optional<Schema>(const TableName&)>;

struct ColumnLineageOptions {
    SchemaLookup lake;  ///< For tables whose columns the project does not declare; may be empty.
    std::string cache_file;  ///< Empty: no cache. Damage is ignored and written over.
};

struct TableColumns {
    std::vector<sql::ColumnLineage> columns;
    /// Why the columns could not be found out: an input's columns are not known. Empty when they
    /// are.
    std::string unknown;
};

struct ColumnLineageResult {
    std::map<TableName, TableColumns> tables;
    std::vector<Problem> problems;  ///< Missing columns, broken contracts; sorted by place.
    std::size_t bound = 0;          ///< Models bound now ...
    std::size_t cached = 0;         ///< ... and taken from the cache.
};

/// Binds every model, inputs first, and checks contracts: a declared column exists and has the
/// declared type. A model that reads a table of unknown columns is not bound.
Result<ColumnLineageResult> column_lineage(const Project& project, sql::SqlFacts& facts,
                                           const ColumnLineageOptions& options = {});

}  // namespace ingot::project
