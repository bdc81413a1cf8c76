#pragma once
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "notify/outbox.hpp"
#include "orchestrator/deadlines.hpp"
#include "orchestrator/freshness.hpp"
#include "orchestrator/orchestrator.hpp"
#include "orchestrator/policy.hpp"

#include "project/project.hpp"

namespace ingot::notify {

// The kinds of records that this keeps.
inline constexpr std::string_view kDeliveryRecord = "delivery";
inline constexpr std::string_view kDeadlineRecord = "deadline_missed";
inline constexpr std::string_view kFreshnessRecord = "freshness";

orchestrator::Record record_of(const Delivery& delivery);

/// Decides who is told what: of runs and tasks that failed, of deadlines, of tables that are too
/// old. What is to be told is stored in the transaction of what it tells about.
class Alerts final : public orchestrator::Policy {
public:
    /// Called with deliveries that are stored.
    using Deliver = std::function<void(std::vector<Delivery>)>;
    /// The environment may say that nobody is told.
    explicit Alerts(Deliver deliver) : deliver_(std::move(deliver)) {}

    /// What was there, before the loop begins. Deliveries that wait go on.
    Status load(orchestrator::Store& store, const project::ProjectPtr& project, Timestamp now);
    /// What the project says now.
    void define(const project::ProjectPtr& project, Timestamp now);
    /// A commit of the table at that time.
    void loaded(const project::TableName& table, Timestamp at,
                orchestrator::Orchestrator& orchestrator);

    Status on_event(const orchestrator::Event& event, const orchestrator::RunStatus& run,
                    orchestrator::Orchestrator& orchestrator) override;
    Status on_time(Timestamp now, orchestrator::Orchestrator& orchestrator) override;
    std::optional<Timestamp> next_time() const override;

    const orchestrator::Deadlines& deadlines() const { return deadlines_; }
    const orchestrator::FreshnessWatch& freshness() const { return freshness_; }

private:
    void post(const std::string& receiver, Message message,
              orchestrator::Orchestrator& orchestrator);
    void say_missed(const orchestrator::DeadlineMissed& missed, Timestamp now,
                    orchestrator::Orchestrator& orchestrator);
    void say_freshness(const orchestrator::FreshnessChanged& changed, Timestamp now,
                       orchestrator::Orchestrator& orchestrator);
    void run_ended(const orchestrator::RunStatus& run, orchestrator::Orchestrator& orchestrator);
    const project::Pipeline* find(const std::string& pipeline) const;

    Deliver deliver_;
    project::ProjectPtr project_;
    orchestrator::Deadlines deadlines_;
    orchestrator::FreshnessWatch freshness_;
    std::map<project::TableName, orchestrator::FreshnessState>
        kept_;                              ///< Until the first `define`.
    std::set<orchestrator::RunId> open_;    ///< Runs that are not over.
    std::set<orchestrator::RunId> missed_;  ///< Those of them.
};

}  // namespace ingot::notify
