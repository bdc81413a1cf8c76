// pipelines/*.yml
#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/nearest_name.hpp"
#include "project/reader_internal.hpp"
#include "project/scalars_internal.hpp"

namespace ingot::project {

namespace {

struct CronField {
    std::string_view name;
    int first;
    int last;
    std::vector<std::string_view> words;  ///< Names of values, from `first`.
};

const std::vector<CronField>& cron_fields() {
    static const std::vector<CronField> fields = {
        {"minute", 0, 59, {}},
        {"hour", 0, 23, {}},
        {"day of the month", 1, 31, {}},
        {"month",
         1,
         12,
         {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
        {"day of the week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}};
    return fields;
}

bool cron_value(std::string_view text, const CronField& field, int& value) {
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (std::size_t i = 0; i < field.words.size(); ++i) {
        if (lower == field.words[i]) {
            value = field.first + static_cast<int>(i);
            return true;
        }
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= field.first &&
           value <= field.last;
}

/// `*`, `5`, `1-5`, `*/15`, `10-50/10`, and lists of them.
bool valid_cron_field(std::string_view text, const CronField& field) {
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        std::string_view part = text.substr(at, comma - at);
        at = comma + 1;
        if (const std::size_t slash = part.find('/'); slash != std::string_view::npos) {
            const auto step = yaml_integer(part.substr(slash + 1));
            if (!step || *step < 1 || *step > field.last) return false;
            part = part.substr(0, slash);
            if (part != "*" && part.find('-') == std::string_view::npos) return false;
        }
        if (part == "*") continue;
        const std::size_t dash = part.find('-');
        int low = 0;
        if (!cron_value(part.substr(0, dash), field, low)) return false;
        if (dash == std::string_view::npos) continue;
        int high = 0;
        if (!cron_value(part.substr(dash + 1), field, high) || high < low) return false;
    }
    return true;
}

std::optional<std::string> cron_problem(const std::string& text) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ') {
            ++at;
            continue;
        }
        const std::size_t end = std::min(text.find(' ', at), text.size());
        parts.push_back(std::string_view(text).substr(at, end - at));
        at = end;
    }
    if (parts.size() != 5) {
        return fmt::format(
            "'{}' is no schedule: write five fields as in '5 * * * *', 'every 5m', "
            "or `on:`",
            text);
    }
    for (std::size_t i = 0; i < 5; ++i) {
        if (!valid_cron_field(parts[i], cron_fields()[i])) {
            return fmt::format("'{}' is no {} ({} to {}) in the schedule '{}'", parts[i],
                               cron_fields()[i].name, cron_fields()[i].first, cron_fields()[i].last,
                               text);
        }
    }
    return std::nullopt;
}

/// Tables joined by `&` and `|`, with brackets.
class EventExpression {
public:
    explicit EventExpression(std::string_view text) : text_(text) {}

    Result<std::vector<TableName>> tables() {
        INGOT_TRY(either());
        blanks();
        if (at_ < text_.size()) return wrong();
        std::sort(tables_.begin(), tables_.end());
        tables_.erase(std::unique(tables_.begin(), tables_.end()), tables_.end());
        return tables_;
    }

private:
    Status either() {
        INGOT_TRY(both());
        while (take('|')) INGOT_TRY(both());
        return {};
    }
    Status both() {
        INGOT_TRY(one());
        while (take('&')) INGOT_TRY(one());
        return {};
    }
    Status one() {
        if (take('(')) {
            if (++depth_ > 32) return wrong();
            INGOT_TRY(either());
            --depth_;
            if (!take(')')) return wrong();
            return {};
        }
        blanks();
        const std::size_t begin = at_;
        while (at_ < text_.size() &&
               std::string_view(" &|()").find(text_[at_]) == std::string_view::npos) {
            ++at_;
        }
        if (begin == at_) return wrong();
        INGOT_TRY_ASSIGN(TableName table, TableName::parse(text_.substr(begin, at_ - begin)));
        tables_.push_back(std::move(table));
        return {};
    }
    void blanks() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    bool take(char c) {
        blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    Error wrong() const {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is not understood at byte {}: write tables with & and |", text_,
                          at_ + 1);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::vector<TableName> tables_;
};

std::optional<Schedule> event_schedule(const YamlNode& node, const ReadContext& context) {
    auto tables = EventExpression(node.text).tables();
    if (!tables) {
        context.add(node, tables.error().message);
        return std::nullopt;
    }
    return TableEventSchedule{node.text, *std::move(tables)};
}

std::optional<Schedule> every_schedule(const YamlNode& node, std::string_view text,
                                       const ReadContext& context) {
    const auto every = parse_duration(text);
    if (every && every->count() > 0) return EverySchedule{*every};
    context.add(node, every ? "the period must be longer than nothing" : every.error().message);
    return std::nullopt;
}

std::optional<Schedule> cron_schedule(const YamlNode& node, std::string zone,
                                      const ReadContext& context) {
    if (auto problem = cron_problem(node.text)) {
        context.add(node, *std::move(problem));
        return std::nullopt;
    }
    return CronSchedule{node.text, std::move(zone)};
}

std::optional<Schedule> read_schedule(const Fields& fields, const std::string& zone,
                                      const ReadContext& context) {
    const YamlNode* node = fields.find("schedule");
    if (node == nullptr) return std::nullopt;
    const auto object = fields.object("schedule");
    if (!object) {
        if (node->text.starts_with("every ")) {
            return every_schedule(*node, std::string_view(node->text).substr(6), context);
        }
        return cron_schedule(*node, zone, context);
    }
    if (const YamlNode* cron = object->find("cron")) {
        return cron_schedule(*cron, object->text("timezone", zone), context);
    }
    if (const YamlNode* every = object->find("every")) {
        return every_schedule(*every, every->text, context);
    }
    if (const auto on = object->object("on")) return FileSchedule{on->templ("file")};
    return event_schedule(*object->find("on"), context);
}

/// A selector may be written as one text or as a list: a list is "or".
std::string selector(const Fields& fields, std::string_view key) {
    std::string out;
    for (const std::string& part : fields.texts(key)) out += (out.empty() ? "" : " ") + part;
    return out;
}

ExportTask read_exports(const Fields& fields, const ReadContext& context) {
    ExportTask task;
    for (const YamlNode& item : fields.find("export")->items) {
        const Fields one(item, fields.shape_of("export"), context);
        ExportItem read;
        read.from = *TableName::parse(one.find("from")->text);
        read.to = one.text("to");
        read.mode =
            static_cast<ExportItem::Mode>(one.choice("mode", {"append", "overwrite", "upsert"}, 1));
        read.key = one.texts("key");
        read.place = one.place();
        if (read.mode == ExportItem::Mode::kUpsert && read.key.empty()) {
            context.add(item, "`mode: upsert` needs 'key'");
        }
        const std::string connection = read.to.substr(0, read.to.find('.'));
        const bool path = read.to.find('/') != std::string::npos;
        if (!path && !context.project.connections.contains(connection)) {
            std::vector<std::string> names;
            for (const auto& [name, known] : context.project.connections) names.push_back(name);
            context.add(*one.find("to"), "there is no connection '" + connection + "'" +
                                             did_you_mean(connection, names));
        }
        task.items.push_back(std::move(read));
    }
    return task;
}

TaskBody read_task_body(const Fields& fields, const ReadContext& context) {
    if (fields.find("ingest") != nullptr) return IngestTask{selector(fields, "ingest")};
    if (fields.find("models") != nullptr) return ModelsTask{selector(fields, "models")};
    if (fields.find("check") != nullptr) return CheckTask{selector(fields, "check")};
    if (fields.find("export") != nullptr) return read_exports(fields, context);
    if (const auto maintain = fields.object("maintain")) {
        const MaintainTask task{selector(*maintain, "select"), maintain->boolean("optimize", false),
                                maintain->boolean("vacuum", false)};
        if (!task.optimize && !task.vacuum) {
            context.add(maintain->node(), "'maintain' needs optimize or vacuum");
        }
        return task;
    }
    return CommandTask{fields.templates("command"), fields.named_templates("environment")};
}

/// Two names for each rule, in the order of PipelineTask::When.
constexpr std::size_t kWhenCount = 3;
const std::vector<std::string_view>& when_names() {
    static const std::vector<std::string_view> names = {"success",     "done",     "failed",
                                                        "all_success", "all_done", "one_failed"};
    return names;
}

PipelineTask read_task(const Fields& fields, std::string name, const ReadContext& context) {
    PipelineTask task;
    task.name = std::move(name);
    task.place = fields.place();
    task.body = read_task_body(fields, context);
    task.after = fields.texts("after");
    task.when =
        static_cast<PipelineTask::When>(fields.choice("when", when_names(), 0) % kWhenCount);
    task.tolerated = fields.choice("on_fail", {"fail", "warn"}, 0) == 1;
    task.priority = fields.count("priority", 0, 0);
    task.pool = fields.text("pool");
    task.retry = read_retry(fields, context.project.defaults.retry);
    task.retry.timeout = fields.duration("timeout");
    task.each = fields.values("each");
    if (!task.pool.empty() && !context.project.pools.contains(task.pool)) {
        std::vector<std::string> names;
        for (const auto& [pool, slots] : context.project.pools) names.push_back(pool);
        context.add(*fields.find("pool"), "there is no pool '" + task.pool + "' in project.yml" +
                                              did_you_mean(task.pool, names));
    }
    if (const YamlNode* node = fields.find("environment");
        node != nullptr && !std::holds_alternative<CommandTask>(task.body)) {
        context.add(*node, "'environment' goes with 'command'");
    }
    return task;
}

/// Tasks so that each comes after its `after`; unknown names and cycles are reported.
std::vector<PipelineTask> in_order(std::vector<PipelineTask> tasks, const ReadContext& context) {
    std::vector<std::string> names;
    for (const PipelineTask& task : tasks) names.push_back(task.name);
    for (const PipelineTask& task : tasks) {
        for (const std::string& before : task.after) {
            if (std::find(names.begin(), names.end(), before) != names.end()) continue;
            context.problems.add(task.place, "task '" + task.name + "' comes after '" + before +
                                                 "', which is no task" +
                                                 did_you_mean(before, names));
            return tasks;
        }
    }
    std::vector<PipelineTask> ordered;
    std::set<std::string> done;
    while (!tasks.empty()) {
        const auto ready = std::find_if(tasks.begin(), tasks.end(), [&](const PipelineTask& task) {
            return std::all_of(task.after.begin(), task.after.end(),
                               [&](const std::string& before) { return done.contains(before); });
        });
        if (ready == tasks.end()) {
            context.problems.add(tasks[0].place,
                                 "task '" + tasks[0].name + "' waits for itself through 'after'");
            return ordered;
        }
        done.insert(ready->name);
        ordered.push_back(std::move(*ready));
        tasks.erase(ready);
    }
    return ordered;
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
    if (const auto deadline = fields.object("deadline")) {
        pipeline.deadline = Deadline{*deadline->duration("within"),
                                     static_cast<Deadline::After>(deadline->choice(
                                         "after", {"queued", "scheduled", "started"}, 0)),
                                     deadline->text("notify"), deadline->place()};
    }
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
    }
    std::vector<PipelineTask> tasks;
    for (const YamlNode::Entry& entry : fields.find("tasks")->entries) {
        const Fields one(entry.value, fields.shape_of("tasks"), context);
        tasks.push_back(read_task(one, entry.key, context));
    }
    if (tasks.empty()) context.add(*fields.find("tasks"), "a pipeline needs at least one task");
    pipeline.tasks = in_order(std::move(tasks), context);
    pipeline.tags = fields.texts("tags");
    pipeline.owner = fields.text("owner");
    pipeline.description = fields.text("description");
    if (outer.problems.count() > problems_before) return std::nullopt;
    return pipeline;
}

}  // namespace ingot::project
