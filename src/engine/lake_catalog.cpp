#include <map>
#include <mutex>

#include "base/nearest_name.hpp"
#include "engine/batch_scan_internal.hpp"
#include "engine/duckdb_compat/catalog.hpp"
#include "engine/errors_internal.hpp"
#include "engine/file_scan_internal.hpp"
#include "engine/lake_catalog_internal.hpp"
#include "engine/statement_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

constexpr const char* kCatalogName = "lake";
constexpr const char* kCatalogType = "ingot_lake";

/// What one session has looked up. Entries live as long as the session, since plans refer to them.
struct LakeState final : duckdb::ClientContextState {
    static constexpr const char* kKey = "ingot_lake";
    static duckdb::shared_ptr<LakeState> of(duckdb::ClientContext& context) {
        return context.registered_state->Get<LakeState>(kKey);
    }

    InstancePtr instance;
    std::shared_ptr<TableLookup> lookup;
    std::map<std::string, Schema> schemas;  ///< Lower case `layer.name`.
    std::mutex mutex;
    std::map<std::tuple<std::string, std::string, std::int64_t>,
             duckdb::unique_ptr<duckdb::CatalogEntry>>
        entries;

    std::vector<std::string> names() const {
        if (lookup) {
            return lookup->names();
        }
        std::vector<std::string> result;
        for (const auto& [name, schema] : schemas) {
            result.push_back(name);
        }
        return result;
    }
};

[[noreturn]] void refuse(const char* what) {
    throw_error(make_error(ErrorCode::kUnsupported,
                           "{}: tables of the lake are written by `ingot run`, not by SQL", what));
}

duckdb::BindInfo name_table(const duckdb::optional_ptr<duckdb::FunctionData> bind_data) {
    duckdb::BindInfo info(duckdb::ScanType::EXTERNAL);
    info.table = scan_source_of(*bind_data).entry;
    return info;
}

class LakeTable final : public duckdb::TableCatalogEntry {
public:
    LakeTable(duckdb::Catalog& lake, duckdb::SchemaCatalogEntry& layer,
              duckdb::CreateTableInfo& info, ScanSourcePtr source)
        : TableCatalogEntry(lake, layer, info) {
        auto own = std::make_shared<ScanSource>(*source);
        own->entry = this;
        source_ = std::move(own);
    }

    duckdb::unique_ptr<duckdb::BaseStatistics> GetStatistics(duckdb::ClientContext&,
                                                             duckdb::column_t) override {
        return nullptr;
    }

    duckdb::TableFunction GetScanFunction(
        duckdb::ClientContext& context,
        duckdb::unique_ptr<duckdb::FunctionData>& bind_data) override {
        auto& functions = duckdb::Catalog::GetSystemCatalog(context)
                              .GetEntry<duckdb::TableFunctionCatalogEntry>(context, DEFAULT_SCHEMA,
                                                                           kFileScanFunction)
                              .functions;
        auto function = functions.GetFunctionByArguments(context, {duckdb::LogicalType::VARCHAR});
        duckdb::vector<duckdb::Value> inputs{
            duckdb::Value(SessionScans::of(context)->add(source_))};
        duckdb::named_parameter_map_t named;
        duckdb::vector<duckdb::LogicalType> input_types;
        duckdb::vector<std::string> input_names;
        const duckdb::TableFunctionRef ref;
        duckdb::TableFunctionBindInput input(inputs, named, input_types, input_names,
                                             function.function_info.get(), nullptr, function, ref);
        duckdb::vector<duckdb::LogicalType> types;
        duckdb::vector<std::string> names;
        bind_data = function.bind(context, input, types, names);
        // The binder gives a table its virtual columns only when the scan names the table.
        function.get_bind_info = name_table;
        return function;
    }

    duckdb::TableStorageInfo GetStorageInfo(duckdb::ClientContext&) override { return {}; }

    duckdb::virtual_column_map_t GetVirtualColumns() const override {
        duckdb::virtual_column_map_t virtual_columns;
        using Reader = duckdb::MultiFileReader;
        virtual_columns.emplace(Reader::COLUMN_IDENTIFIER_FILENAME,
                                duckdb::TableColumn("filename", duckdb::LogicalType::VARCHAR));
        virtual_columns.emplace(
            Reader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER,
            duckdb::TableColumn("file_row_number", duckdb::LogicalType::BIGINT));
        virtual_columns.emplace(Reader::COLUMN_IDENTIFIER_FILE_INDEX,
                                duckdb::TableColumn("file_index", duckdb::LogicalType::UBIGINT));
        virtual_columns.emplace(duckdb::COLUMN_IDENTIFIER_EMPTY,
                                duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN));
        return virtual_columns;
    }

    duckdb::vector<duckdb::column_t> GetRowIdColumns() const override {
        using Reader = duckdb::MultiFileReader;
        return {Reader::COLUMN_IDENTIFIER_FILE_INDEX, Reader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER};
    }

private:
    ScanSourcePtr source_;
};

std::optional<delta::TableVersion> version_of(const duckdb::EntryLookupInfo& info) {
    const auto at = info.GetAtClause();
    if (!at) {
        return std::nullopt;
    }
    if (!duckdb::StringUtil::CIEquals(at->Unit(), "version")) {
        throw_error(make_error(ErrorCode::kUnsupported,
                               "AT ({} => ...) is not understood; AT (VERSION => n) is",
                               at->Unit()));
    }
    return delta::TableVersion(
        at->GetValue().DefaultCastAs(duckdb::LogicalType::BIGINT).GetValue<std::int64_t>());
}

class LakeSchema final : public duckdb::SchemaCatalogEntry {
public:
    LakeSchema(duckdb::Catalog& lake, duckdb::CreateSchemaInfo& info)
        : SchemaCatalogEntry(lake, info) {}

    duckdb::optional_ptr<duckdb::CatalogEntry> LookupEntry(
        duckdb::CatalogTransaction transaction, const duckdb::EntryLookupInfo& info) override {
        if (info.GetCatalogType() != duckdb::CatalogType::TABLE_ENTRY ||
            !transaction.HasContext()) {
            return nullptr;
        }
        const bool is_path = info.GetEntryName().find('/') != std::string::npos;
        if (is_path) return nullptr;  // FROM './a.csv': the readers of files take it.
        auto& context = transaction.GetContext();
        const auto state = LakeState::of(context);
        if (!state || (!state->lookup && state->schemas.empty())) {
            return nullptr;
        }
        const auto version = version_of(info);
        const auto layer = name == DEFAULT_SCHEMA ? std::string(kCatalogName) : name;
        const std::lock_guard lock(state->mutex);
        const auto key = std::make_tuple(duckdb::StringUtil::Lower(layer),
                                         duckdb::StringUtil::Lower(info.GetEntryName()),
                                         version ? version->value() : -1);
        if (const auto found = state->entries.find(key); found != state->entries.end()) {
            return found->second.get();
        }
        auto entry = state->lookup ? find_relation(*state, layer, info.GetEntryName(), version)
                                   : find_schema(*state, layer, info.GetEntryName());
        if (!entry) {
            report_unknown(context, *state, layer, info);
            return nullptr;
        }
        return state->entries.emplace(key, std::move(entry)).first->second.get();
    }

    void Scan(duckdb::ClientContext& context, duckdb::CatalogType wanted,
              const std::function<void(duckdb::CatalogEntry&)>& callback) override {
        const auto state = LakeState::of(context);
        if (wanted != duckdb::CatalogType::TABLE_ENTRY || !state || !state->lookup) {
            return;
        }
        const auto prefix = name + ".";
        for (const auto& table : state->lookup->names()) {
            if (!table.starts_with(prefix)) {
                continue;
            }
            const duckdb::EntryLookupInfo lookup(wanted,
                                                 table_names_.keep(table.substr(prefix.size())));
            if (auto entry = LookupEntry(GetCatalogTransaction(context), lookup)) {
                callback(*entry);
            }
        }
    }
    void Scan(duckdb::CatalogType, const std::function<void(duckdb::CatalogEntry&)>&) override {}

    duckdb::optional_ptr<duckdb::CatalogEntry> CreateIndex(duckdb::CatalogTransaction,
                                                           duckdb::CreateIndexInfo&,
                                                           duckdb::TableCatalogEntry&) override {
        refuse("CREATE INDEX");
    }
    duckdb::optional_ptr<duckdb::CatalogEntry> CreateFunction(
        duckdb::CatalogTransaction, duckdb::CreateFunctionInfo&) override {
        refuse("CREATE FUNCTION");
    }
    duckdb::optional_ptr<duckdb::CatalogEntry> CreateTable(duckdb::CatalogTransaction,
                                                           duckdb::BoundCreateTableInfo&) override {
        refuse("CREATE TABLE");
    }
    duckdb::optional_ptr<duckdb::CatalogEntry> CreateView(duckdb::CatalogTransaction,
                                                          duckdb::CreateViewInfo&) override {
        refuse("CREATE VIEW");
    }
    duckdb::optional_ptr<duckdb::CatalogEntry> CreateSequence(
        duckdb::CatalogTransaction, duckdb::CreateSequenceInfo&) override {
        refuse("CREATE SEQUENCE");
    }
    duckdb::optional_ptr<duckdb::CatalogEntry> CreateTableFunction(
        duckdb::CatalogTransaction, duckdb::CreateTableFunctionInfo&) override {
        refuse("CREATE FUNCTION");
    }
    duckdb::optional_ptr<duckdb::CatalogEntry> CreateCopyFunction(
        duckdb::CatalogTransaction, duckdb::CreateCopyFunctionInfo&) override {
        refuse("CREATE FUNCTION");
    }
    duckdb::optional_ptr<duckdb::CatalogEntry> CreatePragmaFunction(
        duckdb::CatalogTransaction, duckdb::CreatePragmaFunctionInfo&) override {
        refuse("CREATE FUNCTION");
    }
    duckdb::optional_ptr<duckdb::CatalogEntry> CreateCollation(
        duckdb::CatalogTransaction, duckdb::CreateCollationInfo&) override {
        refuse("CREATE COLLATION");
    }
    duckdb::optional_ptr<duckdb::CatalogEntry> CreateType(duckdb::CatalogTransaction,
                                                          duckdb::CreateTypeInfo&) override {
        refuse("CREATE TYPE");
    }
    void DropEntry(duckdb::ClientContext&, duckdb::DropInfo&) override { refuse("DROP"); }
    void Alter(duckdb::CatalogTransaction, duckdb::AlterInfo&) override { refuse("ALTER"); }

private:
    /// Lookups refer to the names that they are given.
    class KeptNames {
    public:
        const std::string& keep(std::string text) {
            return *names_.lock()->insert(std::move(text)).first;
        }

    private:
        Guarded<std::set<std::string>> names_;
    };

    /// Names that a session's source has, and names without a layer, may be found elsewhere.
    void report_unknown(duckdb::ClientContext& context, const LakeState& state,
                        const std::string& layer, const duckdb::EntryLookupInfo& info) const {
        const auto full = layer + "." + info.GetEntryName();
        if (name == DEFAULT_SCHEMA || SessionSources::of(context)->find(full) != nullptr) {
            return;
        }
        throw_error_at(make_error(ErrorCode::kNotFound, "no table is called {}{}", full,
                                  did_you_mean(full, state.names())),
                       info.GetErrorContext());
    }

    duckdb::unique_ptr<duckdb::CatalogEntry> find_relation(
        const LakeState& state, const std::string& layer, const std::string& table,
        std::optional<delta::TableVersion> version) {
        auto relation = value_or_throw(state.lookup->find(layer, table, version));
        if (!relation) {
            return nullptr;
        }
        if (const auto* sql = std::get_if<std::string>(&*relation)) {
            duckdb::CreateViewInfo info(*this, table);
            info.query = duckdb::CreateViewInfo::ParseSelect(*sql);
            info.sql = *sql;
            return duckdb::make_uniq<duckdb::ViewCatalogEntry>(catalog, *this, info);
        }
        return make_table(table, make_snapshot_source(std::get<delta::SnapshotPtr>(*relation),
                                                      state.instance->stores));
    }

    duckdb::unique_ptr<duckdb::CatalogEntry> find_schema(const LakeState& state,
                                                         const std::string& layer,
                                                         const std::string& table) {
        const auto found = state.schemas.find(duckdb::StringUtil::Lower(layer + "." + table));
        return found == state.schemas.end()
                   ? nullptr
                   : make_table(table, make_schema_source(found->second, layer + "." + table));
    }

    duckdb::unique_ptr<duckdb::CatalogEntry> make_table(const std::string& table,
                                                        ScanSourcePtr source) {
        duckdb::CreateTableInfo info(*this, table);
        for (const auto& column : source->columns) {
            info.columns.AddColumn(duckdb::ColumnDefinition(column.name, column.type));
        }
        return duckdb::make_uniq<LakeTable>(catalog, *this, info, std::move(source));
    }

    KeptNames table_names_;
};

class LakeCatalog final : public duckdb::Catalog {
public:
    explicit LakeCatalog(duckdb::AttachedDatabase& database) : Catalog(database) {}

    void Initialize(bool) override {}
    std::string GetCatalogType() override { return kCatalogType; }
    bool SupportsTimeTravel() const override { return true; }
    bool InMemory() override { return true; }
    std::string GetDBPath() override { return ""; }
    duckdb::DatabaseSize GetDatabaseSize(duckdb::ClientContext&) override { return {}; }

    /// Every name may be a layer: which tables there are is the session's affair.
    duckdb::optional_ptr<duckdb::SchemaCatalogEntry> LookupSchema(
        duckdb::CatalogTransaction, const duckdb::EntryLookupInfo& lookup,
        duckdb::OnEntryNotFound) override {
        return &schema(lookup.GetEntryName());
    }

    void ScanSchemas(duckdb::ClientContext& context,
                     std::function<void(duckdb::SchemaCatalogEntry&)> callback) override {
        const auto state = LakeState::of(context);
        std::set<std::string> layers{DEFAULT_SCHEMA};
        if (state && state->lookup) {
            for (const auto& table : state->lookup->names()) {
                layers.insert(table.substr(0, table.find('.')));
            }
        }
        for (const auto& layer : layers) {
            callback(schema(layer));
        }
    }

    duckdb::optional_ptr<duckdb::CatalogEntry> CreateSchema(duckdb::CatalogTransaction,
                                                            duckdb::CreateSchemaInfo&) override {
        refuse("CREATE SCHEMA");
    }
    duckdb::PhysicalOperator& PlanCreateTableAs(duckdb::ClientContext&,
                                                duckdb::PhysicalPlanGenerator&,
                                                duckdb::LogicalCreateTable&,
                                                duckdb::PhysicalOperator&) override {
        refuse("CREATE TABLE");
    }
    duckdb::PhysicalOperator& PlanInsert(duckdb::ClientContext&, duckdb::PhysicalPlanGenerator&,
                                         duckdb::LogicalInsert&,
                                         duckdb::optional_ptr<duckdb::PhysicalOperator>) override {
        refuse("INSERT");
    }
    duckdb::PhysicalOperator& PlanDelete(duckdb::ClientContext&, duckdb::PhysicalPlanGenerator&,
                                         duckdb::LogicalDelete&,
                                         duckdb::PhysicalOperator&) override {
        refuse("DELETE");
    }
    duckdb::PhysicalOperator& PlanUpdate(duckdb::ClientContext&, duckdb::PhysicalPlanGenerator&,
                                         duckdb::LogicalUpdate&,
                                         duckdb::PhysicalOperator&) override {
        refuse("UPDATE");
    }

private:
    void DropSchema(duckdb::ClientContext&, duckdb::DropInfo&) override { refuse("DROP SCHEMA"); }

    LakeSchema& schema(const std::string& layer) {
        auto schemas = schemas_.lock();
        auto& entry = (*schemas)[duckdb::StringUtil::Lower(layer)];
        if (!entry) {
            duckdb::CreateSchemaInfo info;
            info.schema = layer;
            entry = std::make_unique<LakeSchema>(*this, info);
        }
        return *entry;
    }

    Guarded<std::map<std::string, std::unique_ptr<LakeSchema>>> schemas_;
};

class LakeTransactions final : public duckdb::TransactionManager {
public:
    explicit LakeTransactions(duckdb::AttachedDatabase& database) : TransactionManager(database) {}

    duckdb::Transaction& StartTransaction(duckdb::ClientContext& context) override {
        auto transaction = std::make_unique<duckdb::Transaction>(*this, context);
        auto& result = *transaction;
        transactions_.lock()->emplace(&result, std::move(transaction));
        return result;
    }
    duckdb::ErrorData CommitTransaction(duckdb::ClientContext&,
                                        duckdb::Transaction& transaction) override {
        transactions_.lock()->erase(&transaction);
        return {};
    }
    void RollbackTransaction(duckdb::Transaction& transaction) override {
        transactions_.lock()->erase(&transaction);
    }
    void Checkpoint(duckdb::ClientContext&, bool) override {}

private:
    Guarded<std::map<duckdb::Transaction*, std::unique_ptr<duckdb::Transaction>>> transactions_;
};

duckdb::unique_ptr<duckdb::Catalog> attach(duckdb::optional_ptr<duckdb::StorageExtensionInfo>,
                                           duckdb::ClientContext&,
                                           duckdb::AttachedDatabase& database, const std::string&,
                                           duckdb::AttachInfo&, duckdb::AttachOptions&) {
    return duckdb::make_uniq<LakeCatalog>(database);
}

duckdb::unique_ptr<duckdb::TransactionManager> make_transactions(
    duckdb::optional_ptr<duckdb::StorageExtensionInfo>, duckdb::AttachedDatabase& database,
    duckdb::Catalog&) {
    return duckdb::make_uniq<LakeTransactions>(database);
}

}  // namespace

void register_lake(duckdb::DBConfig& config) {
    auto extension = duckdb::make_shared_ptr<duckdb::StorageExtension>();
    extension->attach = attach;
    extension->create_transaction_manager = make_transactions;
    duckdb::StorageExtension::Register(config, kCatalogType, std::move(extension));
}

Status attach_lake(duckdb::Connection& connection) {
    INGOT_TRY(
        run_sql(connection, fmt::format("ATTACH '' AS {} (TYPE {})", kCatalogName, kCatalogType)));
    return {};
}

Status use_lake(duckdb::Connection& connection, const InstancePtr& instance,
                std::shared_ptr<TableLookup> lookup) {
    auto state = duckdb::make_shared_ptr<LakeState>();
    state->instance = instance;
    state->lookup = std::move(lookup);
    connection.context->registered_state->Insert(LakeState::kKey, state);
    INGOT_TRY(run_sql(connection, fmt::format("USE {}", kCatalogName)));
    return {};
}

void set_lake_schemas(duckdb::ClientContext& context, const std::map<std::string, Schema>& tables) {
    const auto state = LakeState::of(context);
    state->entries.clear();
    state->schemas.clear();
    for (const auto& [name, schema] : tables) {
        state->schemas.emplace(duckdb::StringUtil::Lower(name), schema);
    }
}

}  // namespace ingot::engine
