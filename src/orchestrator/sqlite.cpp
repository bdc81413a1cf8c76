#include "orchestrator/sqlite_internal.hpp"

namespace ingot::orchestrator {

SqliteStatement& SqliteStatement::bind(std::string_view text) {
    sqlite3_bind_text(handle_.get(), ++bound_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
}

SqliteStatement& SqliteStatement::bind(std::int64_t number) {
    sqlite3_bind_int64(handle_.get(), ++bound_, number);
    return *this;
}

SqliteStatement& SqliteStatement::bind(std::optional<Timestamp> at) {
    if (at) return bind(at->micros());
    sqlite3_bind_null(handle_.get(), ++bound_);
    return *this;
}

Result<bool> SqliteStatement::next() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    Error error = database_->error();
    reset();
    return error;
}

Status SqliteStatement::run() {
    INGOT_TRY(next());
    reset();
    return {};
}

void SqliteStatement::reset() {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
    bound_ = 0;
}

std::string SqliteStatement::text(int column) const {
    const auto* bytes = sqlite3_column_text(handle_.get(), column);
    const int size = sqlite3_column_bytes(handle_.get(), column);
    return bytes == nullptr ? "" : std::string(bytes, bytes + size);
}

std::optional<Timestamp> SqliteStatement::time(int column) const {
    if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) return std::nullopt;
    return Timestamp::from_micros(number(column));
}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path,
                                                             Duration lock_wait) {
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    auto database = std::make_unique<SqliteDatabase>(path, handle);
    if (code != SQLITE_OK) return database->error();
    sqlite3_extended_result_codes(handle, 1);
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(lock_wait);
    sqlite3_busy_timeout(handle, static_cast<int>(wait.count()));
    return database;
}

Status SqliteDatabase::execute(const std::string& sql) {
    if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return error();
    }
    return {};
}

Result<std::int64_t> SqliteDatabase::number_of(const std::string& sql) {
    INGOT_TRY_ASSIGN(SqliteStatement statement, prepare(sql));
    INGOT_TRY_ASSIGN(const bool found, statement.next());
    return found ? statement.number(0) : 0;
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) const {
    sqlite3_stmt* handle = nullptr;
    if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &handle, nullptr) != SQLITE_OK) {
        return error();
    }
    return SqliteStatement(*this, handle);
}

Error SqliteDatabase::error() const {
    if (handle_ == nullptr) return make_error(ErrorCode::kInternal, "out of memory");
    const std::string what = sqlite3_errmsg(handle_.get());
    switch (sqlite3_extended_errcode(handle_.get()) & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return make_error(ErrorCode::kTimeout,
                              "the store {} is locked by another program ({}): wait until it is "
                              "done, or end it",
                              path_, what);
        case SQLITE_FULL:
            return make_error(ErrorCode::kIo,
                              "the disk of the store {} is full ({}): free some space and run "
                              "again",
                              path_, what);
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return make_error(ErrorCode::kCorruptData,
                              "the store {} is damaged, or no store ({}): move it away and a new "
                              "one is made; only the history of runs is lost, tables know "
                              "themselves what is done",
                              path_, what);
        case SQLITE_READONLY:
            return make_error(ErrorCode::kIo,
                              "the store {} cannot be written ({}): look at its permissions and "
                              "those of its folder",
                              path_, what);
        default:
            return make_error(ErrorCode::kIo, "the store {}: {}", path_, what);
    }
}

Result<SqliteTransaction> SqliteTransaction::begin(SqliteDatabase& database) {
    INGOT_TRY(database.execute("BEGIN IMMEDIATE"));
    return SqliteTransaction(database);
}

SqliteTransaction::~SqliteTransaction() {
    // What cannot be undone now is undone when the file is opened next.
    if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK"));
}

Status SqliteTransaction::commit() {
    INGOT_TRY(database_->execute("COMMIT"));
    database_ = nullptr;
    return {};
}

}  // namespace ingot::orchestrator
