#include "server/table_shelf.hpp"

#include "base/scalar.hpp"
#include "publish/progress.hpp"
#include "quality/tables.hpp"

namespace ingot::server {
namespace {

constexpr Duration kLookAgain = std::chrono::seconds(1);

Result<std::shared_ptr<const TableFacts>> read_facts(const delta::Snapshot& snapshot) {
    auto facts = std::make_shared<TableFacts>();
    const delta::FileIndex& files = snapshot.files();
    facts->version = snapshot.version().value();
    facts->rows = files.live_rows(files.all());
    facts->bytes = static_cast<std::int64_t>(files.total_size());
    facts->files = static_cast<std::int64_t>(files.live_count());
    facts->changed_at = snapshot.timestamp();
    facts->partition = snapshot.metadata().partition_columns;
    facts->columns = snapshot.schema();
    INGOT_TRY_ASSIGN(const publish::StoredProgress stored, publish::load_progress(snapshot));
    const IntervalSet done = stored.progress.in_state(publish::WindowState::kDone);
    if (!done.empty()) facts->newest_window_end = done.intervals().back().end;
    return std::shared_ptr<const TableFacts>(std::move(facts));
}

/// Whether the log of the table still ends where it did. Of a table in another lake, or outside,
/// that is not known.
bool is_newest(const service::Definitions& definitions, const project::TableName& table,
               const TableFacts& facts) {
    const auto newest = delta::latest_version(definitions.workspace.lake.location(table));
    return newest && newest->value() == facts.version;
}

}  // namespace

Result<std::shared_ptr<const TableFacts>> TableShelf::facts(const service::Definitions& definitions,
                                                            const project::TableName& table) {
    using Facts = std::shared_ptr<const TableFacts>;
    const std::string location = definitions.workspace.lake.location(table).to_string();
    const Duration now = clock_.steady();
    Kept known;
    {
        auto kept = kept_.lock();
        const auto found = kept->find(table);
        if (found != kept->end() && found->second.location == location) known = found->second;
    }
    const bool fresh = known.location == location && now - known.looked_at < kLookAgain;
    if (fresh) return known.facts;
    if (!known.facts || !is_newest(definitions, table, *known.facts)) {
        // Without a lock: others may look at other tables, or twice at this one.
        task::Pins pins(definitions.workspace);
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pins.snapshot(table));
        known.facts = nullptr;
        if (snapshot) {
            INGOT_TRY_ASSIGN(known.facts, read_facts(*snapshot));
        }
    }
    known.looked_at = now;
    known.location = location;
    Facts facts = known.facts;
    kept_.lock()->insert_or_assign(table, std::move(known));
    return facts;
}

Result<std::shared_ptr<const TableShelf::Checks>> TableShelf::checks(
    const service::Definitions& definitions) {
    const project::TableName table = quality::check_results_table();
    INGOT_TRY_ASSIGN(const auto facts, this->facts(definitions, table));
    if (!facts) return std::make_shared<const Checks>();
    // Whoever comes meanwhile waits for the same answer instead of asking for it again.
    auto kept = checks_.lock();
    const std::string& lake = definitions.workspace.lake.uri();
    if (kept->version == facts->version && kept->lake == lake) return kept->checks;
    task::Pins pins(definitions.workspace);
    INGOT_TRY_ASSIGN(const auto session, pins.open_session());
    const std::string sql = fmt::format(
        "SELECT \"table\", \"check\", status, coalesce(message, ''), checked_at, run_id FROM {} "
        "QUALIFY row_number() OVER (PARTITION BY \"table\", \"check\" ORDER BY checked_at DESC, "
        "run_id DESC) = 1 ORDER BY 1, 2",
        table.text());
    INGOT_TRY_ASSIGN(const ColumnBatch rows, session->query_all({sql, {}}));
    Checks checks;
    for (std::int64_t row = 0; row < rows.rows; ++row) {
        const auto text = [&](std::size_t column) {
            return scalar_at(rows.columns[column], row).as_text();
        };
        const std::int64_t at = scalar_at(rows.columns[4], row).as_integer();
        checks[text(0)].push_back({text(1), text(2), text(3), Timestamp::from_micros(at), text(5)});
    }
    *kept = {facts->version, lake, std::make_shared<const Checks>(std::move(checks))};
    return kept->checks;
}

}  // namespace ingot::server
