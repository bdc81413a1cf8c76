#pragma once
// Batch sources as tables of a session.
#include <map>
#include <string>

#include "base/batch_source.hpp"
#include "base/guarded.hpp"
#include "engine/duckdb_compat/functions.hpp"

namespace ingot::engine {

/// The batch sources of one session, hung on its connection. Names are compared without case.
class SessionSources final : public duckdb::ClientContextState {
public:
    static constexpr const char* kKey = "ingot_sources";
    static duckdb::shared_ptr<SessionSources> of(duckdb::ClientContext& context);

    bool add(std::string_view name, BatchSource& source);
    bool remove(std::string_view name);
    BatchSource* find(std::string_view name) const;

private:
    Guarded<std::map<std::string, BatchSource*>> sources_;
};

/// Registers the table function that reads a source, and the replacement scan that finds it by
/// name.
void register_batch_scan(duckdb::ExtensionLoader& loader);

}  // namespace ingot::engine
