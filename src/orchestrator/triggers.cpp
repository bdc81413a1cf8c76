#include "orchestrator/triggers.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ingot::orchestrator {

using project::Catchup;
using project::EventSchedule;

struct Triggers::Pipeline {
    TriggerDefinition definition;
    TriggerState state;
    int open_runs = 0;
    std::optional<Ticks> ticks;  ///< Of a cron or interval schedule.
    std::vector<Ticks> crons;    ///< Of the lines of an expression, in their order.
    /// Files of the last listing that no run was decided for.
    std::map<std::string, TriggerState::File> unsettled;
    std::optional<Timestamp> timer;

    const std::string& name() const { return definition.pipeline; }
    const EventSchedule* events() const { return std::get_if<EventSchedule>(&definition.schedule); }

    /// Decides what the state comes to now. True when it was changed.
    bool settle(Timestamp now, Decisions& decisions);
    bool pass_ticks(Timestamp now, Decisions& decisions);
    bool pass_one_tick(Timestamp now, Decisions& decisions);
    void run_tick(Timestamp tick, Timestamp now, Decisions& decisions);
    bool note_cron_ticks(Timestamp now, Decisions& decisions);
    bool run_when_it_holds(Timestamp now, Decisions& decisions);
    bool run_when_called(Timestamp now, Decisions& decisions);
    bool take_files(const FilesSeen& seen, Timestamp now, Decisions& decisions);
    void queue(DueRun run, Timestamp now, Decisions& decisions);

    std::optional<Timestamp> next_tick() const;
    bool holds(const EventSchedule::Step& atom) const;
    std::string events_wait(const EventSchedule& events) const;
    std::string atom_waits(const EventSchedule& events, const EventSchedule::Step& atom) const;
};

namespace {

bool has_changed(const TriggerState::Table& table) {
    return table.seen > table.consumed;
}

std::string days_in_words(const project::DaySet& days) {
    std::string text = fmt::format("{:x}", days.weekdays);
    for (const project::CivilDay day : days.dates) {
        text += fmt::format(",{}", day.time_since_epoch().count());
    }
    return text;
}

/// Two schedules with the same words have the same ticks.
std::string ticks_in_words(const project::Schedule& schedule) {
    const auto crons_in_words = [](const std::vector<project::Cron>& crons, std::string_view zone) {
        std::string text = "cron in " + std::string(zone);
        for (const project::Cron& cron : crons) text += "; " + cron.text;
        return text;
    };
    const auto with_calendar = [](std::string text, const project::Calendar& calendar) {
        if (calendar.allows_all()) return text;
        return text + " only " + days_in_words(calendar.only) + " except " +
               days_in_words(calendar.except);
    };
    if (const auto* cron = std::get_if<project::CronSchedule>(&schedule)) {
        return with_calendar(crons_in_words(cron->crons, cron->timezone), cron->calendar);
    }
    if (const auto* every = std::get_if<project::EverySchedule>(&schedule)) {
        return with_calendar(fmt::format("every {} us from {} in {}", every->every.count(),
                                         every->anchor.micros(), every->timezone),
                             every->calendar);
    }
    if (const auto* events = std::get_if<EventSchedule>(&schedule)) {
        if (!events->crons.empty()) return crons_in_words(events->crons, events->timezone);
    }
    return "";
}

/// The state of a pipeline that is defined now: what it does not have is forgotten, what is new is
/// there.
void fit_state(const TriggerDefinition& definition, Timestamp now, TriggerState& state,
               Decisions& decisions) {
    std::string words = ticks_in_words(definition.schedule);
    if (state.schedule != words) {
        if (!words.empty() && !state.schedule.empty() && state.ticked_to < now) {
            decisions.passed_over.push_back({definition.pipeline, state.ticked_to, now});
        }
        state.schedule = std::move(words);
        state.ticked_to = now;
    }
    const auto* events = std::get_if<EventSchedule>(&definition.schedule);
    std::map<TableName, TriggerState::Table> tables;
    std::map<std::string, Timestamp> ticked;
    if (events != nullptr) {
        for (const TableName& table : events->tables) tables[table] = state.tables[table];
        for (const project::Cron& cron : events->crons) {
            const auto at = state.ticked.find(cron.text);
            if (at != state.ticked.end()) ticked.insert(*at);
        }
    }
    state.tables = std::move(tables);
    state.ticked = std::move(ticked);
    if (!std::holds_alternative<project::FileSchedule>(definition.schedule)) state.files.clear();
    if (!std::holds_alternative<project::WebhookSchedule>(definition.schedule)) {
        state.called_at.reset();
    }
}

const std::string* pipeline_of(const TriggerEvent& event) {
    return std::visit(
        [](const auto& one) -> const std::string* {
            if constexpr (requires { one.pipeline; }) return &one.pipeline;
            return nullptr;
        },
        event);
}

std::string brackets(std::string text, bool needed) {
    return needed ? "(" + std::move(text) + ")" : text;
}

}  // namespace

Triggers::Triggers() = default;
Triggers::~Triggers() = default;
Triggers::Triggers(Triggers&&) noexcept = default;
Triggers& Triggers::operator=(Triggers&&) noexcept = default;

std::optional<TriggerDefinition> trigger_of(const project::Pipeline& pipeline) {
    if (!pipeline.schedule) return std::nullopt;
    return TriggerDefinition{pipeline.name, *pipeline.schedule, pipeline.window, pipeline.catchup};
}

Result<Decisions> Triggers::define(std::vector<TriggerDefinition> definitions,
                                   std::vector<KeptTrigger> kept, Timestamp now) {
    std::unordered_map<std::string, std::unique_ptr<Pipeline>> next;
    for (TriggerDefinition& definition : definitions) {
        auto pipeline = std::make_unique<Pipeline>();
        INGOT_TRY_ASSIGN(pipeline->ticks, Ticks::of(definition.schedule));
        if (const auto* events = std::get_if<EventSchedule>(&definition.schedule)) {
            for (const project::Cron& line : events->crons) {
                INGOT_TRY_ASSIGN(Ticks ticks, Ticks::of(line, events->timezone));
                pipeline->crons.push_back(std::move(ticks));
            }
        }
        pipeline->definition = std::move(definition);
        const std::string& name = pipeline->name();
        const bool is_new = next.emplace(name, std::move(pipeline)).second;
        INGOT_CHECK(is_new, "pipelines have different names");
    }

    std::map<std::string, KeptTrigger> known;
    for (KeptTrigger& one : kept) {
        std::string name = one.pipeline;
        known.insert_or_assign(std::move(name), std::move(one));
    }
    for (const auto& [name, pipeline] : pipelines_) {
        known.insert_or_assign(name, KeptTrigger{name, pipeline->state, pipeline->open_runs});
    }

    Decisions decisions;
    readers_.clear();
    timers_.clear();
    std::set<std::string> changed;
    for (auto& [name, pipeline] : next) {
        const auto before = known.find(name);
        if (before != known.end()) {
            pipeline->state = before->second.state;
            pipeline->open_runs = before->second.open_runs;
        }
        if (const auto old = pipelines_.find(name); old != pipelines_.end()) {
            pipeline->unsettled = std::move(old->second->unsettled);
        }
        TriggerState fitted = pipeline->state;
        fit_state(pipeline->definition, now, fitted, decisions);
        if (before == known.end() || fitted != pipeline->state) changed.insert(name);
        pipeline->state = std::move(fitted);
        for (const auto& [table, state] : pipeline->state.tables) readers_[table].insert(name);
    }
    for (const auto& [name, gone] : known) {
        if (!next.contains(name)) decisions.forgotten.push_back(name);
    }
    decisions.changed.assign(changed.begin(), changed.end());
    std::sort(decisions.passed_over.begin(), decisions.passed_over.end(),
              [](const PassedOver& a, const PassedOver& b) { return a.pipeline < b.pipeline; });
    pipelines_ = std::move(next);
    for (auto& [name, pipeline] : pipelines_) {
        // What waits already, and could not be decided on before, is looked at with the next step.
        pipeline->timer = now;
        timers_.emplace(now, name);
    }
    return decisions;
}

Result<Decisions> Triggers::step(const TriggerEvent& event, Timestamp now) {
    INGOT_TRY(check(event));
    Decisions decisions;
    if (std::holds_alternative<TimeReached>(event)) {
        reach(now, decisions);
    } else if (const auto* changed = std::get_if<TableChanged>(&event)) {
        take_table(*changed, now, decisions);
    } else {
        take_own(*find(*pipeline_of(event)), event, now, decisions);
    }
    return decisions;
}

std::optional<Timestamp> Triggers::next_wake() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first;
}

const TriggerState* Triggers::state(const std::string& name) const {
    const auto found = pipelines_.find(name);
    return found == pipelines_.end() ? nullptr : &found->second->state;
}

Triggers::Pipeline* Triggers::find(const std::string& name) {
    const auto found = pipelines_.find(name);
    return found == pipelines_.end() ? nullptr : found->second.get();
}

Status Triggers::check(const TriggerEvent& event) const {
    const std::string* name = pipeline_of(event);
    if (name == nullptr) return {};
    const auto found = pipelines_.find(*name);
    if (found == pipelines_.end()) {
        return make_error(ErrorCode::kNotFound, "no pipeline '{}' has a schedule", *name);
    }
    const project::Schedule& schedule = found->second->definition.schedule;
    if (std::holds_alternative<WebhookCalled>(event) &&
        !std::holds_alternative<project::WebhookSchedule>(schedule)) {
        return make_error(ErrorCode::kNotFound,
                          "pipeline '{}' is not started by calls: `schedule: {{on: {{webhook: "
                          "true}}}}` makes it so",
                          *name);
    }
    if (const auto* seen = std::get_if<FilesSeen>(&event)) {
        if (!std::holds_alternative<project::FileSchedule>(schedule)) {
            return make_error(ErrorCode::kNotFound, "pipeline '{}' is not started by files", *name);
        }
        if (seen->files.size() > kFilesMax) {
            return make_error(ErrorCode::kUnsupported,
                              "the pattern of pipeline '{}' finds {} files, and {} at most can be "
                              "watched: move away those that are loaded, or use a period",
                              *name, seen->files.size(), kFilesMax);
        }
    }
    return {};
}

void Triggers::reach(Timestamp now, Decisions& decisions) {
    std::vector<Pipeline*> due;
    while (!timers_.empty() && timers_.begin()->first <= now) {
        due.push_back(find(timers_.begin()->second));
        due.back()->timer.reset();
        timers_.erase(timers_.begin());
    }
    for (Pipeline* pipeline : due) {
        if (pipeline->settle(now, decisions)) decisions.changed.push_back(pipeline->name());
        set_timer(*pipeline);
    }
}

void Triggers::take_table(const TableChanged& changed, Timestamp now, Decisions& decisions) {
    const auto readers = readers_.find(changed.table);
    if (readers == readers_.end()) return;
    for (const std::string& name : readers->second) {
        Pipeline& pipeline = *find(name);
        TriggerState::Table& table = pipeline.state.tables[changed.table];
        if (!changed.table_id.empty() && table.id != changed.table_id) {
            if (!table.id.empty()) table = {};
            table.id = changed.table_id;
        }
        if (changed.version <= table.seen) continue;
        table.seen = changed.version;
        table.seen_at = now;
        pipeline.settle(now, decisions);
        decisions.changed.push_back(name);
        set_timer(pipeline);
    }
}

void Triggers::take_own(Pipeline& pipeline, const TriggerEvent& event, Timestamp now,
                        Decisions& decisions) {
    TriggerState& state = pipeline.state;
    bool changed = false;
    if (std::holds_alternative<Paused>(event)) {
        changed = !state.paused;
        state.paused = true;
    } else if (std::holds_alternative<Resumed>(event)) {
        changed = state.paused;
        state.paused = false;
    } else if (const auto* set = std::get_if<TicksSetTo>(&event)) {
        changed = state.ticked_to != set->to;
        state.ticked_to = set->to;
    } else if (std::holds_alternative<TriggeredRunEnded>(event)) {
        pipeline.open_runs = std::max(0, pipeline.open_runs - 1);
    } else if (std::holds_alternative<WebhookCalled>(event)) {
        changed = !state.called_at;
        if (!state.called_at) state.called_at = now;
    } else if (const auto* seen = std::get_if<FilesSeen>(&event)) {
        changed = pipeline.take_files(*seen, now, decisions);
    }
    changed = pipeline.settle(now, decisions) || changed;
    if (changed) decisions.changed.push_back(pipeline.name());
    set_timer(pipeline);
}

void Triggers::set_timer(Pipeline& pipeline) {
    const auto next = pipeline.next_tick();
    if (next == pipeline.timer) return;
    if (pipeline.timer) timers_.erase({*pipeline.timer, pipeline.name()});
    pipeline.timer = next;
    if (next) timers_.emplace(*next, pipeline.name());
}

bool Triggers::Pipeline::settle(Timestamp now, Decisions& decisions) {
    if (state.paused) return false;
    if (ticks) return pass_ticks(now, decisions);
    if (events() == nullptr) return run_when_called(now, decisions);
    const bool ticked = note_cron_ticks(now, decisions);
    return run_when_it_holds(now, decisions) || ticked;
}

bool Triggers::Pipeline::pass_ticks(Timestamp now, Decisions& decisions) {
    bool changed = false;
    while (open_runs < kOpenRunsMax && pass_one_tick(now, decisions)) changed = true;
    return changed;
}

/// Deals with the next ticks that come to a run or to nothing; false when there are none.
bool Triggers::Pipeline::pass_one_tick(Timestamp now, Decisions& decisions) {
    const auto first = ticks->next(state.ticked_to);
    if (!first || *first > now) return false;
    if (definition.catchup == Catchup::kAll) {
        run_tick(*first, now, decisions);
        return true;
    }
    const Timestamp last = std::max(*first, ticks->last(now).value_or(*first));
    const bool too_late = definition.catchup == Catchup::kNone && now - last > kOnTime;
    if (too_late) {
        decisions.passed_over.push_back({name(), state.ticked_to, last});
        state.ticked_to = last;
        return true;
    }
    if (*first < last) {
        decisions.passed_over.push_back({name(), state.ticked_to, last - Duration(1)});
    }
    run_tick(last, now, decisions);
    return true;
}

void Triggers::Pipeline::run_tick(Timestamp tick, Timestamp now, Decisions& decisions) {
    DueRun run{name(), RunOrigin::Cause::kScheduled};
    run.scheduled_for = tick;
    if (definition.window) {
        // A window that has no name in the calendar is that of a year before 1 or after 9999.
        auto window = window_of_tick(*ticks, *definition.window, tick);
        INGOT_CHECK(window.has_value(), window.error().message);
        run.window = *window;
    }
    state.ticked_to = tick;
    queue(std::move(run), now, decisions);
}

bool Triggers::Pipeline::note_cron_ticks(Timestamp now, Decisions& decisions) {
    Timestamp reached = state.ticked_to;
    for (std::size_t i = 0; i < crons.size(); ++i) {
        const auto last = crons[i].last(now);
        if (!last || *last <= state.ticked_to) continue;
        reached = std::max(reached, *last);
        if (definition.catchup == Catchup::kNone && now - *last > kOnTime) {
            decisions.passed_over.push_back({name(), state.ticked_to, *last});
        } else {
            state.ticked[events()->crons[i].text] = *last;
        }
    }
    const bool changed = reached != state.ticked_to;
    state.ticked_to = reached;
    return changed;
}

bool Triggers::Pipeline::holds(const EventSchedule::Step& atom) const {
    if (atom.kind == EventSchedule::Step::Kind::kCron) {
        return state.ticked.contains(events()->crons[atom.index].text);
    }
    return has_changed(state.tables.at(events()->tables[atom.index]));
}

bool Triggers::Pipeline::run_when_it_holds(Timestamp now, Decisions& decisions) {
    if (open_runs > 0) return false;
    using Kind = EventSchedule::Step::Kind;
    std::vector<bool> stack;
    for (const EventSchedule::Step& step : events()->steps) {
        if (step.kind == Kind::kTable || step.kind == Kind::kCron) {
            stack.push_back(holds(step));
            continue;
        }
        const bool right = stack.back();
        stack.pop_back();
        stack.back() = step.kind == Kind::kBoth ? stack.back() && right : stack.back() || right;
    }
    if (!stack.back()) return false;

    DueRun run{name(), RunOrigin::Cause::kScheduled};
    run.scheduled_for = now;
    for (auto& [table, versions] : state.tables) {
        if (has_changed(versions)) run.tables[table] = versions.seen;
        versions.consumed = versions.seen;
    }
    if (!run.tables.empty()) {
        run.cause = RunOrigin::Cause::kTables;
    } else {
        for (const auto& [line, at] : state.ticked) {
            run.scheduled_for = run.scheduled_for == now ? at : std::max(run.scheduled_for, at);
        }
    }
    state.ticked.clear();
    queue(std::move(run), now, decisions);
    return true;
}

bool Triggers::Pipeline::run_when_called(Timestamp now, Decisions& decisions) {
    if (!state.called_at || open_runs > 0) return false;
    DueRun run{name(), RunOrigin::Cause::kWebhook};
    run.scheduled_for = *state.called_at;
    state.called_at.reset();
    queue(std::move(run), now, decisions);
    return true;
}

bool Triggers::Pipeline::take_files(const FilesSeen& seen, Timestamp now, Decisions& decisions) {
    // A file that is gone and comes back is a new one.
    const auto gone = std::erase_if(
        state.files, [&](const auto& known) { return !seen.files.contains(known.first); });
    DueRun run{name(), RunOrigin::Cause::kFiles};
    std::map<std::string, TriggerState::File> still;
    for (const auto& [path, file] : seen.files) {
        const auto known = state.files.find(path);
        if (known != state.files.end() && known->second == file) continue;
        const auto before = unsettled.find(path);
        if (before != unsettled.end() && before->second == file) run.files.push_back(path);
        still.emplace(path, file);
    }
    unsettled = std::move(still);
    if (run.files.empty() || state.paused || open_runs > 0) return gone > 0;
    for (const std::string& path : run.files) {
        state.files[path] = unsettled.at(path);
        unsettled.erase(path);
    }
    run.scheduled_for = now;
    queue(std::move(run), now, decisions);
    return true;
}

void Triggers::Pipeline::queue(DueRun run, Timestamp now, Decisions& decisions) {
    ++open_runs;
    state.last_run_at = now;
    decisions.due.push_back(std::move(run));
}

std::optional<Timestamp> Triggers::Pipeline::next_tick() const {
    if (state.paused) return std::nullopt;
    if (ticks) return open_runs < kOpenRunsMax ? ticks->next(state.ticked_to) : std::nullopt;
    std::optional<Timestamp> first;
    for (const Ticks& cron : crons) {
        const auto next = cron.next(state.ticked_to);
        if (next && (!first || *next < *first)) first = next;
    }
    return first;
}

std::string Triggers::waiting_for(const std::string& pipeline, Timestamp now) const {
    const auto found = pipelines_.find(pipeline);
    if (found == pipelines_.end()) return "";
    const Pipeline& one = *found->second;
    if (one.state.paused) return "it is paused";
    if (one.ticks) {
        const auto next = one.ticks->next(one.state.ticked_to);
        if (!next) return "no tick is left";
        if (one.open_runs >= kOpenRunsMax) {
            return fmt::format("{} of its runs are not over: ticks from {} on wait for one to end",
                               one.open_runs, next->to_string());
        }
        if (one.state.ticked_to > now) {
            return fmt::format("next at {}: the clock went back, and ticks up to {} are dealt with",
                               next->to_string(), one.state.ticked_to.to_string());
        }
        return "next at " + next->to_string();
    }
    if (one.open_runs > 0) {
        return "its run is not over: what happens meanwhile starts one run after it";
    }
    if (one.events() != nullptr) return one.events_wait(*one.events());
    if (std::holds_alternative<project::WebhookSchedule>(one.definition.schedule)) {
        return "a call";
    }
    if (one.unsettled.empty()) return "a new file";
    return fmt::format("{} new files, {} among them, are looked at once more before they count",
                       one.unsettled.size(), one.unsettled.begin()->first);
}

/// The atoms that do not hold, as far as they matter.
std::string Triggers::Pipeline::events_wait(const EventSchedule& expression) const {
    using Kind = EventSchedule::Step::Kind;
    struct Part {
        std::string waits;  ///< Empty: it holds.
        Kind kind = Kind::kTable;
    };
    std::vector<Part> stack;
    for (const EventSchedule::Step& step : expression.steps) {
        if (step.kind == Kind::kTable || step.kind == Kind::kCron) {
            stack.push_back({holds(step) ? "" : atom_waits(expression, step), step.kind});
            continue;
        }
        Part right = std::move(stack.back());
        stack.pop_back();
        Part& left = stack.back();
        if (step.kind == Kind::kBoth) {
            if (left.waits.empty()) {
                left = std::move(right);
            } else if (!right.waits.empty()) {
                left = {brackets(left.waits, left.kind == Kind::kEither) + " and " +
                            brackets(right.waits, right.kind == Kind::kEither),
                        Kind::kBoth};
            }
        } else if (left.waits.empty() || right.waits.empty()) {
            left = {"", Kind::kEither};
        } else {
            left = {left.waits + " or " + right.waits, Kind::kEither};
        }
    }
    return stack.back().waits;
}

std::string Triggers::Pipeline::atom_waits(const EventSchedule& expression,
                                           const EventSchedule::Step& atom) const {
    if (atom.kind == EventSchedule::Step::Kind::kCron) {
        const auto next = crons[atom.index].next(state.ticked_to);
        return next ? "next at " + next->to_string() : "no tick is left";
    }
    const TableName& table = expression.tables[atom.index];
    if (state.tables.at(table).seen < 0) return table.text() + " does not exist yet";
    return fmt::format("{} has not changed since the run of {}", table.text(),
                       state.last_run_at.value_or(Timestamp()).to_string());
}

}  // namespace ingot::orchestrator
