#include "task/history.hpp"

#include "project/history.hpp"
#include "publish/history_sql.hpp"

namespace ingot::task {

publish::KeepHistory history_mode(const project::Model& model, Timestamp now) {
    const bool close_missing = model.deletes == project::Deletes::kClose;
    return {model.key, model.order_by, model.time, close_missing, now, false};
}

Status begin_versions(const project::Model& model, Timestamp now, engine::Query& select,
                      Schema& schema) {
    if (model.kind != project::ModelKind::kScd2) return {};
    INGOT_TRY_ASSIGN(const std::vector<Field> added, project::history_columns(model, schema));
    schema.fields.insert(schema.fields.end(), added.begin(), added.end());
    select.sql = publish::begun_versions(history_mode(model, now), schema, select.sql);
    return {};
}

}  // namespace ingot::task
