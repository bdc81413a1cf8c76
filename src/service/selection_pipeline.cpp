#include "service/selection_pipeline.hpp"

#include "project/lineage.hpp"
#include "project/selector.hpp"

namespace ingot::service {
namespace {

/// What of a selection is kept.
struct KeptTables {
    std::size_t sources = 0;
    std::size_t models = 0;
    std::optional<project::WindowSpec> window;  ///< The longest of theirs.
};
Result<KeptTables> kept_tables(const project::Project& project, const std::string& select);
Result<std::optional<project::WindowSpec>> longer(const std::optional<project::WindowSpec>& one,
                                                  const std::optional<project::WindowSpec>& other);

}  // namespace

std::string name_of_selection(const std::string& select) {
    return std::string(kSelectionPrefix) + select;
}

Result<project::Pipeline> pipeline_of_selection(const project::Project& project,
                                                const std::string& select) {
    INGOT_TRY_ASSIGN_WITH(const KeptTables kept, kept_tables(project, select),
                          "in the selection " + select);
    project::PipelineTask task;
    task.name = "tables";
    if (kept.models > 0) {
        task.body = project::ModelsTask{select};
    } else {
        task.body = project::IngestTask{select};
    }
    task.retry = project.defaults.retry;
    project::Pipeline pipeline;
    pipeline.name = name_of_selection(select);
    pipeline.place.file = "the selection " + select;
    pipeline.window = kept.window;
    pipeline.tasks.push_back(std::move(task));
    return pipeline;
}

namespace {

Result<KeptTables> kept_tables(const project::Project& project, const std::string& select) {
    // Elsewhere that is all. Here it is rather a variable of a script that was empty.
    if (select.find_first_not_of(' ') == std::string::npos) {
        return make_error(ErrorCode::kInvalidArgument, "it names no table: `*` is all of them");
    }
    const project::TableGraph graph(project);
    INGOT_TRY_ASSIGN(const project::SelectedWork work,
                     project::select_work(project, graph, {select, "", nullptr}));
    if (work.tables.empty()) {
        return make_error(ErrorCode::kInvalidArgument, "no table is meant by all of its parts");
    }
    KeptTables kept;
    for (const project::TableName& table : work.tables) {
        if (const project::Source* source = project.find_source(table)) {
            ++kept.sources;
            INGOT_TRY_ASSIGN(kept.window, longer(kept.window, source->window));
        } else if (const project::Model& model = *project.find_model(table);
                   model.kind != project::ModelKind::kView) {
            ++kept.models;
            INGOT_TRY_ASSIGN(kept.window, longer(kept.window, model.window));
        }
    }
    if (kept.sources + kept.models > 0) return kept;
    return make_error(ErrorCode::kInvalidArgument,
                      "no table of it is kept: a view always is as what it shows");
}

/// Lengths are those of the windows that hold the same instant; of equal ones the first stays.
Result<std::optional<project::WindowSpec>> longer(const std::optional<project::WindowSpec>& one,
                                                  const std::optional<project::WindowSpec>& other) {
    if (!one || !other) return one ? one : other;
    INGOT_TRY_ASSIGN(const Interval first, project::window_at(*one, Timestamp()));
    INGOT_TRY_ASSIGN(const Interval second, project::window_at(*other, Timestamp()));
    return first.end - first.start < second.end - second.start ? other : one;
}

}  // namespace
}  // namespace ingot::service
