#include "server/audit_log.hpp"

#include "sqlite/database.hpp"

namespace ingot::server {

AuditLog::AuditLog(std::unique_ptr<sqlite::Database> database, const Clock& clock)
    : database_(std::move(database)), clock_(clock) {}

AuditLog::~AuditLog() = default;

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::string& path, const Clock& clock) {
    INGOT_TRY_ASSIGN(auto database, open_account_file(path));
    return std::unique_ptr<AuditLog>(new AuditLog(std::move(database), clock));
}

Status AuditLog::add(AuditEntry entry) {
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto insert,
                     (*database)->prepare("INSERT INTO audit (at, who, what, object, outcome,"
                                          " address) VALUES (?, ?, ?, ?, ?, ?)"));
    insert.bind(clock_.now().micros()).bind(entry.who).bind(entry.what).bind(entry.object);
    return insert.bind(entry.outcome).bind(entry.address).run();
}

Result<std::vector<AuditEntry>> AuditLog::list(std::optional<std::int64_t> before,
                                               std::int64_t at_most) const {
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto row,
                     (*database)->prepare("SELECT no, at, who, what, object, outcome, address"
                                          " FROM audit WHERE no < ? ORDER BY no DESC LIMIT ?"));
    row.bind(before.value_or(INT64_MAX)).bind(at_most);
    std::vector<AuditEntry> entries;
    for (;;) {
        INGOT_TRY_ASSIGN(const bool found, row.next());
        if (!found) return entries;
        entries.push_back({row.number(0), Timestamp::from_micros(row.number(1)), row.text(2),
                           row.text(3), row.text(4), row.text(5), row.text(6)});
    }
}

}  // namespace ingot::server
