#pragma once
// SQLite with results instead of codes.
#include <cstdint>
#include <memory>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::orchestrator {

class SqliteDatabase;

/// A prepared statement, used again and again. Lives no longer than its database.
class SqliteStatement {
public:
    SqliteStatement() = default;

    SqliteStatement& bind(std::string_view text);
    SqliteStatement& bind(std::int64_t number);
    SqliteStatement& bind(std::optional<Timestamp> at);
    /// True: a row is there.
    Result<bool> next();
    /// Runs it to its end and makes it ready for other values.
    Status run();
    void reset();

    std::string text(int column) const;
    std::int64_t number(int column) const { return sqlite3_column_int64(handle_.get(), column); }
    std::optional<Timestamp> time(int column) const;

private:
    friend class SqliteDatabase;
    struct Finalize {
        void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
    };
    SqliteStatement(const SqliteDatabase& database, sqlite3_stmt* handle)
        : database_(&database), handle_(handle) {}
    const SqliteDatabase* database_ = nullptr;
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    int bound_ = 0;
};

/// One connection. Not copied or moved: statements point to it.
class SqliteDatabase {
public:
    SqliteDatabase(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
    static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path,
                                                        Duration lock_wait);

    Status execute(const std::string& sql);
    Result<std::int64_t> number_of(const std::string& sql);
    Result<SqliteStatement> prepare(std::string_view sql) const;
    int changed_rows() const { return sqlite3_changes(handle_.get()); }
    /// What the last call that failed means for a person.
    Error error() const;

private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    };
    std::string path_;
    std::unique_ptr<sqlite3, Close> handle_;
};

/// Begins at once as a writer; without `commit` everything in it is undone.
class SqliteTransaction {
public:
    static Result<SqliteTransaction> begin(SqliteDatabase& database);
    SqliteTransaction(SqliteTransaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)) {}
    SqliteTransaction& operator=(SqliteTransaction&&) = delete;
    ~SqliteTransaction();
    Status commit();

private:
    explicit SqliteTransaction(SqliteDatabase& database) : database_(&database) {}
    SqliteDatabase* database_;
};

}  // namespace ingot::orchestrator
