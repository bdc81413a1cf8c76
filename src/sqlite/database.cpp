#include "sqlite/database.hpp"

#include <filesystem>

namespace ingot::sqlite {

Statement& Statement::bind(std::string_view text) {
    sqlite3_bind_text(handle_.get(), ++bound_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind(std::int64_t number) {
    sqlite3_bind_int64(handle_.get(), ++bound_, number);
    return *this;
}

Statement& Statement::bind(std::optional<Timestamp> at) {
    if (at) return bind(at->micros());
    sqlite3_bind_null(handle_.get(), ++bound_);
    return *this;
}

Result<bool> Statement::next() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    Error error = database_->error();
    reset();
    return error;
}

Status Statement::run() {
    INGOT_TRY(next());
    reset();
    return {};
}

void Statement::reset() {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
    bound_ = 0;
}

std::string Statement::text(int column) const {
    const auto* bytes = sqlite3_column_text(handle_.get(), column);
    const int size = sqlite3_column_bytes(handle_.get(), column);
    return bytes == nullptr ? "" : std::string(bytes, bytes + size);
}

std::optional<Timestamp> Statement::time(int column) const {
    if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) return std::nullopt;
    return Timestamp::from_micros(number(column));
}

Result<std::unique_ptr<Database>> Database::open(DatabaseOptions options) {
    const std::filesystem::path folder = std::filesystem::path(options.path).parent_path();
    if (!folder.empty() && !options.read_only) {
        std::error_code failed;
        std::filesystem::create_directories(folder, failed);
        if (failed) {
            return make_error(ErrorCode::kIo, "the folder of the {}, {}, cannot be made: {}",
                              options.noun, folder.string(), failed.message());
        }
    }
    const int access =
        options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(options.path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX, nullptr);
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(options.lock_wait);
    auto database = std::make_unique<Database>(std::move(options), handle);
    if (code != SQLITE_OK) return database->error();
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, static_cast<int>(wait.count()));
    return database;
}

Status Database::execute(const std::string& sql) {
    if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return error();
    }
    return {};
}

Result<std::int64_t> Database::number_of(const std::string& sql) {
    INGOT_TRY_ASSIGN(Statement statement, prepare(sql));
    INGOT_TRY_ASSIGN(const bool found, statement.next());
    return found ? statement.number(0) : 0;
}

Result<Statement> Database::prepare(std::string_view sql) const {
    sqlite3_stmt* handle = nullptr;
    if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &handle, nullptr) != SQLITE_OK) {
        return error();
    }
    return Statement(*this, handle);
}

Error Database::error() const {
    if (handle_ == nullptr) return make_error(ErrorCode::kInternal, "out of memory");
    const std::string what = sqlite3_errmsg(handle_.get());
    switch (sqlite3_extended_errcode(handle_.get()) & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return make_error(ErrorCode::kTimeout,
                              "the {} {} is locked by another program ({}): wait until it is done, "
                              "or end it",
                              options_.noun, options_.path, what);
        case SQLITE_FULL:
            return make_error(ErrorCode::kIo,
                              "the disk of the {} {} is full ({}): free some space and run again",
                              options_.noun, options_.path, what);
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return make_error(ErrorCode::kCorruptData,
                              "the {} {} is damaged, or no {} ({}): move it away and a new one is "
                              "made{}",
                              options_.noun, options_.path, options_.noun, what,
                              options_.when_damaged);
        case SQLITE_READONLY:
            return make_error(ErrorCode::kIo,
                              "the {} {} cannot be written ({}): look at its permissions and those "
                              "of its folder",
                              options_.noun, options_.path, what);
        default:
            return make_error(ErrorCode::kIo, "the {} {}: {}", options_.noun, options_.path, what);
    }
}

Result<Transaction> Transaction::begin(Database& database) {
    INGOT_TRY(database.execute("BEGIN IMMEDIATE"));
    return Transaction(database);
}

Transaction::~Transaction() {
    // What cannot be undone now is undone when the file is opened next.
    if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK"));
}

Status Transaction::commit() {
    INGOT_TRY(database_->execute("COMMIT"));
    database_ = nullptr;
    return {};
}

Status bring_up_to_date(Database& database, const Format& format) {
    const auto newest = static_cast<std::int64_t>(format.migrations.size());
    INGOT_TRY_ASSIGN(std::int64_t version, database.number_of("PRAGMA user_version"));
    INGOT_TRY_ASSIGN(const std::int64_t application, database.number_of("PRAGMA application_id"));
    INGOT_TRY_ASSIGN(const std::int64_t tables,
                     database.number_of("SELECT count(*) FROM sqlite_master"));
    const DatabaseOptions& options = database.options();
    if (application != format.application_id && tables > 0) {
        return make_error(ErrorCode::kCorruptData,
                          "{} is a database of another program: name another file {}", options.path,
                          format.how_to_choose);
    }
    if (version > newest) {
        return make_error(ErrorCode::kUnsupported,
                          "the {} {} was made by a newer version of Ingot (format {}, this one "
                          "knows {}): use that version, or another file {}",
                          options.noun, options.path, version, newest, format.how_to_choose);
    }
    INGOT_TRY(database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"));
    if (version == newest) return {};
    INGOT_TRY_ASSIGN(Transaction transaction, Transaction::begin(database));
    // Another process may have done it meanwhile.
    INGOT_TRY_ASSIGN(version, database.number_of("PRAGMA user_version"));
    for (std::int64_t next = version; next < newest; ++next) {
        INGOT_TRY(database.execute(format.migrations[static_cast<std::size_t>(next)]));
    }
    INGOT_TRY(database.execute(fmt::format("PRAGMA application_id = {}", format.application_id)));
    INGOT_TRY(database.execute(fmt::format("PRAGMA user_version = {}", newest)));
    return transaction.commit();
}

}  // namespace ingot::sqlite
