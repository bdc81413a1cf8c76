#pragma once
// The attached catalog in which `layer.name` is a pinned snapshot or a view.
#include <memory>

#include "engine/engine.hpp"
#include "engine/instance_internal.hpp"

namespace ingot::engine {

/// Registers the catalog's type. `attach_lake` then makes it visible, once per instance.
void register_lake(duckdb::DBConfig& config);
Status attach_lake(duckdb::Connection& connection);

/// Makes the connection resolve names through `lookup` (null: no tables).
Status use_lake(duckdb::Connection& connection, const InstancePtr& instance,
                std::shared_ptr<TableLookup> lookup);

/// Gives a connection tables of these schemas and nothing else: enough to bind, not to run.
void set_lake_schemas(duckdb::ClientContext& context, const std::map<std::string, Schema>& tables);

}  // namespace ingot::engine
