#pragma once
// Object stores as files of the engine: `ingot-store://<number>/<object path>`.
#include <map>
#include <memory>
#include <string>

#include "base/guarded.hpp"
#include "engine/duckdb_compat/context.hpp"
#include "storage/object_store.hpp"

namespace ingot::engine {

/// The stores that the engine can reach right now. Thread-safe.
class StoreRegistry {
public:
    /// Keeps a store reachable; the store must outlive its lease.
    class Lease {
    public:
        Lease(std::shared_ptr<StoreRegistry> registry, std::uint64_t number)
            : registry_(std::move(registry)), number_(number) {}
        ~Lease();
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        /// The engine's path of an object.
        std::string path(std::string_view object) const;

    private:
        std::shared_ptr<StoreRegistry> registry_;
        std::uint64_t number_;
    };

    static std::unique_ptr<Lease> lease(const std::shared_ptr<StoreRegistry>& registry,
                                        const storage::ObjectStore& store);
    /// For stores that will be written to.
    static std::unique_ptr<Lease> lease(const std::shared_ptr<StoreRegistry>& registry,
                                        storage::ObjectStore& store);

    struct Place {
        const storage::ObjectStore* store = nullptr;
        storage::ObjectStore* writable = nullptr;
        std::string object;
    };
    /// Requires a path that a live lease has made.
    Place resolve(const std::string& path) const;

private:
    struct Entry {
        const storage::ObjectStore* store = nullptr;
        storage::ObjectStore* writable = nullptr;
    };
    struct State {
        std::uint64_t next = 1;
        std::map<std::uint64_t, Entry> entries;
    };
    std::uint64_t add(Entry entry);
    Guarded<State> state_;
};

/// What the engine reads and writes through the registry's stores. An object that is written
/// becomes visible when its handle is closed; a handle that is dropped before discards it.
duckdb::unique_ptr<duckdb::FileSystem> make_store_file_system(
    std::shared_ptr<StoreRegistry> registry);

/// The engine's path of an object: the local file where there is one, else through the lease.
std::string readable_path(const storage::ObjectStore& store, const StoreRegistry::Lease& lease,
                          std::string_view object);

}  // namespace ingot::engine
