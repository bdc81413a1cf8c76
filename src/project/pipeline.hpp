#pragma once
// What runs when. Plain data; the orchestrator carries it out.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "project/names.hpp"
#include "project/param.hpp"
#include "project/schedule.hpp"
#include "project/source.hpp"
#include "project/template_text.hpp"
#include "project/window.hpp"
#include "sql/sql_facts.hpp"

namespace ingot::project {

enum class Catchup : std::uint8_t { kNone, kLatest, kAll };
enum class PublishMode : std::uint8_t { kEach, kTogether };

struct Deadline {
    /// kScheduled: the end of its window, or its tick. kAverage: its start and the average time of
    /// the last `runs` successful runs, once there are as many.
    enum class After : std::uint8_t { kQueued, kScheduled, kStarted, kAverage };
    static constexpr int kRuns = 10;
    Duration within{};
    After after = After::kQueued;
    std::string notify;
    SourcePlace place;
    int runs = kRuns;
    friend bool operator==(const Deadline& a, const Deadline& b) {
        return a.within == b.within && a.after == b.after && a.notify == b.notify &&
               a.runs == b.runs;
    }
};

struct BackfillPolicy {
    enum class Order : std::uint8_t { kOldestFirst, kNewestFirst };
    enum class Redo : std::uint8_t { kNone, kFailed, kAll };
    Order order = Order::kOldestFirst;
    int active_runs = 1;
    Redo redo = Redo::kNone;
};

struct IngestTask {
    std::string select;
};
struct ModelsTask {
    std::string select;
};
struct CheckTask {
    std::string select;
};
/// `connection.schema.table`
struct ExportTable {
    std::string connection;
    std::string schema;
    std::string table;
    /// As it was written.
    std::string text() const { return connection + "." + schema + "." + table; }
};
struct ExportFile {
    enum class Format : std::uint8_t { kParquet, kCsv, kJson, kNdjson };
    Template path;  ///< A relative one is below the project's folder.
    Format format = Format::kParquet;
    Compression compression = Compression::kNone;  ///< kGzip, kZstd: by the ending.
};
struct ExportItem {
    enum class Mode : std::uint8_t { kAppend, kOverwrite, kUpsert };
    TableName from;
    std::variant<ExportTable, ExportFile> to;
    Mode mode = Mode::kOverwrite;
    std::vector<std::string> columns;  ///< Empty: all.
    std::vector<std::string> key;
    std::vector<std::vector<std::string>> indexes;
    SourcePlace place;
};
std::string_view export_mode_name(ExportItem::Mode mode);

/// All items in one transaction of one connection; or all of them files.
struct ExportTask {
    std::vector<ExportItem> items;
    /// None: files.
    const std::string* connection() const;
};
/// Statements on a connection, in one transaction; or one SELECT over the lake, whose rows go to
/// the log.
struct SqlTask {
    std::string connection;  ///< Empty: the lake.
    std::string sql;
    SourcePlace place;              ///< Of `sql`.
    sql::ParsedQuery query;         ///< Of the lake.
    std::vector<TableName> inputs;  ///< Of the lake.
};
struct CommandTask {
    std::vector<Template> argv;
    std::vector<std::pair<std::string, Template>> environment;
    int skip_exit_code = 99;  ///< The task is skipped; 0: none does that.
};
/// A SELECT of a task over tables of the project.
struct TaskSql {
    std::string text;
    SourcePlace place;
    std::vector<TableName> inputs;
    std::vector<std::string> parameters;  ///< As they are bound: `window__start`.
    std::string bindable;                 ///< The text, with these.
};
struct HttpCall {
    Template url;
    std::string method = "GET";
    std::vector<std::pair<std::string, Template>> headers;
    Template body;
    std::vector<int> statuses;  ///< What is well; empty: 200 to 299.
    Template contains;          ///< A sensor's answer has it.
    Template idempotency_key;   ///< `auto`: made of run and task.
};
struct HttpTask {
    HttpCall call;
};
/// A path, or a glob, from the project's folder.
struct FileSensor {
    Template path;
};
/// Asks until something is there.
struct SensorTask {
    std::variant<FileSensor, TaskSql, HttpCall, CommandTask> of;
    Duration every = std::chrono::minutes(1);
    bool skip_when_over = false;
};
/// Chooses which of the tasks right after it go on.
struct BranchTask {
    std::variant<TaskSql, CommandTask> by;
};
struct MaintainTask {
    std::string select;
    bool optimize = false;
    bool vacuum = false;
};
using TaskBody = std::variant<IngestTask, ModelsTask, CheckTask, ExportTask, SqlTask, CommandTask,
                              MaintainTask, HttpTask, SensorTask, BranchTask>;

/// Items that a task before this one gives.
struct ItemsFrom {
    static constexpr int kItemsMax = 1024;
    std::string task;
    std::vector<std::string> path;  ///< Of keys into what it gives.
    int at_most = kItemsMax;
    std::string text = {};  ///< `{tasks.list.files}`
    SourcePlace place = {};
};

struct PipelineTask {
    /// Which ends of the tasks before it make it run: docs/guide/pipelines.md. Stored by number.
    enum class When : std::uint8_t {
        kSuccess,
        kDone,
        kFailed,
        kAllFailed,
        kAllSkipped,
        kAlways,
        kOneSuccess,
        kOneDone,
        kNoneFailed,
        kNoneSkipped,
        kNoneFailedMinOneSuccess,
        kAllDoneMinOneSuccess,
    };
    static constexpr std::size_t kWhenCount = 12;
    std::string name;
    TaskBody body;
    std::vector<std::string> after;
    When when = When::kSuccess;
    bool tolerated = false;  ///< Its failure is noted; the run and what comes after go on.
    std::string pool;
    int priority = 0;  ///< The highest goes first where slots are short.
    /// It is carried out in a process of its own. Commands always are.
    bool isolated = false;
    RetryPolicy retry;
    std::string notify_on_failure;  ///< Who is told; empty: nobody.
    std::vector<Value> each;        ///< One copy per item; empty: one task, or `items_from`.
    std::optional<ItemsFrom> items_from = {};
    SourcePlace place;
};

/// The program that it runs, of whatever kind it is; null: none.
const CommandTask* command_of(const TaskBody& body);
/// Its SELECT, when its kind is one that has one; null: none.
const TaskSql* sql_of(const TaskBody& body);
/// Every template of the task, of whatever kind.
std::vector<const Template*> templates_of(const TaskBody& body);
/// The tasks whose values it uses, each once.
std::vector<std::string> values_used_by(const TaskBody& body);

std::string_view when_name(PipelineTask::When when);  ///< `none_failed`

/// One file of `pipelines/`.
struct Pipeline {
    std::string name;
    SourcePlace place;
    std::optional<Schedule> schedule;  ///< None: started by hand.
    std::optional<WindowSpec> window;
    Catchup catchup = Catchup::kLatest;
    std::optional<Deadline> deadline;
    int active_runs = 1;
    std::optional<int> active_tasks;  ///< Of one run at a time.
    BackfillPolicy backfill;
    PublishMode publish = PublishMode::kEach;
    std::map<std::string, Param> params;
    std::vector<PipelineTask> tasks;  ///< In an order in which each comes after its `after`.
    std::string notify_on_failure;
    std::vector<std::string> tags;
    std::string owner;
    std::string description;
};

}  // namespace ingot::project
