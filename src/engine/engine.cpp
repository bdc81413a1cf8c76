#include "engine/engine.hpp"

#include <duckdb_pin.hpp>

#include "engine/batch_scan_internal.hpp"
#include "engine/connection_internal.hpp"
#include "engine/delta_functions_internal.hpp"
#include "engine/errors_internal.hpp"
#include "engine/file_scan_internal.hpp"
#include "engine/lake_catalog_internal.hpp"
#include "engine/parquet_io_internal.hpp"
#include "engine/session_internal.hpp"
#include "engine/sql_facts_internal.hpp"
#include "engine/sql_functions_internal.hpp"
#include "engine/table_writer_internal.hpp"

namespace ingot::engine {
namespace {

/// The interface of the library has no stable binary form: another library than the one whose
/// headers were compiled would run, wrongly.
Status check_library() {
    const std::string version = duckdb::DuckDB::LibraryVersion();
    const std::string source = duckdb::DuckDB::SourceID();
    if (version == DUCKDB_PIN_VERSION && source == DUCKDB_PIN_SOURCE_ID) {
        return {};
    }
    return make_error(ErrorCode::kUnsupported,
                      "this program was built for DuckDB {} ({}) and found {} ({}); put the "
                      "libduckdb.so of its release beside it",
                      DUCKDB_PIN_VERSION, DUCKDB_PIN_SOURCE_ID, version, source);
}

std::uint64_t default_memory() {
    const auto available = duckdb::FileSystem::GetAvailableMemory();
    constexpr std::uint64_t kFallback = 1ULL << 30;
    return available.IsValid() ? available.GetIndex() * 39 / 100 : kFallback;
}

void configure(duckdb::DBConfig& config, const EngineOptions& options) {
    const auto memory = options.memory_bytes == 0 ? default_memory() : options.memory_bytes;
    config.SetOptionByName("memory_limit", duckdb::Value(fmt::format("{} B", memory)));
    if (options.threads != 0) {
        config.SetOptionByName("threads", duckdb::Value::UBIGINT(options.threads));
    }
    if (options.spill_dir.empty()) {
        config.options.use_temporary_directory = false;
    } else {
        config.SetOptionByName("temp_directory", duckdb::Value(options.spill_dir));
    }
    config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
    config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
    config.SetOptionByName("allow_unsigned_extensions", duckdb::Value::BOOLEAN(false));
    // Rows have no order without ORDER BY; keeping one would make writes wait for each other.
    config.SetOptionByName("preserve_insertion_order", duckdb::Value::BOOLEAN(false));
}

class EngineImpl final : public Engine {
public:
    explicit EngineImpl(InstancePtr instance)
        : instance_(std::move(instance)),
          parquet_(make_parquet_io(instance_)),
          facts_(make_sql_facts(instance_)) {}

    Result<std::unique_ptr<Session>> session(std::shared_ptr<TableLookup> lookup) override {
        return make_session(instance_, std::move(lookup));
    }
    delta::ParquetIo& parquet() override { return *parquet_; }
    sql::SqlFacts& sql_facts() override { return *facts_; }
    std::string version() const override {
        return fmt::format("DuckDB {} ({})", duckdb::DuckDB::LibraryVersion(),
                           duckdb::DuckDB::SourceID());
    }

private:
    InstancePtr instance_;
    std::unique_ptr<delta::ParquetIo> parquet_;
    std::unique_ptr<sql::SqlFacts> facts_;
};

}  // namespace

Result<std::unique_ptr<duckdb::Connection>> open_connection(Instance& instance) {
    return guarded([&]() -> Result<std::unique_ptr<duckdb::Connection>> {
        return std::make_unique<duckdb::Connection>(*instance.database);
    });
}

Result<std::unique_ptr<Engine>> Engine::open(const EngineOptions& options) {
    INGOT_TRY(check_library());
    return guarded([&]() -> Result<std::unique_ptr<Engine>> {
        duckdb::DBConfig config;
        configure(config, options);
        auto instance = std::make_shared<Instance>();
        instance->stores = std::make_shared<StoreRegistry>();
        register_lake(config);
        instance->database = std::make_unique<duckdb::DuckDB>(nullptr, &config);
        auto& database = *instance->database->instance;
        duckdb::FileSystem::GetFileSystem(database).RegisterSubSystem(
            make_store_file_system(instance->stores));
        duckdb::ExtensionLoader loader(database, "ingot");
        register_batch_scan(loader);
        register_sql_functions(loader);
        register_file_scan(loader);
        register_table_writer(loader);
        register_delta_functions(loader, *instance);
        duckdb::Connection connection(*instance->database);
        const auto set = connection.Query("SET GLOBAL TimeZone = 'UTC'");
        if (set->HasError()) {
            return to_error(set->GetErrorObject());
        }
        INGOT_TRY(attach_lake(connection));
        return std::unique_ptr<Engine>(std::make_unique<EngineImpl>(std::move(instance)));
    });
}

}  // namespace ingot::engine
