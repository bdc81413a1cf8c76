#pragma once
// A store that misbehaves on purpose, for tests of everything that stands on a store.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "storage/object_store.hpp"

namespace ingot::storage {

enum class StoreOperation : std::uint8_t {
    kList,
    kHead,
    kRead,
    kReadRange,
    kPut,
    kPutIfAbsent,
    kCreate,
    kAppend,
    kFinish,
    kRemove,
};

enum class Fault : std::uint8_t {
    kFail,       ///< Nothing is done; an error comes back.
    kDelay,      ///< Done, after a wait.
    kTear,       ///< An append does half of its bytes and fails, and the writer is dead from then
                 ///< on. Other operations: as kFail.
    kLoseReply,  ///< Done, but an error comes back: kCommitUnknown from put_if_absent, else kIo.
                 ///< Reads: as kFail.
};

/// Applies `fault` to the `nth` matching call and `times - 1` more after it.
struct FaultRule {
    std::optional<StoreOperation> operation = {};  ///< Nothing: every operation.
    std::string path_glob = "*";  ///< `*` also matches `/`. A list's path is its prefix.
    std::uint64_t nth = 1;
    std::uint64_t times = 1;
    Fault fault = Fault::kFail;
    ErrorCode code = ErrorCode::kIo;  ///< Of kFail and kTear.
    std::string message = "injected failure";
    Duration delay = std::chrono::milliseconds(100);
};

/// Faults by chance; one seed gives one sequence as long as the calls come in one order.
struct RandomFaults {
    std::uint64_t seed = 0;
    double probability = 0.1;  ///< Of a fault, for each call.
    std::string path_glob = "*";
    std::vector<Fault> faults = {Fault::kFail, Fault::kTear, Fault::kLoseReply};
    Duration delay_max = std::chrono::milliseconds(10);
};

/// Wraps a store. The first rule that matches decides, else chance does. Where put_if_absent fails
/// by chance, it says kCommitUnknown half of the times, although nothing was written: callers must
/// find out. Never has a local path, so that an engine's data files go through it as well.
/// Thread-safe.
class FaultyStore final : public ObjectStore {
public:
    struct Injected {
        StoreOperation operation;
        std::string path;
        Fault fault;
    };

    explicit FaultyStore(std::shared_ptr<ObjectStore> inner, Clock& clock = system_clock());
    ~FaultyStore() override;

    void add_rule(FaultRule rule);
    void set_random(RandomFaults faults);
    /// Removes all rules and chance; from here on every call is passed on.
    void heal();
    /// What was injected so far, in order.
    std::vector<Injected> injected() const;
    /// How often an operation was called on this store.
    std::uint64_t calls(StoreOperation operation) const;

    const std::string& uri() const override;
    Result<std::vector<ObjectInfo>> list(std::string_view prefix,
                                         std::string_view start_after = {}) const override;
    Result<ObjectInfo> head(std::string_view path) const override;
    Result<std::string> read(std::string_view path) const override;
    Result<std::string> read_range(std::string_view path, std::uint64_t offset,
                                   std::uint64_t length) const override;
    Status put(std::string_view path, std::string_view bytes) override;
    Result<PutOutcome> put_if_absent(std::string_view path, std::string_view bytes) override;
    Result<std::unique_ptr<ObjectWriter>> create(std::string_view path) override;
    Status remove(std::string_view path) override;
    Result<std::uint64_t> remove_abandoned(std::string_view prefix, Timestamp before) override;
    std::optional<std::string> local_path(std::string_view path) const override;

private:
    class Plan;
    class Writer;
    std::shared_ptr<ObjectStore> inner_;
    std::shared_ptr<Plan> plan_;  // Shared with the writers, which may outlive the store.
};

}  // namespace ingot::storage
