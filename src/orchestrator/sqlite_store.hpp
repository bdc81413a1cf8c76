#pragma once
#include "orchestrator/store.hpp"

namespace ingot::orchestrator {

struct SqliteStoreOptions {
    std::string path;
    Duration lock_wait = std::chrono::seconds(10);  ///< For other processes that write.
};

/// A store in one SQLite file, made when it is absent, as is its folder; an older one is brought up
/// to date. kUnsupported: a newer version made it. kCorruptData: damaged, or something else.
/// kTimeout: another process does not let go of it. kIo: the disk is full, or read-only.
Result<std::unique_ptr<Store>> open_sqlite_store(SqliteStoreOptions options);

}  // namespace ingot::orchestrator
