#pragma once
#include <map>
#include <string>

#include "orchestrator/orchestrator.hpp"
#include "orchestrator/policy.hpp"
#include "telemetry/measurement.hpp"

namespace ingot::telemetry {

/// The pool under which tasks count that name none; its slots are the workers.
inline constexpr std::string_view kDefaultPool = "default_pool";

/// Measures what an orchestrator does: `observe` what is durable and, as one of its policies, how
/// things stand. All calls come from the thread of the loop.
class Meter final : public orchestrator::Policy {
public:
    struct Parts {
        Clock& clock;
        orchestrator::Limits limits;
        Sink sink;
        /// When what brought a run about happened; nothing: nobody knows, or a person did.
        std::function<std::optional<Timestamp>(const orchestrator::RunId&)> due = {};
        /// More that is told with each pulse.
        std::function<std::vector<Measurement>()> more = {};
    };
    explicit Meter(Parts parts);

    /// After the event has become durable; `run` may be further on already.
    void observe(const orchestrator::Event& event, const orchestrator::RunStatus& run);

    Status on_time(Timestamp now, orchestrator::Orchestrator& orchestrator) override;
    std::optional<Timestamp> next_time() const override;

private:
    /// A run that is not over.
    struct Open {
        bool first_task_started = false;
    };
    using Measurements = std::vector<Measurement>;

    void queued(const orchestrator::Event& event, const orchestrator::RunStatus& run,
                Measurements& into) const;
    void started(const orchestrator::Event& event, const orchestrator::RunStatus& run,
                 Measurements& into) const;
    void task_started(const orchestrator::Event& event, const orchestrator::RunStatus& run,
                      Measurements& into);
    static void task_ended(const orchestrator::Event& event, const orchestrator::RunStatus& run,
                           Measurements& into);
    static void adopted(const orchestrator::Event& event, const orchestrator::RunStatus& run,
                        Measurements& into);
    static void run_ended(const orchestrator::RunStatus& run, Measurements& into);
    std::optional<Timestamp> due(const orchestrator::RunId& run) const;

    Parts parts_;
    Duration next_pulse_;  ///< By the steady clock: the other one may jump.
    std::map<orchestrator::RunId, Open> open_;
};

}  // namespace ingot::telemetry
