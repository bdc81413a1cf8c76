#pragma once
// One connection to a PostgreSQL server.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::postgres {

/// Empty texts are left to libpq: its environment variables, its defaults.
struct ConnectOptions {
    std::string host;
    std::string port;
    std::string database;
    std::string user;
    std::string password;
    std::string sslmode;  ///< Empty: `prefer`; with `ca`, `verify-full`.
    std::string ca;       ///< File of certificates that the server's is checked against.
    std::string application = "ingot";
    Duration connect_within = std::chrono::seconds(10);
};

using Value = std::optional<std::string>;  ///< As text; nothing is NULL.
using Row = std::vector<Value>;

struct QueryRows {
    std::vector<std::string> columns;
    std::vector<Row> rows;
    std::int64_t affected = 0;  ///< Rows inserted, updated, deleted, or returned.
};

/// The next bytes of a COPY, valid until the next call; empty at the end.
using CopyInput = std::function<Result<std::string_view>()>;

/// Used by one thread at a time. Every call ends soon after `stop` asks, as kCancelled: the server
/// is told to cancel the statement, and where it does not answer the connection is closed. Times
/// are in UTC. Errors: the message and the SQLSTATE of the server, the code by error_code_of();
/// kIo when the connection was lost.
class Connection {
public:
    static Result<std::unique_ptr<Connection>> open(const ConnectOptions& options,
                                                    std::stop_token stop);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// One or several statements without parameters.
    Status execute(const std::string& sql);
    /// One statement. All its rows are held.
    Result<QueryRows> query(const std::string& sql, const std::vector<Value>& parameters = {});
    /// Requires COPY ... FROM STDIN. An error of `input` is returned as it is, and nothing is
    /// copied. Returns the number of rows.
    Result<std::int64_t> copy_in(const std::string& sql, const CopyInput& input);

    /// COMMIT. kCommitUnknown when the connection was lost before the answer.
    Status commit();
    /// Undoes the open transaction, also when `stop` asks.
    void rollback();

    /// SQLSTATE of the last error, empty when it had none.
    const std::string& sql_state() const;
    /// `localhost:5432/warehouse`
    const std::string& place() const;

private:
    class Impl;
    explicit Connection(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Without `commit` everything in it is undone.
class Transaction {
public:
    static Result<Transaction> begin(Connection& connection);
    Transaction(Transaction&& other) noexcept
        : connection_(std::exchange(other.connection_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Status commit();

private:
    explicit Transaction(Connection& connection) : connection_(&connection) {}
    Connection* connection_;
};

}  // namespace ingot::postgres
