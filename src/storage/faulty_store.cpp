#include "storage/faulty_store.hpp"

#include <array>
#include <fnmatch.h>
#include <random>
#include <utility>

#include "base/guarded.hpp"

namespace ingot::storage {

namespace {

struct Verdict {
    Fault fault;
    ErrorCode code;
    std::string message;
    Duration delay;
};

bool matches(const std::string& glob, const std::string& path) {
    return ::fnmatch(glob.c_str(), path.c_str(), 0) == 0;
}

bool writes(StoreOperation operation) {
    switch (operation) {
        case StoreOperation::kPut:
        case StoreOperation::kPutIfAbsent:
        case StoreOperation::kFinish:
        case StoreOperation::kRemove:
            return true;
        default:
            return false;
    }
}

}  // namespace

class FaultyStore::Plan {
public:
    explicit Plan(Clock& clock) : clock_(clock) {}

    void add_rule(FaultRule rule) { state_.lock()->rules.push_back({std::move(rule), 0}); }
    void set_random(RandomFaults faults) {
        auto state = state_.lock();
        state->engine.seed(faults.seed);
        state->random = std::move(faults);
    }
    void heal() {
        auto state = state_.lock();
        state->rules.clear();
        state->random.reset();
    }
    std::vector<Injected> injected() const { return state_.lock()->injected; }
    std::uint64_t calls(StoreOperation operation) const {
        return state_.lock()->calls[static_cast<std::size_t>(operation)];
    }

    /// Decides on one call, and waits for a delay. Nothing: to be passed on as it is.
    std::optional<Verdict> judge(StoreOperation operation, std::string_view path_view) {
        std::optional<Verdict> verdict = decide(operation, std::string(path_view));
        if (!verdict || verdict->fault != Fault::kDelay) return verdict;
        clock_.sleep_for(verdict->delay);
        return std::nullopt;
    }

private:
    struct ActiveRule {
        FaultRule rule;
        std::uint64_t matched;
    };
    struct State {
        std::vector<ActiveRule> rules;
        std::optional<RandomFaults> random;
        std::mt19937_64 engine;
        std::vector<Injected> injected;
        std::array<std::uint64_t, static_cast<std::size_t>(StoreOperation::kRemove) + 1> calls{};
    };

    std::optional<Verdict> decide(StoreOperation operation, const std::string& path) {
        auto state = state_.lock();
        ++state->calls[static_cast<std::size_t>(operation)];
        std::optional<Verdict> verdict = by_rule(*state, operation, path);
        if (!verdict) verdict = by_chance(*state, operation, path);
        if (verdict) {
            verdict->fault = meaning(verdict->fault, operation);
            state->injected.push_back({operation, path, verdict->fault});
        }
        return verdict;
    }

    static std::optional<Verdict> by_rule(State& state, StoreOperation operation,
                                          const std::string& path) {
        std::optional<Verdict> verdict;
        for (ActiveRule& active : state.rules) {
            const FaultRule& rule = active.rule;
            if (rule.operation.value_or(operation) != operation || !matches(rule.path_glob, path)) {
                continue;
            }
            // Every matching rule counts the call, whichever of them decides it.
            ++active.matched;
            const bool due = active.matched >= rule.nth && active.matched - rule.nth < rule.times;
            if (due && !verdict) verdict = {rule.fault, rule.code, rule.message, rule.delay};
        }
        return verdict;
    }

    static std::optional<Verdict> by_chance(State& state, StoreOperation operation,
                                            const std::string& path) {
        if (!state.random || !matches(state.random->path_glob, path)) return std::nullopt;
        const RandomFaults& random = *state.random;
        // All draws are made for every call, so that one call's fate does not shift the others'.
        const double chance = std::uniform_real_distribution<>(0, 1)(state.engine);
        const std::uint64_t which = state.engine();
        const std::uint64_t delay = state.engine();
        if (chance >= random.probability || random.faults.empty()) return std::nullopt;
        Verdict verdict{random.faults[which % random.faults.size()], ErrorCode::kIo,
                        "injected failure", Duration(0)};
        if (operation == StoreOperation::kPutIfAbsent && delay % 2 == 0) {
            verdict.code = ErrorCode::kCommitUnknown;
        }
        if (random.delay_max.count() > 0) {
            verdict.delay = Duration(static_cast<std::int64_t>(
                delay % (static_cast<std::uint64_t>(random.delay_max.count()) + 1)));
        }
        return verdict;
    }

    static Fault meaning(Fault fault, StoreOperation operation) {
        if (fault == Fault::kTear && operation != StoreOperation::kAppend) return Fault::kFail;
        if (fault == Fault::kLoseReply && !writes(operation)) return Fault::kFail;
        return fault;
    }

    Clock& clock_;
    Guarded<State> state_;
};

namespace {

Error failure(const Verdict& verdict, std::string_view path) {
    return make_error(verdict.code, "{}: {}", path, verdict.message);
}

Error lost_reply(std::string_view path, ErrorCode code = ErrorCode::kIo) {
    return make_error(code, "{}: the reply was lost", path);
}

}  // namespace

class FaultyStore::Writer final : public ObjectWriter {
public:
    Writer(std::unique_ptr<ObjectWriter> inner, std::shared_ptr<Plan> plan, std::string path)
        : inner_(std::move(inner)), plan_(std::move(plan)), path_(std::move(path)) {}

    Status append(std::string_view bytes) override {
        if (inner_ == nullptr) return dead();
        const auto verdict = plan_->judge(StoreOperation::kAppend, path_);
        if (!verdict) return inner_->append(bytes);
        if (verdict->fault == Fault::kTear) {
            INGOT_TRY(inner_->append(bytes.substr(0, bytes.size() / 2)));
        }
        inner_.reset();
        return failure(*verdict, path_);
    }

    Status finish() override {
        if (inner_ == nullptr) return dead();
        const auto verdict = plan_->judge(StoreOperation::kFinish, path_);
        if (verdict && verdict->fault == Fault::kFail) {
            inner_.reset();
            return failure(*verdict, path_);
        }
        INGOT_TRY(inner_->finish());
        return verdict ? Status(lost_reply(path_)) : Status();
    }

private:
    Error dead() const {
        return make_error(ErrorCode::kIo, "{}: the writer has failed before", path_);
    }

    std::unique_ptr<ObjectWriter> inner_;  // nullptr after a failure.
    std::shared_ptr<Plan> plan_;
    std::string path_;
};

FaultyStore::FaultyStore(std::shared_ptr<ObjectStore> inner, Clock& clock)
    : inner_(std::move(inner)), plan_(std::make_shared<Plan>(clock)) {}

FaultyStore::~FaultyStore() = default;

void FaultyStore::add_rule(FaultRule rule) {
    plan_->add_rule(std::move(rule));
}

void FaultyStore::set_random(RandomFaults faults) {
    plan_->set_random(std::move(faults));
}

void FaultyStore::heal() {
    plan_->heal();
}

std::vector<FaultyStore::Injected> FaultyStore::injected() const {
    return plan_->injected();
}

std::uint64_t FaultyStore::calls(StoreOperation operation) const {
    return plan_->calls(operation);
}

const std::string& FaultyStore::uri() const {
    return inner_->uri();
}

Result<std::vector<ObjectInfo>> FaultyStore::list(std::string_view prefix,
                                                  std::string_view start_after) const {
    if (const auto verdict = plan_->judge(StoreOperation::kList, prefix)) {
        return failure(*verdict, prefix);
    }
    return inner_->list(prefix, start_after);
}

Result<ObjectInfo> FaultyStore::head(std::string_view path) const {
    if (const auto verdict = plan_->judge(StoreOperation::kHead, path)) {
        return failure(*verdict, path);
    }
    return inner_->head(path);
}

Result<std::string> FaultyStore::read(std::string_view path) const {
    if (const auto verdict = plan_->judge(StoreOperation::kRead, path)) {
        return failure(*verdict, path);
    }
    return inner_->read(path);
}

Result<std::string> FaultyStore::read_range(std::string_view path, std::uint64_t offset,
                                            std::uint64_t length) const {
    if (const auto verdict = plan_->judge(StoreOperation::kReadRange, path)) {
        return failure(*verdict, path);
    }
    return inner_->read_range(path, offset, length);
}

Status FaultyStore::put(std::string_view path, std::string_view bytes) {
    const auto verdict = plan_->judge(StoreOperation::kPut, path);
    if (verdict && verdict->fault == Fault::kFail) return failure(*verdict, path);
    INGOT_TRY(inner_->put(path, bytes));
    return verdict ? Status(lost_reply(path)) : Status();
}

Result<PutOutcome> FaultyStore::put_if_absent(std::string_view path, std::string_view bytes) {
    const auto verdict = plan_->judge(StoreOperation::kPutIfAbsent, path);
    if (verdict && verdict->fault == Fault::kFail) return failure(*verdict, path);
    auto outcome = inner_->put_if_absent(path, bytes);
    if (outcome && verdict) return lost_reply(path, ErrorCode::kCommitUnknown);
    return outcome;
}

Result<std::unique_ptr<ObjectWriter>> FaultyStore::create(std::string_view path) {
    if (const auto verdict = plan_->judge(StoreOperation::kCreate, path)) {
        return failure(*verdict, path);
    }
    INGOT_TRY_ASSIGN(auto inner, inner_->create(path));
    return std::unique_ptr<ObjectWriter>(
        std::make_unique<Writer>(std::move(inner), plan_, std::string(path)));
}

Status FaultyStore::remove(std::string_view path) {
    const auto verdict = plan_->judge(StoreOperation::kRemove, path);
    if (verdict && verdict->fault == Fault::kFail) return failure(*verdict, path);
    INGOT_TRY(inner_->remove(path));
    return verdict ? Status(lost_reply(path)) : Status();
}

Result<std::uint64_t> FaultyStore::remove_abandoned(std::string_view prefix, Timestamp before) {
    return inner_->remove_abandoned(prefix, before);
}

std::optional<std::string> FaultyStore::local_path(std::string_view) const {
    return std::nullopt;
}

}  // namespace ingot::storage
