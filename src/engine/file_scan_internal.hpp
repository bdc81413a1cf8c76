#pragma once
// Scans of Parquet files whose schema is known beforehand: one file of a store, or the files of a
// Delta snapshot.
#include <memory>
#include <string>

#include "base/guarded.hpp"
#include "delta/snapshot.hpp"
#include "engine/duckdb_compat/multi_file.hpp"
#include "engine/store_file_system_internal.hpp"

namespace ingot::engine {

/// What one scan reads. Immutable.
struct ScanSource {
    duckdb::vector<duckdb::MultiFileColumnDefinition> columns;
    duckdb::MultiFileColumnMappingMode mapping = duckdb::MultiFileColumnMappingMode::BY_NAME;
    /// Holds the snapshot's store, or nothing.
    std::shared_ptr<StoreRegistry::Lease> lease;
    delta::SnapshotPtr snapshot;  ///< Null: the single file below.
    std::string file;             ///< The engine's path.
    std::uint64_t file_size = 0;
    /// Where the scan stands for a table of the lake: its `layer.name`, and its entry, which
    /// outlives every plan of the session.
    std::string table;
    duckdb::TableCatalogEntry* entry = nullptr;
};
using ScanSourcePtr = std::shared_ptr<const ScanSource>;

ScanSourcePtr make_file_source(const Schema& wanted, std::string path, std::uint64_t size);
/// Enough to bind, not to run.
ScanSourcePtr make_schema_source(const Schema& schema, std::string table);
ScanSourcePtr make_snapshot_source(delta::SnapshotPtr snapshot,
                                   const std::shared_ptr<StoreRegistry>& stores);

/// The scan sources that the running statement of a connection names.
class SessionScans final : public duckdb::ClientContextState {
public:
    static duckdb::shared_ptr<SessionScans> of(duckdb::ClientContext& context);
    /// Returns the key under which `find` gives it back.
    std::string add(ScanSourcePtr source);
    ScanSourcePtr find(const std::string& key) const;
    void QueryEnd() override;

private:
    struct State {
        std::uint64_t next = 0;
        std::map<std::string, ScanSourcePtr> sources;
    };
    Guarded<State> state_;
};

inline constexpr const char* kFileScanFunction = "ingot_file_scan";

/// What a bound `ingot_file_scan` reads.
const ScanSource& scan_source_of(const duckdb::FunctionData& bind_data);

/// Registers `ingot_file_scan(key)`.
void register_file_scan(duckdb::ExtensionLoader& loader);

}  // namespace ingot::engine
