#pragma once
// One function per verb: adds the verb to the command line and says what it does when called. One
// file each.
#include "cli/invocation.hpp"

namespace ingot::cli {

/// Where a verb leaves its action when the command line names it.
using Chosen = std::function<void(Action)>;

void add_alerts(CLI::App& app, const Chosen& chosen);
void add_backfill(CLI::App& app, const Chosen& chosen);
void add_backfills(CLI::App& app, const Chosen& chosen);
void add_check(CLI::App& app, const Chosen& chosen);
void add_datagen(CLI::App& app, const Chosen& chosen);
void add_doctor(CLI::App& app, const Chosen& chosen);
void add_init(CLI::App& app, const Chosen& chosen);
void add_lineage(CLI::App& app, const Chosen& chosen);
void add_ls(CLI::App& app, const Chosen& chosen);
void add_plan(CLI::App& app, const Chosen& chosen);
void add_render(CLI::App& app, const Chosen& chosen);
void add_run(CLI::App& app, const Chosen& chosen);
void add_run_task(CLI::App& app, const Chosen& chosen);
void add_runs(CLI::App& app, const Chosen& chosen);
void add_schema(CLI::App& app, const Chosen& chosen);
void add_serve(CLI::App& app, const Chosen& chosen);
void add_sql(CLI::App& app, const Chosen& chosen);
void add_table(CLI::App& app, const Chosen& chosen);
void add_test(CLI::App& app, const Chosen& chosen);
void add_token(CLI::App& app, const Chosen& chosen);
void add_user(CLI::App& app, const Chosen& chosen);
void add_version(CLI::App& app, const Chosen& chosen);

}  // namespace ingot::cli
