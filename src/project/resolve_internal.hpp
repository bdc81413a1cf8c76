#pragma once
// Names, order and windows: what needs more than one file.
#include <string>
#include <string_view>
#include <vector>

#include "project/problems_internal.hpp"
#include "project/project.hpp"
#include "project/sql_text_internal.hpp"
#include "sql/sql_facts.hpp"

namespace ingot::project {

// Of one file; safe to call from several threads.
/// Sets `query` of the models (copies of one file) and checks the syntax of rules and checks.
void check_model_sql(std::vector<Model>& models, const SqlFile& file, Problems& problems,
                     sql::SqlFacts& facts);
void check_source_sql(const Source& source, Problems& problems, sql::SqlFacts& facts);
void check_pipeline_sql(Pipeline& pipeline, Problems& problems, sql::SqlFacts& facts);
std::vector<Macro> read_macros(std::string_view text, std::string_view file, Problems& problems,
                               sql::SqlFacts& facts);

// Of the whole project.
/// Sets `inputs` and `macros` everywhere; reports unknown tables, parameters and names that are
/// there twice. `broken` are tables whose own files were reported already.
void resolve_names(Project& project, const std::vector<TableName>& broken, Problems& problems,
                   sql::SqlFacts& facts);
/// Models after their inputs, macros after those that they use; a cycle is reported with its
/// places.
void order_models(Project& project, Problems& problems);
/// Gives models without `window:` that of their inputs.
void set_windows(Project& project, Problems& problems);
void index_project(Project& project);
/// Selectors and tables that pipelines name.
void check_pipelines(const Project& project, Problems& problems);

/// The table that a quarantine table belongs to, if the name is one.
std::optional<TableName> quarantined_table(const TableName& name, const Project& project);

}  // namespace ingot::project
