#pragma once
// Which ready task goes next, when runs, pools and workers have limits.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "orchestrator/run_plan.hpp"

namespace ingot::orchestrator {

/// Of each run and pool only the first ready task competes for the pool's slots, and only while the
/// run may start more: choosing looks at one task per pool, however many are ready. Not
/// thread-safe.
class Slots {
public:
    struct Key {
        std::uint64_t run = 0;
        TaskIndex task;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    /// Why a ready task does not start.
    enum class Wait : std::uint8_t { kRunLimit, kPool, kWorkers, kTurn };

    Slots(int workers, std::map<std::string, int> pools);

    void add_run(std::uint64_t run, std::optional<int> tasks_at_a_time);
    /// Of its tasks none is ready or holds a slot.
    void remove_run(std::uint64_t run);
    /// Ready tasks: higher priority first, then the older run, then the order of the plan.
    void add(Key key, const std::string& pool, int priority);
    void remove(Key key, const std::string& pool, int priority);
    /// The one that may start now; nothing while all slots are taken or nothing is ready.
    std::optional<Key> next() const;
    /// A ready task starts: it is ready no more and holds a worker, a slot of its pool, and one of
    /// its run.
    void take(Key key, const std::string& pool, int priority);
    /// It has ended.
    void give_back(std::uint64_t run, const std::string& pool);

    Wait why(Key key, const std::string& pool) const;
    std::optional<int> slots_of(const std::string& pool) const;
    int workers() const { return workers_; }

private:
    struct Ready {
        int priority = 0;
        TaskIndex task;
        friend bool operator<(const Ready& a, const Ready& b) {
            return a.priority != b.priority ? a.priority > b.priority : a.task < b.task;
        }
        friend bool operator==(const Ready&, const Ready&) = default;
    };
    struct Head {
        int priority = 0;
        std::uint64_t run = 0;
        TaskIndex task;
        friend bool operator<(const Head& a, const Head& b) {
            if (a.priority != b.priority) return a.priority > b.priority;
            return a.run != b.run ? a.run < b.run : a.task < b.task;
        }
    };
    struct OfRun {
        std::optional<int> limit;
        int used = 0;
        std::map<std::string, std::set<Ready>> ready;
        std::map<std::string, Ready> heads;  ///< What competes, by pool.
        bool full() const { return limit && used >= *limit; }
    };
    struct Pool {
        std::optional<int> slots;
        int used = 0;
        std::set<Head> heads;
        bool full() const { return slots && used >= *slots; }
    };

    Pool& pool_of(const std::string& name);
    void refresh(std::uint64_t run, OfRun& of, const std::string& pool);
    void refresh_all(std::uint64_t run, OfRun& of);

    int workers_;
    int workers_used_ = 0;
    std::map<std::string, Pool> pools_;
    std::map<std::uint64_t, OfRun> runs_;
};

}  // namespace ingot::orchestrator
