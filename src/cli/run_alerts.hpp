#pragma once
// Who is told of the run that `ingot run --pipeline` carries out.
#include "notify/alerts.hpp"
#include "notify/sender.hpp"
#include "orchestrator/policy.hpp"
#include "orchestrator/store.hpp"

namespace ingot::cli {

/// Stores what is to be told of this process's run along with it, as a server does, and nothing
/// else: other runs, and old tables, are a server's matter.
class RunAlerts final : public orchestrator::Policy {
public:
    RunAlerts(const project::ProjectPtr& project, Clock& clock);

    Status on_event(const orchestrator::Event& event, const orchestrator::RunStatus& run,
                    orchestrator::Orchestrator& orchestrator) override;
    Status on_time(Timestamp, orchestrator::Orchestrator&) override { return {}; }
    std::optional<Timestamp> next_time() const override { return std::nullopt; }

    /// After the loop has ended: tries each once. What was not taken stays in the store for
    /// `ingot serve`, and a line on stderr says so.
    Status deliver(const orchestrator::RunId& run, orchestrator::Store& store,
                   const notify::Sender& sender, const std::stop_token& stop) const;

private:
    Clock& clock_;
    Timestamp begun_;
    notify::Alerts alerts_;
};

}  // namespace ingot::cli
