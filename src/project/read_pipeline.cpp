// pipelines/*.yml
#include "project/reader_internal.hpp"

namespace ingot::project {

namespace {

std::optional<Deadline> read_deadline(const Fields& fields, const ReadContext& context) {
    const auto given = fields.object("deadline");
    if (!given) return std::nullopt;
    Deadline deadline{*given->duration("within"),
                      static_cast<Deadline::After>(
                          given->choice("after", {"queued", "scheduled", "started", "average"}, 0)),
                      given->text("notify"), given->place(),
                      given->count("runs", Deadline::kRuns, 1)};
    if (const YamlNode* runs = given->find("runs");
        runs != nullptr && deadline.after != Deadline::After::kAverage) {
        context.add(*runs, "'runs' goes with `after: average`");
    }
    check_receiver(given->find("notify"), context);
    return deadline;
}

}  // namespace

std::optional<Pipeline> read_pipeline(const YamlNode& node, std::string name,
                                      const ReadContext& outer) {
    const Shape& shape = *format_shapes().pipeline;
    if (node.kind == YamlNode::Kind::kNull) {
        outer.problems.add({std::string(outer.file), 1, 1},
                           "the file is empty: a pipeline has at least 'tasks'");
        return std::nullopt;
    }
    if (!check_shape(node, shape, outer.file, "a pipeline", outer.problems)) return std::nullopt;

    const std::size_t problems_before = outer.problems.count();
    Pipeline pipeline;
    pipeline.name = std::move(name);
    pipeline.place = {std::string(outer.file), 1, 1};
    pipeline.params = read_params(Fields(node, shape, outer), outer);
    ReadContext context = outer;
    for (const auto& [param, type] : pipeline.params) context.param_names.push_back(param);

    const Fields fields(node, shape, context);
    const std::string zone = fields.text("timezone", context.project.defaults.timezone);
    pipeline.schedule = read_schedule(fields, zone, context);
    pipeline.window = read_window(fields, context);
    pipeline.catchup = static_cast<Catchup>(fields.choice("catchup", {"none", "latest", "all"}, 1));
    pipeline.deadline = read_deadline(fields, context);
    if (const auto limits = fields.object("limits")) {
        pipeline.active_runs = limits->count("active_runs", 1, 1);
        if (limits->find("active_tasks") != nullptr) {
            pipeline.active_tasks = limits->count("active_tasks", 1, 1);
        }
    }
    if (const auto backfill = fields.object("backfill")) {
        pipeline.backfill = {static_cast<BackfillPolicy::Order>(
                                 backfill->choice("order", {"oldest_first", "newest_first"}, 0)),
                             backfill->count("active_runs", 1, 1),
                             static_cast<BackfillPolicy::Redo>(
                                 backfill->choice("redo", {"none", "failed", "all"}, 0))};
    }
    pipeline.publish = static_cast<PublishMode>(fields.choice("publish", {"each", "together"}, 0));
    if (const auto failure = fields.object("on_failure")) {
        pipeline.notify_on_failure = failure->text("notify");
        check_receiver(failure->find("notify"), context);
    }
    pipeline.tasks = read_tasks(fields, context);
    pipeline.tags = fields.texts("tags");
    pipeline.owner = fields.text("owner");
    pipeline.description = fields.text("description");
    if (outer.problems.count() > problems_before) return std::nullopt;
    return pipeline;
}

}  // namespace ingot::project
