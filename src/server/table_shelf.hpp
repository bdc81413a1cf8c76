#pragma once
// What lists show of tables, kept between requests: a table's log is read again when it has a new
// version.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/definitions.hpp"

#include "base/guarded.hpp"

namespace ingot::server {

/// A table as the lake has it.
struct TableFacts {
    std::int64_t version = 0;
    std::optional<std::int64_t> rows;  ///< None: its files do not say.
    std::int64_t bytes = 0;
    std::int64_t files = 0;
    Timestamp changed_at;
    std::optional<Timestamp> newest_window_end;  ///< Of the windows that are done.
    std::vector<std::string> partition;
    ingot::Schema columns;
};

/// The newest result of one check.
struct LastCheck {
    std::string name;
    std::string status;  ///< passed, warned, failed, error, skipped
    std::string message;
    Timestamp at;
    std::string run_id;
};

/// Thread-safe. A table's log is looked at once a second at most.
class TableShelf {
public:
    explicit TableShelf(const Clock& clock = system_clock()) : clock_(clock) {}

    /// Null: it has not been built.
    Result<std::shared_ptr<const TableFacts>> facts(const service::Definitions& definitions,
                                                    const project::TableName& table);

    using Checks = std::map<std::string, std::vector<LastCheck>>;  ///< By table, sorted by name.
    Result<std::shared_ptr<const Checks>> checks(const service::Definitions& definitions);

private:
    struct Kept {
        Duration looked_at{};
        std::string location;  ///< Another lake has other tables.
        std::shared_ptr<const TableFacts> facts;
    };
    struct KeptChecks {
        std::int64_t version = -1;
        std::string lake;
        std::shared_ptr<const Checks> checks;
    };
    const Clock& clock_;
    Guarded<std::map<project::TableName, Kept>> kept_;
    Guarded<KeptChecks> checks_;
};

}  // namespace ingot::server
