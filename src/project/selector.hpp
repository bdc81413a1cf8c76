#pragma once
// Selection of tables by name, graph and property; dbt's language.
//   silver.aqi  silver.*  aqi        names and globs (without a dot: the name part)
//   +x  x+  +x+  2+x  x+3  @x        with inputs, users, both, by steps; x, its users and all their
//   inputs tag:t  path:models/silver  source:s  kind:merge  owner:o  state:modified  state:new a b
//   = either    a,b = both
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/lineage.hpp"
#include "project/project.hpp"

namespace ingot::project {

/// What a state: selector compares with: code hashes as some earlier run stored them.
struct Manifest {
    std::map<TableName, std::string> code_hashes;

    static Manifest of(const Project& project);
    std::string to_json() const;
    static Result<Manifest> parse(std::string_view json);
};

struct Selection {
    std::string select;   ///< Empty: everything.
    std::string exclude;  ///< Empty: nothing.
    const Manifest* state = nullptr;
};

/// The selected tables in an order in which each comes after its inputs. A part that matches
/// nothing is kNotFound with the nearest name; bad syntax is kInvalidArgument.
Result<std::vector<TableName>> select_tables(const Project& project, const TableGraph& graph,
                                             const Selection& selection);

/// `checks.NAME`: by which a check across tables is selected and its results are kept.
TableName name_of_check(const TableCheckFile& check);

/// Tables, and the checks across them.
struct SelectedWork {
    std::vector<TableName> tables;
    std::vector<const TableCheckFile*> checks;  ///< Of `project`, in its order.
};

/// As select_tables, where `checks.NAME`, `path:checks` and a check's tags select checks too. A
/// check goes with any selected table that it reads, through views too, and is excluded with any.
Result<SelectedWork> select_work(const Project& project, const TableGraph& graph,
                                 const Selection& selection);

}  // namespace ingot::project
