// From a folder to a Project: read every file, resolve names, order, check.
#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fmt/format.h>
#include <thread>

#include "base/hash.hpp"
#include "project/code_hash_internal.hpp"
#include "project/files_internal.hpp"
#include "project/lineage.hpp"
#include "project/reader_internal.hpp"
#include "project/resolve_internal.hpp"
#include "project/selector.hpp"

namespace ingot::project {

namespace {

/// Their files define the project, beside its project.yml.
constexpr std::array<std::string_view, 6> kDefinitionFolders = {"sources", "models", "seeds",
                                                                "macros",  "checks", "pipelines"};
constexpr std::size_t kProblemsMax = 20;
/// Fewer files than this are read faster by one thread.
constexpr std::size_t kFilesPerThreadMin = 64;

/// What one file gave.
struct FileResult {
    Problems problems;
    std::vector<Model> models;
    std::optional<Source> source;
    std::optional<Pipeline> pipeline;
    std::optional<TableCheckFile> check;
    std::vector<Macro> macros;
    /// Tables that the file defines although it could not be read: naming them is no further
    /// mistake.
    std::vector<TableName> broken;
};

std::string stem_of(std::string_view path) {
    return std::filesystem::path(path).stem().string();
}

class Loader {
public:
    Loader(const LoadOptions& options, sql::SqlFacts& facts) : options_(options), facts_(facts) {}

    LoadResult load() {
        if (read_project()) {
            read_files();
            resolve_names(project_, broken_, problems_, facts_);
            if (problems_.empty()) finish_project();
        }
        return result();
    }

private:
    bool read_project() {
        std::error_code failed;
        const auto root = std::filesystem::canonical(options_.root, failed);
        if (failed || !std::filesystem::is_directory(root, failed)) {
            problems_.add({options_.root, 0, 0}, "there is no such folder");
            return false;
        }
        project_.root = root.string();
        auto text = read_file(project_.root + "/project.yml");
        if (!text) {
            const bool absent = text.error().code == ErrorCode::kNotFound;
            problems_.add({"project.yml", 0, 0},
                          absent ? "not found in " + project_.root +
                                       ": a project folder has one; `ingot init` makes it, -C DIR "
                                       "says where it is"
                                 : text.error().message);
            return false;
        }
        const std::string clean = clean_text(*std::move(text));
        const YamlNode node = read_yaml(clean, {"project.yml", 1, 1}, problems_);
        if (!problems_.empty()) return false;
        read_project_file(node, {options_.environment, options_.lake, options_.params}, project_,
                          problems_);
        for (const auto& [name, type] : project_.param_types) param_names_.push_back(name);
        // Without its parameters, every file that uses them would be reported too.
        return problems_.empty();
    }

    void read_files() {
        std::vector<std::string> files;
        for (const std::string_view folder : kDefinitionFolders) {
            auto found = list_files(project_.root, std::string(folder));
            if (!found) {
                problems_.add({std::string(folder), 0, 0}, found.error().message);
                continue;
            }
            std::move(found->begin(), found->end(), std::back_inserter(files));
        }
        std::vector<FileResult> results(files.size());
        std::atomic<std::size_t> next{0};
        const auto work = [&] {
            for (std::size_t i = next++; i < files.size(); i = next++) {
                read_one(files[i], files, results[i]);
            }
        };
        (void)format_shapes();  // made before the threads, which then only read it
        const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
        const std::size_t threads = std::min(cores, files.size() / kFilesPerThreadMin + 1);
        std::vector<std::jthread> helpers;
        for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
        work();
        helpers.clear();
        for (FileResult& one : results) take(std::move(one));
    }

    void take(FileResult one) {
        problems_.merge(std::move(one.problems));
        std::move(one.models.begin(), one.models.end(), std::back_inserter(project_.models));
        std::move(one.macros.begin(), one.macros.end(), std::back_inserter(project_.macros));
        if (one.source) project_.sources.push_back(*std::move(one.source));
        if (one.pipeline) project_.pipelines.push_back(*std::move(one.pipeline));
        std::move(one.broken.begin(), one.broken.end(), std::back_inserter(broken_));
        if (one.check) project_.checks.push_back(*std::move(one.check));
    }

    void read_one(const std::string& path, const std::vector<std::string>& all,
                  FileResult& out) const {
        const std::string_view folder = std::string_view(path).substr(0, path.find('/'));
        const std::string ending = std::filesystem::path(path).extension().string();
        const bool yaml = ending == ".yml" || ending == ".yaml";
        const ReadContext context{path, out.problems, project_, param_names_};
        if (folder == "seeds" && !yaml) return read_seed_file(path, ending, all, out);
        const bool wanted = folder == "models" || folder == "macros" || folder == "checks"
                                ? ending == ".sql"
                                : yaml;
        if (!wanted) return refuse_ending(path, folder, yaml, out);
        auto text = read_file(project_.root + "/" + path);
        if (!text) return out.problems.add({path, 0, 0}, text.error().message);
        const std::string clean = clean_text(*std::move(text));
        if (!is_text(clean, path, 1, out.problems)) return;
        if (folder == "sources" || folder == "pipelines") {
            const YamlNode node = read_yaml(clean, {path, 1, 1}, out.problems);
            if (folder == "sources") {
                if (out.problems.empty()) out.source = read_source(node, stem_of(path), context);
                if (out.source) check_source_sql(*out.source, out.problems, facts_);
                if (!out.source) out.broken = tables_of(node);
            } else if (out.problems.empty()) {
                out.pipeline = read_pipeline(node, stem_of(path), context);
                if (out.pipeline) check_pipeline_sql(*out.pipeline, out.problems, facts_);
            }
        } else if (folder == "models") {
            read_model_file(path, clean, context, out);
        } else if (folder == "macros") {
            out.macros = read_macros(clean, path, out.problems, facts_);
        } else if (folder == "checks") {
            read_check(path, clean, context, out);
        }
    }

    static void refuse_ending(const std::string& path, std::string_view folder, bool yaml,
                              FileResult& out) {
        if (folder == "seeds" && yaml) return;  // read with its seed
        const bool sql = path.ends_with(".sql");
        if (!sql && !yaml) return;  // notes for people
        out.problems.add({path, 0, 0},
                         fmt::format("{}/ holds {} files", folder, yaml ? ".sql" : ".yml"));
    }

    /// The names that a source's text mentions, whether the rest of it is right or not.
    static std::vector<TableName> tables_of(const YamlNode& node) {
        std::vector<TableName> tables;
        const auto add = [&](const std::string& text) {
            if (auto name = TableName::parse(text)) tables.push_back(*std::move(name));
        };
        if (const YamlNode* table = node.find("table")) add(table->text);
        if (const YamlNode* map = node.find("tables")) {
            for (const YamlNode::Entry& entry : map->entries) add(entry.key);
        }
        return tables;
    }

    void read_model_file(const std::string& path, const std::string& text,
                         const ReadContext& context, FileResult& out) const {
        const auto name = model_name(path, out.problems);
        read_model_text(path, text, name, context, out);
        if (name && out.models.empty()) out.broken.push_back(*name);
    }

    void read_model_text(const std::string& path, const std::string& text,
                         const std::optional<TableName>& name, const ReadContext& context,
                         FileResult& out) const {
        const SqlFile file = split_sql_file(text, path, out.problems);
        if (!name || !out.problems.empty()) return;
        const YamlNode node = file.has_front_matter
                                  ? read_yaml(file.yaml, file.yaml_origin, out.problems)
                                  : YamlNode();
        if (!out.problems.empty()) return;
        if (file.sql.empty()) {
            return out.problems.add({path, file.sql_origin.line, file.sql_origin.column},
                                    "there is no SELECT in this model");
        }
        out.models = read_models(node, *name, file, context);
        check_model_sql(out.models, file, out.problems, facts_);
    }

    static std::optional<TableName> model_name(const std::string& path, Problems& problems) {
        // models/LAYER/any/folders/NAME.sql
        const std::size_t layer_begin = path.find('/') + 1;
        const std::size_t layer_end = path.find('/', layer_begin);
        if (layer_end == std::string::npos) {
            problems.add({path, 0, 0}, "a model lies in the folder of its layer: models/silver/" +
                                           path.substr(layer_begin));
            return std::nullopt;
        }
        auto name = TableName::parse(path.substr(layer_begin, layer_end - layer_begin) + "." +
                                     stem_of(path));
        if (!name) {
            problems.add({path, 0, 0}, name.error().message);
            return std::nullopt;
        }
        for (const std::string_view reserved : {"seeds", "quarantine", "ingot", "main", "temp",
                                                "information_schema", "pg_catalog", "system"}) {
            if (name->layer() != reserved) continue;
            problems.add({path, 0, 0}, "the layer '" + name->layer() + "' is reserved");
            return std::nullopt;
        }
        return *std::move(name);
    }

    void read_seed_file(const std::string& path, const std::string& ending,
                        const std::vector<std::string>& all, FileResult& out) const {
        SeedFile seed{path, SeedFile::Kind::kCsv};
        if (ending == ".json") seed.kind = SeedFile::Kind::kJson;
        if (ending == ".ndjson" || ending == ".jsonl") seed.kind = SeedFile::Kind::kNdjson;
        if (seed.kind == SeedFile::Kind::kCsv && ending != ".csv") return;
        auto name = TableName::parse("seeds." + stem_of(path));
        if (!name) return out.problems.add({path, 0, 0}, name.error().message);
        const std::string beside = path.substr(0, path.size() - ending.size()) + ".yml";
        YamlNode node;
        std::string clean;
        if (std::binary_search(all.begin(), all.end(), beside) ||
            std::find(all.begin(), all.end(), beside) != all.end()) {
            auto text = read_file(project_.root + "/" + beside);
            if (!text) return out.problems.add({beside, 0, 0}, text.error().message);
            clean = clean_text(*std::move(text));
            node = read_yaml(clean, {beside, 1, 1}, out.problems);
            if (!out.problems.empty()) return;
        }
        const auto bytes = read_file(project_.root + "/" + path);
        if (!bytes) return out.problems.add({path, 0, 0}, bytes.error().message);
        const ReadContext context{beside, out.problems, project_, param_names_};
        if (auto model = read_seed(node, *name, std::move(seed), context)) {
            model->code_hash = sha256_hex(*bytes);
            out.models.push_back(*std::move(model));
        }
    }

    void read_check(const std::string& path, const std::string& text, const ReadContext& context,
                    FileResult& out) const {
        const SqlFile file = split_sql_file(text, path, out.problems);
        if (!out.problems.empty()) return;
        const YamlNode node = file.has_front_matter
                                  ? read_yaml(file.yaml, file.yaml_origin, out.problems)
                                  : YamlNode();
        if (!out.problems.empty()) return;
        if (file.sql.empty()) {
            return out.problems.add({path, file.sql_origin.line, file.sql_origin.column},
                                    "there is no SELECT in this check");
        }
        out.check = read_check_file(node, stem_of(path), file, context);
    }

    /// What needs every name to be right: order, windows, hashes, pipelines, columns.
    void finish_project() {
        order_models(project_, problems_);
        if (!problems_.empty()) return;
        set_windows(project_, problems_);
        set_code_hashes(project_);
        index_project(project_);
        check_pipelines(project_, problems_);
        if (options_.lineage && problems_.empty()) check_columns();
    }

    void check_columns() {
        const auto lineage =
            column_lineage(project_, facts_, {{}, project_.root + "/.ingot/column_lineage.txt"});
        if (!lineage) {
            problems_.add({"project.yml", 0, 0}, lineage.error().to_string());
            return;
        }
        for (const Problem& problem : lineage->problems)
            problems_.add(problem.place, problem.message);
    }

    LoadResult result() {
        LoadResult out;
        out.problem_count = problems_.count();
        out.problems = problems_.list();
        out.warnings = problems_.warnings();
        const auto by_place = [](const Problem& a, const Problem& b) { return a.place < b.place; };
        std::stable_sort(out.problems.begin(), out.problems.end(), by_place);
        std::stable_sort(out.warnings.begin(), out.warnings.end(), by_place);
        if (out.problems.size() > kProblemsMax) out.problems.resize(kProblemsMax);
        if (out.problems.empty())
            out.project = std::make_shared<const Project>(std::move(project_));
        return out;
    }

    const LoadOptions& options_;
    sql::SqlFacts& facts_;
    Project project_;
    Problems problems_;
    std::vector<std::string> param_names_;
    std::vector<TableName> broken_;
};

}  // namespace

std::string Problem::to_string() const {
    return place.file.empty() ? message : place.to_string() + ": " + message;
}

LoadResult load_project(const LoadOptions& options, sql::SqlFacts& facts) {
    return Loader(options, facts).load();
}

std::vector<std::string> definition_files(const std::string& root) {
    std::vector<std::string> files = {"project.yml"};
    for (const std::string_view folder : kDefinitionFolders) {
        auto found = list_files(root, std::string(folder));
        if (found) std::move(found->begin(), found->end(), std::back_inserter(files));
    }
    std::sort(files.begin(), files.end());
    return files;
}

Result<ProjectPtr> open_project(const LoadOptions& options, sql::SqlFacts& facts) {
    LoadResult loaded = load_project(options, facts);
    if (loaded.project) return loaded.project;
    std::string message;
    for (const Problem& problem : loaded.problems) {
        message += (message.empty() ? "" : "\n") + problem.to_string();
    }
    if (loaded.problem_count > loaded.problems.size()) {
        message += fmt::format("\n... and {} more", loaded.problem_count - loaded.problems.size());
    }
    const bool all_later =
        std::all_of(loaded.problems.begin(), loaded.problems.end(),
                    [](const Problem& p) { return p.code == ErrorCode::kUnsupported; });
    return Error{all_later ? ErrorCode::kUnsupported : ErrorCode::kInvalidArgument, message, {}};
}

const Model* Project::find_model(const TableName& table) const {
    const auto found = index.models.find(table);
    return found == index.models.end() ? nullptr : &models[found->second];
}

const Source* Project::find_source(const TableName& table) const {
    const auto found = index.source_tables.find(table);
    return found == index.source_tables.end() ? nullptr : &sources[found->second.first];
}

const SourceTable* Project::find_source_table(const TableName& table) const {
    const auto found = index.source_tables.find(table);
    if (found == index.source_tables.end()) return nullptr;
    return &sources[found->second.first].tables[found->second.second];
}

std::vector<TableName> Project::table_names() const {
    std::vector<TableName> names;
    for (const auto& [table, position] : index.models) names.push_back(table);
    for (const auto& [table, position] : index.source_tables) names.push_back(table);
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<std::string> Project::macro_statements(const Model& model) const {
    std::vector<std::string> statements;
    for (const std::string& wanted : model.macros) {
        for (const Macro& macro : macros) {
            if (macro.name == wanted) statements.push_back(macro.sql);
        }
    }
    return statements;
}

}  // namespace ingot::project
