#include "cli/sql_output.hpp"

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "base/uuid.hpp"
#include "cli/output.hpp"
#include "format/arrow_stream.hpp"

namespace ingot::cli {
namespace {

bool is_binary(RowFormat format) {
    return format == RowFormat::kArrow || format == RowFormat::kParquet;
}

Status write_text(engine::Session& session, const std::string& statement, const RowOutput& output,
                  std::FILE* out, const std::stop_token& stop);
Status write_parquet(engine::Session& session, const std::string& statement,
                     const std::string& path, const std::stop_token& stop);
Status copy_to(std::FILE* out, const std::string& path);
Result<std::string> file_to_replace(const std::string& path);

Error file_error(std::string_view what, const std::string& path) {
    return make_error(ErrorCode::kIo, "cannot {} {}: {}", what, path,
                      std::generic_category().message(errno));
}

/// A file beside the one that is wanted, gone unless it is kept.
class NewFile {
public:
    explicit NewFile(std::string path) : path_(std::move(path)) {}
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile() {
        if (!kept_) ::unlink(path_.c_str());
    }
    const std::string& path() const { return path_; }
    Status keep_as(const std::string& path) {
        if (std::rename(path_.c_str(), path.c_str()) != 0) return file_error("write", path);
        kept_ = true;
        return {};
    }

private:
    std::string path_;
    bool kept_ = false;
};

Status write_to(const std::string& path, engine::Session& session, const std::string& statement,
                const RowOutput& output, const std::stop_token& stop) {
    if (output.format == RowFormat::kParquet) return write_parquet(session, statement, path, stop);
    std::FILE* out = std::fopen(path.c_str(), "wb");
    if (out == nullptr) return file_error("write", output.file);
    Status done = write_text(session, statement, output, out, stop);
    const bool failed = std::ferror(out) != 0;
    if (std::fclose(out) == 0 && !failed) return done;
    return done ? Status(file_error("write", output.file)) : done;
}

}  // namespace

Status write_rows(engine::Session& session, const std::string& statement, const RowOutput& output,
                  std::stop_token stop) {
    if (!output.file.empty()) {
        INGOT_TRY_ASSIGN(const std::string target, file_to_replace(output.file));
        NewFile file(fmt::format("{}.{}.tmp", target, ::getpid()));
        INGOT_TRY(write_to(file.path(), session, statement, output, stop));
        return file.keep_as(target);
    }
    if (is_binary(output.format) && ::isatty(STDOUT_FILENO) == 1) {
        return make_error(ErrorCode::kInvalidArgument,
                          "Arrow and Parquet are bytes that a terminal cannot show: write them to "
                          "a file (-o FILE) or into a pipe");
    }
    if (output.format == RowFormat::kParquet) {
        const NewFile file((std::filesystem::temp_directory_path() /
                            fmt::format("ingot-sql-{}.parquet", uuid_v7()))
                               .string());
        INGOT_TRY(write_parquet(session, statement, file.path(), stop));
        return copy_to(stdout, file.path());
    }
    return write_text(session, statement, output, stdout, stop);
}

namespace {

/// Where a link leads to. Devices, pipes and folders are refused: a rename would take their place.
Result<std::string> file_to_replace(const std::string& path) {
    std::error_code unknown;  // Then writing says what is wrong.
    const std::filesystem::file_status status = std::filesystem::status(path, unknown);
    if (!std::filesystem::exists(status)) return path;
    if (!std::filesystem::is_regular_file(status)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "-o {}: it is no file that can be replaced; without -o the rows go to "
                          "stdout",
                          path);
    }
    const std::filesystem::path target = std::filesystem::canonical(path, unknown);
    return unknown ? path : target.string();
}

void print_csv_field(const std::string& text, bool null, std::FILE* out) {
    if (!null) std::fputs(csv_field(text).c_str(), out);
}

Status print_csv(engine::QueryResult& rows, std::FILE* out) {
    for (std::size_t i = 0; i < rows.schema().fields.size(); ++i) {
        if (i > 0) std::fputc(',', out);
        print_csv_field(rows.schema().fields[i].name, false, out);
    }
    std::fputc('\n', out);
    while (true) {
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows.next());
        if (!batch) return {};
        for (std::int64_t row = 0; row < batch->rows; ++row) {
            for (std::size_t i = 0; i < batch->columns.size(); ++i) {
                if (i > 0) std::fputc(',', out);
                print_csv_field(value_text(batch->columns[i], row), batch->columns[i].is_null(row),
                                out);
            }
            std::fputc('\n', out);
        }
    }
}

Status print_json(engine::QueryResult& rows, std::FILE* out) {
    while (true) {
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows.next());
        if (!batch) return {};
        for (std::int64_t row = 0; row < batch->rows; ++row) {
            std::string line = "{";
            for (std::size_t i = 0; i < batch->columns.size(); ++i) {
                if (i > 0) line += ",";
                line += json_text(batch->schema.fields[i].name) + ":" +
                        value_json(batch->columns[i], row);
            }
            std::fputs((line + "}\n").c_str(), out);
        }
    }
}

Status print_table(engine::QueryResult& rows, std::int64_t max_rows, std::FILE* out) {
    std::vector<std::string> header;
    for (const Field& field : rows.schema().fields) header.push_back(field.name);
    TextTable table(header);
    for (std::size_t i = 0; i < header.size(); ++i) {
        if (rows.schema().fields[i].type.is_numeric()) table.align_right(i);
    }
    std::int64_t count = 0;
    while (true) {
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows.next());
        if (!batch) break;
        for (std::int64_t row = 0; row < batch->rows; ++row, ++count) {
            if (count >= max_rows) continue;
            std::vector<std::string> cells;
            for (const Column& column : batch->columns) {
                cells.push_back(column.is_null(row) ? "NULL" : value_text(column, row));
            }
            table.add(std::move(cells));
        }
    }
    std::fputs(table.to_string(out == stdout ? terminal_width() : 0).c_str(), out);
    if (count > max_rows) {
        std::fprintf(out, "(%s rows, the first %s shown; --rows N shows more, --format csv all)\n",
                     with_thousands(count).c_str(), with_thousands(max_rows).c_str());
    }
    return {};
}

Status print_arrow(engine::QueryResult& rows, std::FILE* out) {
    const auto print = [out](std::string_view bytes) -> Status {
        if (std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size()) return {};
        return file_error("write", "the output");
    };
    INGOT_TRY_ASSIGN(const auto writer, format::ArrowStreamWriter::open(rows.schema(), print));
    while (true) {
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows.next());
        if (!batch) return writer->finish();
        INGOT_TRY(writer->write(*batch));
    }
}

Status write_text(engine::Session& session, const std::string& statement, const RowOutput& output,
                  std::FILE* out, const std::stop_token& stop) {
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::QueryResult> rows,
                     session.query({statement, {}}, stop));
    switch (output.format) {
        case RowFormat::kCsv:
            return print_csv(*rows, out);
        case RowFormat::kJson:
            return print_json(*rows, out);
        case RowFormat::kArrow:
            return print_arrow(*rows, out);
        default:
            return print_table(*rows, output.table_rows_max, out);
    }
}

/// Requires one SELECT, as COPY does.
Status write_parquet(engine::Session& session, const std::string& statement,
                     const std::string& path, const std::stop_token& stop) {
    std::string select = statement;
    while (!select.empty() &&
           (select.back() == ';' || std::isspace(static_cast<unsigned char>(select.back())) != 0))
        select.pop_back();
    return session.execute({fmt::format("COPY (\n{}\n) TO {} (FORMAT parquet, COMPRESSION zstd)",
                                        select, Scalar::text(path).to_sql()),
                            {}},
                           stop);
}

Status copy_to(std::FILE* out, const std::string& path) {
    std::FILE* from = std::fopen(path.c_str(), "rb");
    if (from == nullptr) return file_error("read", path);
    std::vector<char> buffer(1U << 20);
    Status done;
    while (done) {
        const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), from);
        if (got == 0) break;
        if (std::fwrite(buffer.data(), 1, got, out) != got)
            done = file_error("write", "the output");
    }
    std::fclose(from);
    return done;
}

}  // namespace
}  // namespace ingot::cli
