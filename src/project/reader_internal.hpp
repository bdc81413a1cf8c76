#pragma once
// From checked YAML to typed values. Every function here may rely on check_shape: what is read has
// its shape, so only meaning is left to check.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "project/project.hpp"
#include "project/shape_internal.hpp"
#include "project/sql_text_internal.hpp"

namespace ingot::project {

/// What all files are read with.
struct ReadContext {
    std::string_view file;
    Problems& problems;
    const Project& project;  ///< What `project.yml` said.
    /// Parameters that templates may use: the project's, and a pipeline's own.
    std::vector<std::string> param_names;
    bool in_task = false;  ///< Templates may use what tasks gave.

    SourcePlace place(const YamlNode& node) const {
        return {std::string(file), node.line, node.column};
    }
    void add(const YamlNode& node, std::string message) const {
        problems.add(place(node), std::move(message));
    }
};

/// Typed access to the keys of one map. Asking for a key that the shape does not have is a bug.
class Fields {
public:
    Fields(const YamlNode& node, const Shape& shape, const ReadContext& context);

    const YamlNode& node() const { return node_; }
    SourcePlace place() const { return context_.place(node_); }
    /// Null when the key is not there.
    const YamlNode* find(std::string_view key) const;
    /// The map below a key, with its shape; nothing when it is absent or written as a scalar.
    std::optional<Fields> object(std::string_view key) const;
    /// The shape of the key's values when they are maps: for lists and maps of objects.
    const Shape& shape_of(std::string_view key) const;

    std::string text(std::string_view key, std::string otherwise = "") const;
    std::vector<std::string> texts(std::string_view key) const;  ///< One text or a list of them.
    bool boolean(std::string_view key, bool otherwise) const;
    std::optional<std::int64_t> integer(std::string_view key) const;
    std::optional<double> number(std::string_view key) const;
    std::optional<double> share(std::string_view key) const;
    std::optional<Duration> duration(std::string_view key) const;
    /// A whole number that is at least `least`; smaller ones are reported.
    int count(std::string_view key, int otherwise, int least) const;
    Template templ(std::string_view key) const;
    std::vector<Template> templates(std::string_view key) const;
    std::vector<std::pair<std::string, Template>> named_templates(std::string_view key) const;
    std::vector<Value> values(std::string_view key) const;
    /// Position of the text among `names`; `otherwise` when absent.
    std::size_t choice(std::string_view key, const std::vector<std::string_view>& names,
                       std::size_t otherwise) const;

private:
    const YamlNode& node_;
    const Shape& shape_;
    const ReadContext& context_;
};

/// The object among the alternatives of a shape, through lists and maps.
const Shape& object_shape(const Shape& shape);

Template read_template(const YamlNode& node, const ReadContext& context);

// Parts that several kinds of files have.
RetryPolicy read_retry(const Fields& fields, RetryPolicy otherwise);
Retention read_retention(const Fields& fields);
std::vector<Rule> read_rules(const Fields& fields, std::string_view key,
                             const ReadContext& context);
/// Columns, and the checks that stand with them.
std::vector<ColumnSpec> read_columns(const Fields& fields, std::vector<Check>& checks,
                                     const ReadContext& context);
std::vector<Check> read_table_checks(const Fields& fields, const ReadContext& context);
/// Gives checks of one name different ones, or reports names that were given twice.
void finish_checks(std::vector<Check>& checks, const ReadContext& context);
std::map<std::string, Param> read_params(const Fields& fields, const ReadContext& context);
std::optional<WindowSpec> read_window(const Fields& fields, const ReadContext& context);
std::optional<Timestamp> read_start(const Fields& fields, const ReadContext& context);
SourcePlace sql_place(const YamlNode& node, const ReadContext& context);

/// `notify:` of project.yml; its connections are read already.
std::map<std::string, Receiver> read_receivers(const Fields& fields, const ReadContext& context);
/// `metrics:` of project.yml; values of parameters are set already.
std::optional<StatsdSettings> read_statsd(const Fields& fields, const ReadContext& context);
/// Reports a name that is not among the receivers of project.yml. Null: nobody is named.
void check_receiver(const YamlNode* name, const ReadContext& context);

// Whole files. `node` is the document; when it is not of its shape nothing is returned.
struct ProjectChoice {
    std::string environment;
    std::string lake;
    std::map<std::string, std::string> params;
};
/// Fills what project.yml says.
void read_project_file(const YamlNode& node, const ProjectChoice& choice, Project& project,
                       Problems& problems);
std::optional<Source> read_source(const YamlNode& node, std::string name,
                                  const ReadContext& context);
/// One model, or one per combination of its matrix. `name` is the file's.
std::vector<Model> read_models(const YamlNode& node, const TableName& name, const SqlFile& sql,
                               const ReadContext& context);
std::optional<Model> read_seed(const YamlNode& node, const TableName& name, SeedFile file,
                               const ReadContext& context);
std::optional<TableCheckFile> read_check_file(const YamlNode& node, std::string name,
                                              const SqlFile& sql, const ReadContext& context);
/// `schedule:`, in civil time of `zone` unless it names another.
std::optional<Schedule> read_schedule(const Fields& fields, const std::string& zone,
                                      const ReadContext& context);
/// `export:` of a task.
ExportTask read_exports(const Fields& fields, const ReadContext& context);
/// `tasks:`, so that each comes after its `after`; unknown names and cycles are reported.
std::vector<PipelineTask> read_tasks(const Fields& fields, const ReadContext& context);
std::optional<Pipeline> read_pipeline(const YamlNode& node, std::string name,
                                      const ReadContext& context);

}  // namespace ingot::project
