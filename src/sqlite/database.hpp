#pragma once
// SQLite with results instead of codes.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::sqlite {

class Database;

/// A prepared statement, used again and again. Lives no longer than its database.
class Statement {
public:
    Statement() = default;

    Statement& bind(std::string_view text);
    Statement& bind(std::int64_t number);
    Statement& bind(std::optional<Timestamp> at);
    /// True: a row is there.
    Result<bool> next();
    /// Runs it to its end and makes it ready for other values.
    Status run();
    void reset();

    std::string text(int column) const;
    std::int64_t number(int column) const { return sqlite3_column_int64(handle_.get(), column); }
    std::optional<Timestamp> time(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
    };
    Statement(const Database& database, sqlite3_stmt* handle)
        : database_(&database), handle_(handle) {}
    const Database* database_ = nullptr;
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    int bound_ = 0;
};

struct DatabaseOptions {
    std::string path;
    Duration lock_wait = std::chrono::seconds(10);  ///< For another process that is writing.
    bool read_only = false;  ///< Never made, never changed; sees every commit of the writers.
    std::string noun = "database";  ///< What messages call it: `store`.
    std::string when_damaged = {};  ///< What a message about a damaged one adds.
};

/// One connection, used by one thread at a time. Not copied or moved: statements point to it.
/// Errors: kTimeout (locked), kIo (disk full, not writable), kCorruptData (damaged).
class Database {
public:
    Database(DatabaseOptions options, sqlite3* handle)
        : options_(std::move(options)), handle_(handle) {}
    /// Makes the file and its folder where they are missing.
    static Result<std::unique_ptr<Database>> open(DatabaseOptions options);

    Status execute(const std::string& sql);
    Result<std::int64_t> number_of(const std::string& sql);
    Result<Statement> prepare(std::string_view sql) const;
    const DatabaseOptions& options() const { return options_; }
    int changed_rows() const { return sqlite3_changes(handle_.get()); }
    /// What the last call that failed means for a person.
    Error error() const;

private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    };
    DatabaseOptions options_;
    std::unique_ptr<sqlite3, Close> handle_;
};

/// Begins at once as a writer; without `commit` everything in it is undone.
class Transaction {
public:
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Status commit();

private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

/// What a file has to be.
struct Format {
    std::int32_t application_id;
    /// Each brings a file of the version before up to its own: 1, 2, ... Never changed, only added
    /// to: files of every version are out there.
    std::span<const char* const> migrations;
    /// How another file is chosen: `with `store:` in project.yml`.
    std::string_view how_to_choose;
};

/// Makes the file durable (WAL, every commit on the disk) and brings it up to the newest version,
/// in one transaction. kCorruptData: a database of another program. kUnsupported: of a newer
/// version of Ingot.
Status bring_up_to_date(Database& database, const Format& format);

}  // namespace ingot::sqlite
