#include "task/command_rows.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

#include "base/log.hpp"
#include "base/process.hpp"
#include "format/arrow_stream.hpp"
#include "ingest/command_status.hpp"
#include "ingest/format_of.hpp"
#include "quality/sql_text.hpp"
#include "task/stored_value.hpp"

namespace ingot::task {

/// A file without a name: it is gone when this is, or with the process.
class CommandRows::OutputFile {
public:
    static Result<std::unique_ptr<OutputFile>> create(const std::string& folder) {
        std::error_code ignored;  // Then the next step says what is wrong.
        std::filesystem::create_directories(folder, ignored);
        std::string name = folder + "/command-XXXXXX";
        const int fd = ::mkostemp(name.data(), O_CLOEXEC);
        if (fd < 0) {
            return make_error(ErrorCode::kIo, "cannot make a file in {}: {}", folder,
                              std::generic_category().message(errno));
        }
        ::unlink(name.c_str());
        return std::unique_ptr<OutputFile>(new OutputFile(fd));
    }
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    ~OutputFile() { ::close(fd_); }
    /// By which this process can open it.
    std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }

private:
    explicit OutputFile(int fd) : fd_(fd) {}
    int fd_;
};

namespace {

constexpr const char* kOutput = "ingot_command_output";

/// Rows as the pieces of an Arrow stream.
class RowStream {
public:
    RowStream(engine::Session& session, const engine::Query& select)
        : session_(session), select_(select) {}

    Result<std::string_view> next(const std::stop_token& stop) {
        bytes_.clear();
        if (!rows_) {
            INGOT_TRY(begin(stop));
            return std::string_view(bytes_);
        }
        if (ended_) return std::string_view();
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows_->next());
        ended_ = !batch;
        INGOT_TRY(batch ? writer_->write(*batch) : writer_->finish());
        return std::string_view(bytes_);
    }

private:
    Status begin(const std::stop_token& stop) {
        INGOT_TRY_ASSIGN(rows_, session_.query(select_, stop));
        INGOT_TRY_ASSIGN(writer_, format::ArrowStreamWriter::open(rows_->schema(),
                                                                  [this](std::string_view piece) {
                                                                      bytes_ += piece;
                                                                      return Status();
                                                                  }));
        return {};
    }

    engine::Session& session_;
    const engine::Query& select_;
    std::unique_ptr<engine::QueryResult> rows_;
    std::unique_ptr<format::ArrowStreamWriter> writer_;
    std::string bytes_;
    bool ended_ = false;
};

/// Logs what a program says, line by line, and keeps the end of it.
class ErrorOutput {
public:
    explicit ErrorOutput(std::string model) : model_(std::move(model)) {}

    Status operator()(std::string_view bytes) {
        INGOT_TRY(tail_(bytes));
        line_ += bytes;
        std::size_t begin = 0;
        for (std::size_t end = line_.find('\n'); end != std::string::npos;
             end = line_.find('\n', begin)) {
            log_info("{}: {}", model_, line_.substr(begin, end - begin));
            begin = end + 1;
        }
        line_.erase(0, begin);
        if (line_.size() > kLineBytesMax) line_.erase(0, line_.size() - kLineBytesMax);
        return {};
    }
    /// Logs what the last line lacks an end of.
    void finish() {
        if (!line_.empty()) log_info("{}: {}", model_, line_);
        line_.clear();
    }
    const std::string& tail() const { return tail_.text(); }

private:
    static constexpr std::size_t kLineBytesMax = 16U << 10;

    std::string model_;
    std::string line_;
    StreamTail tail_;
};

struct CommandLine {
    ProcessOptions process;
    std::string shown;  ///< Secrets masked.
};

Result<CommandLine> command_line(const project::Model& model, const CommandContext& context) {
    project::TemplateContext render;
    render.window = context.values.window();
    if (model.window) render.timezone = model.window->timezone;
    render.run_time = context.values.run_time;
    render.params = context.values.params;
    render.matrix = context.values.matrix;
    render.secrets = context.secrets;

    CommandLine line;
    for (const project::Template& part : model.command->argv) {
        INGOT_TRY_ASSIGN(std::string argument, part.render_text(render));
        line.shown += (line.shown.empty() ? "" : " ") + argument;
        line.process.arguments.push_back(std::move(argument));
    }
    line.shown = mask_secrets(line.shown);
    for (const auto& [name, value] : model.command->environment) {
        INGOT_TRY_ASSIGN(line.process.environment[name], value.render_text(render));
    }
    line.process.folder = context.project.root;
    if (model.command->timeout) line.process.timeout = *model.command->timeout;
    return line;
}

/// A program that fails is about the rows that it got, like a SELECT that fails: other windows may
/// do.
Status as_problem_of_rows(Status status) {
    if (status || status.error().code != ErrorCode::kIo) return status;
    Error error = std::move(status).error();
    error.code = ErrorCode::kInvalidArgument;
    return error;
}

format::FormatSpec format_of(const project::Model& model) {
    format::FormatSpec spec;
    switch (model.command->emits) {
        case project::CommandOrigin::Emits::kNdjson:
            spec.kind = format::NdjsonFormat{};
            break;
        case project::CommandOrigin::Emits::kCsv:
            spec.kind = format::CsvFormat{};
            break;
        case project::CommandOrigin::Emits::kJson:
            spec.kind = format::JsonFormat{};
            break;
        case project::CommandOrigin::Emits::kArrow:
            spec.kind = format::ArrowFormat{};
            break;
    }
    for (const project::ColumnSpec& column : model.columns)
        spec.columns.push_back(ingest::column_to_read(column));
    spec.unknown_fields = format::UnknownFields::kFail;
    spec.bad_row = format::BadRow::kFail;
    spec.bad_value = format::BadValue::kFail;
    if (model.window) spec.time_zone = model.window->timezone;
    return spec;
}

}  // namespace

Result<CommandRows> CommandRows::run(const project::Model& model, engine::Session& session,
                                     const engine::Query& select, const CommandContext& context) {
    INGOT_TRY_ASSIGN(CommandLine line, command_line(model, context));
    INGOT_TRY_ASSIGN(std::unique_ptr<OutputFile> file,
                     OutputFile::create(context.project.engine.spill));
    RowStream input(session, select);
    ErrorOutput errors(model.name.text());
    line.process.input = StreamFrom{[&](const std::stop_token& stop) { return input.next(stop); }};
    line.process.output = StreamFile{file->path()};
    line.process.error_output = StreamTo{std::ref(errors)};
    INGOT_TRY_ASSIGN_WITH(const ExitStatus status, run_process(line.process, context.stop),
                          fmt::format("while {} runs {}", model.name.text(), line.shown));
    errors.finish();
    INGOT_TRY(as_problem_of_rows(ingest::command_status(
        fmt::format("{}: {}", model.name.text(), line.shown), status, errors.tail())));

    format::InputFile output;
    output.path = file->path();
    output.name = "the output of " + line.shown;
    output.compression = format::Compression::kNone;
    INGOT_TRY_ASSIGN_WITH(
        std::unique_ptr<format::FormatSource> rows,
        format::open_source({std::move(output)}, format_of(model), format::ScanOptions()),
        "in " + model.path);
    return CommandRows(model, std::move(file), std::move(rows));
}

CommandRows::CommandRows(const project::Model& model, std::unique_ptr<OutputFile> file,
                         std::unique_ptr<format::FormatSource> rows)
    : model_(&model), file_(std::move(file)), rows_(std::move(rows)) {}
CommandRows::CommandRows(CommandRows&&) noexcept = default;
CommandRows& CommandRows::operator=(CommandRows&&) noexcept = default;
CommandRows::~CommandRows() = default;

Status CommandRows::add_to(engine::Session& session) {
    return session.add_source(kOutput, *rows_);
}

engine::Query CommandRows::select() const {
    std::string columns;
    for (const project::ColumnSpec& column : model_->columns) {
        const std::string name = quality::quoted_name(column.name);
        const Field* written = rows_->schema().find(column.name);
        columns +=
            fmt::format("{}{} AS {}", columns.empty() ? "" : ", ",
                        stored_value(name, column.name,
                                     written != nullptr ? written->type : DataType(), *column.type),
                        name);
    }
    return {fmt::format("SELECT {} FROM {}", columns, kOutput), {}};
}

}  // namespace ingot::task
