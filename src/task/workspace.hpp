#pragma once
// A project with its lake and engine: what every task works in.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "base/time.hpp"
#include "delta/snapshot.hpp"
#include "engine/engine.hpp"
#include "project/project.hpp"
#include "project/secrets.hpp"
#include "storage/object_store.hpp"

namespace ingot::task {

/// The folder of tables: `layer/name` below the store's root.
class Lake {
public:
    static Result<Lake> open(std::string_view uri);
    const std::string& uri() const { return store_->uri(); }
    const std::shared_ptr<storage::ObjectStore>& store() const { return store_; }
    delta::TableLocation location(const project::TableName& table) const;
    /// Tables that exist, by their logs; sorted.
    Result<std::vector<project::TableName>> tables() const;

private:
    explicit Lake(std::shared_ptr<storage::ObjectStore> store) : store_(std::move(store)) {}
    std::shared_ptr<storage::ObjectStore> store_;
};

/// References; all parts outlive it.
struct Workspace {
    project::ProjectPtr project;
    Lake lake;
    std::optional<Lake> read_from;  ///< Where tables that this lake lacks are read from.
    engine::Engine& engine;
    Clock& clock;
    project::SecretResolver* secrets = nullptr;  ///< May be null: then a secret is an error.
};

/// A workspace with what it alone needs.
struct OpenedWorkspace {
    std::unique_ptr<project::SecretStore> secrets;
    Workspace workspace;
};

/// The lakes and secrets that the project names. `engine` and `clock` outlive it.
Result<OpenedWorkspace> open_workspace(const project::ProjectPtr& project, engine::Engine& engine,
                                       Clock& clock);

/// The versions of tables that one run reads. The first look at a table pins its newest version, or
/// that there is none; what the run itself publishes replaces the pin. Thread-safe.
class Pins {
public:
    explicit Pins(const Workspace& workspace) : workspace_(workspace) {}
    Pins(const Pins&) = delete;
    Pins& operator=(const Pins&) = delete;

    /// Null: the table does not exist (yet).
    Result<delta::SnapshotPtr> snapshot(const project::TableName& table);
    Result<delta::SnapshotPtr> snapshot_at(const project::TableName& table,
                                           delta::TableVersion version);
    void publish(const project::TableName& table, delta::SnapshotPtr snapshot);
    std::map<project::TableName, delta::SnapshotPtr> pinned() const;

    /// A session in which the project's tables, views and macros are visible, with `overrides`
    /// before them.
    Result<std::unique_ptr<engine::Session>> open_session(
        const std::map<std::string, delta::SnapshotPtr>& overrides = {});

private:
    Result<bool> are_built(const std::vector<project::TableName>& tables);
    Result<delta::SnapshotPtr> open_newest(const project::TableName& table);

    const Workspace& workspace_;
    Guarded<std::map<project::TableName, delta::SnapshotPtr>> pins_;
};

/// The value of every parameter that a statement of the project may use: `window__start`,
/// `params__x`, `run__time`, `matrix__x`, `previous__row_count`; `window__start_2` for the second
/// of several ranges.
struct ParameterValues {
    std::vector<Interval>
        ranges;  ///< What the statement is about; apart from each other, in order.
    Timestamp run_time;
    const std::map<std::string, project::Value>* params = nullptr;
    const std::map<std::string, project::Param>* param_types = nullptr;
    const std::map<std::string, project::Value>* matrix = nullptr;
    std::optional<std::int64_t> previous_row_count;

    /// From the first range to the last; none: the statement is about no time.
    std::optional<Interval> window() const {
        if (ranges.empty()) return std::nullopt;
        return Interval{ranges.front().start, ranges.back().end};
    }
};
/// The bindable names (`window__start`) of what a model's SELECT uses.
std::vector<std::string> bindable_parameters(const project::Model& model);

/// Values for exactly these bindable names (`window__start`). kInvalidArgument names one that has
/// no value here.
Result<std::map<std::string, Scalar>> bind_parameters(const std::vector<std::string>& names,
                                                      const ParameterValues& values);

}  // namespace ingot::task
