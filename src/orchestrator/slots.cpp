#include "orchestrator/slots_internal.hpp"

#include "base/check.hpp"

namespace ingot::orchestrator {

Slots::Slots(int workers, std::map<std::string, int> pools) : workers_(workers) {
    for (const auto& [name, slots] : pools) pools_[name].slots = slots;
}

void Slots::add_run(std::uint64_t run, std::optional<int> tasks_at_a_time) {
    runs_[run].limit = tasks_at_a_time;
}

void Slots::remove_run(std::uint64_t run) {
    const OfRun& of = runs_.at(run);
    INGOT_CHECK(of.used == 0 && of.heads.empty(), "a run is removed while tasks of it hold slots");
    runs_.erase(run);
}

void Slots::add(Key key, const std::string& pool, int priority) {
    OfRun& of = runs_.at(key.run);
    of.ready[pool].insert({priority, key.task});
    refresh(key.run, of, pool);
}

void Slots::remove(Key key, const std::string& pool, int priority) {
    OfRun& of = runs_.at(key.run);
    of.ready[pool].erase({priority, key.task});
    refresh(key.run, of, pool);
}

std::optional<Slots::Key> Slots::next() const {
    if (workers_used_ >= workers_) return std::nullopt;
    std::optional<Head> best;
    for (const auto& [name, pool] : pools_) {
        if (pool.full() || pool.heads.empty()) continue;
        if (!best || *pool.heads.begin() < *best) best = *pool.heads.begin();
    }
    if (!best) return std::nullopt;
    return Key{best->run, best->task};
}

void Slots::take(Key key, const std::string& pool, int priority) {
    OfRun& of = runs_.at(key.run);
    of.ready[pool].erase({priority, key.task});
    ++of.used;
    ++pool_of(pool).used;
    ++workers_used_;
    refresh_all(key.run, of);
}

void Slots::give_back(std::uint64_t run, const std::string& pool) {
    OfRun& of = runs_.at(run);
    --of.used;
    --pool_of(pool).used;
    --workers_used_;
    refresh_all(run, of);
}

Slots::Wait Slots::why(Key key, const std::string& pool) const {
    if (runs_.at(key.run).full()) return Wait::kRunLimit;
    const auto found = pools_.find(pool);
    if (found != pools_.end() && found->second.full()) return Wait::kPool;
    return workers_used_ >= workers_ ? Wait::kWorkers : Wait::kTurn;
}

std::optional<int> Slots::slots_of(const std::string& pool) const {
    const auto found = pools_.find(pool);
    return found == pools_.end() ? std::nullopt : found->second.slots;
}

Slots::Pool& Slots::pool_of(const std::string& name) {
    return pools_[name];
}

/// Makes what competes for the pool what should: the run's first, or nothing.
void Slots::refresh(std::uint64_t run, OfRun& of, const std::string& pool) {
    const std::set<Ready>& ready = of.ready[pool];
    const bool competes = !ready.empty() && !of.full();
    const auto head = of.heads.find(pool);
    if (head != of.heads.end()) {
        if (competes && head->second == *ready.begin()) return;
        pool_of(pool).heads.erase({head->second.priority, run, head->second.task});
        of.heads.erase(head);
    }
    if (!competes) return;
    of.heads.emplace(pool, *ready.begin());
    pool_of(pool).heads.insert({ready.begin()->priority, run, ready.begin()->task});
}

void Slots::refresh_all(std::uint64_t run, OfRun& of) {
    for (const auto& [pool, ready] : of.ready) refresh(run, of, pool);
}

}  // namespace ingot::orchestrator
