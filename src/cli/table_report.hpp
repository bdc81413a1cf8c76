#pragma once
#include "task/run_report.hpp"

namespace ingot::cli {

double seconds(Duration duration);
/// What a run did to one table, on stderr: a line, and one for each thing to know about it.
void print_table_report(const task::TableReport& report);
/// The checks across tables, which no table's line shows.
void print_checks_across(const task::RunReport& report);

}  // namespace ingot::cli
