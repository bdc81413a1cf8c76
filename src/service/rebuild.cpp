#include "service/rebuild.hpp"

#include "orchestrator/triggers.hpp"
#include "service/schedule_files.hpp"
#include "service/table_watch.hpp"
#include "service/window_history.hpp"

namespace ingot::service {
namespace {

namespace orc = ingot::orchestrator;

Result<RebuiltTrigger> rebuild(const Definitions& definitions, const project::Pipeline& pipeline,
                               const orc::TriggerDefinition& trigger, Timestamp now);
Result<Timestamp> dealt_with_until(const Definitions& definitions,
                                   const project::Pipeline& pipeline, Timestamp now);

}  // namespace

Result<std::vector<RebuiltTrigger>> rebuild_triggers(const Definitions& definitions,
                                                     Timestamp now) {
    std::vector<RebuiltTrigger> rebuilt;
    for (const auto& [name, planned] : definitions.pipelines) {
        const auto trigger = orc::trigger_of(*planned.pipeline);
        if (!trigger) continue;
        INGOT_TRY_ASSIGN_WITH(RebuiltTrigger one,
                              rebuild(definitions, *planned.pipeline, *trigger, now),
                              "while looking at what " + name + " has done");
        rebuilt.push_back(std::move(one));
    }
    return rebuilt;
}

namespace {

Result<RebuiltTrigger> rebuild(const Definitions& definitions, const project::Pipeline& pipeline,
                               const orc::TriggerDefinition& trigger, Timestamp now) {
    INGOT_TRY_ASSIGN(const Timestamp until, dealt_with_until(definitions, pipeline, now));
    orc::Triggers triggers;
    INGOT_TRY(triggers.define({trigger}, {}, until));
    RebuiltTrigger rebuilt{pipeline.name, *triggers.state(pipeline.name),
                           "ticks until " + until.to_string() + " are dealt with"};
    orc::TriggerState& state = rebuilt.state;
    if (const auto* events = std::get_if<project::EventSchedule>(&trigger.schedule)) {
        TableWatch watch;
        watch.watch(events->tables);
        for (const TableNews& news : watch.look(definitions.workspace.lake)) {
            state.tables[news.table] = {news.version.value(), news.version.value(), news.table_id,
                                        now};
        }
        state.last_run_at = now;
        rebuilt.reason = "tables as they are now have been seen";
    } else if (const auto* files = std::get_if<project::FileSchedule>(&trigger.schedule)) {
        INGOT_TRY_ASSIGN(state.files, files_of(definitions, *files, now));
        state.last_run_at = now;
        rebuilt.reason = fmt::format("{} files that are there have been seen", state.files.size());
    } else if (std::holds_alternative<project::WebhookSchedule>(trigger.schedule)) {
        rebuilt.reason = "it waits for a call";
    }
    return rebuilt;
}

/// The tick that owned the last window that all its tables have; a pipeline without such windows
/// has missed nothing.
Result<Timestamp> dealt_with_until(const Definitions& definitions,
                                   const project::Pipeline& pipeline, Timestamp now) {
    if (!pipeline.window) return now;
    INGOT_TRY_ASSIGN(const std::optional<IntervalSet> has,
                     windows_in_tables(definitions, pipeline));
    if (!has || has->empty()) return now;
    // Its tick was the first one at which it was over.
    const Timestamp just_before = has->hull()->end - Duration(1);
    INGOT_TRY_ASSIGN(const std::optional<orc::Ticks> ticks, orc::Ticks::of(*pipeline.schedule));
    const std::optional<Timestamp> tick = ticks ? ticks->next(just_before) : std::nullopt;
    return tick ? std::min(*tick, now) : now;
}

}  // namespace
}  // namespace ingot::service
