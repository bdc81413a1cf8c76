#pragma once
// Who did what, or was not let: every request that would change something.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/accounts.hpp"

namespace ingot::server {

struct AuditEntry {
    std::int64_t no = 0;  ///< Ascending; given when it is written.
    Timestamp at = {};
    std::string who;      ///< `local`, a user, `token NAME`, `cli NAME`, or empty: nobody known.
    std::string what;     ///< The endpoint: `cancel_run`.
    std::string object;   ///< What it was about: `/api/v1/runs/0190.../cancel`.
    std::string outcome;  ///< `done`, `denied`, `failed`, and the status: `denied 403`.
    std::string address;
};

/// Thread-safe. Durable when `add` returns.
class AuditLog {
public:
    static Result<std::unique_ptr<AuditLog>> open(const std::string& path,
                                                  const Clock& clock = system_clock());
    ~AuditLog();
    Status add(AuditEntry entry);
    /// Newest first; `before` is the number of the last entry of the page before.
    Result<std::vector<AuditEntry>> list(std::optional<std::int64_t> before,
                                         std::int64_t at_most) const;

private:
    AuditLog(std::unique_ptr<sqlite::Database> database, const Clock& clock);
    Guarded<std::unique_ptr<sqlite::Database>> database_;
    const Clock& clock_;
};

}  // namespace ingot::server
