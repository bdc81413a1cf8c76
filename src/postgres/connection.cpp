#include "postgres/connection.hpp"

#include <array>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <regex>

#include "postgres/connection_wait_internal.hpp"
#include "postgres/sql_state.hpp"

#include "base/log.hpp"

namespace ingot::postgres {
namespace {

/// How long a server that was told to cancel may take to say so.
constexpr Duration kCancelWithin = std::chrono::seconds(5);
constexpr Duration kRollbackWithin = std::chrono::seconds(5);

/// How a wait for the server ends besides its answer.
enum class Patience : std::uint8_t {
    kUntilStopped,
    kWithoutEnd,  ///< COMMIT: it is done or not, whatever anybody asks now.
    kBrief,       ///< ROLLBACK: the end of the connection does the same.
};

struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, FreeResult>;

struct CloseConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using HandlePtr = std::unique_ptr<PGconn, CloseConnection>;

std::string trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    return std::string(text);
}

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : trimmed(text);
}

void log_notice(void*, const PGresult* notice) {
    log_debug("postgres: {}", field(notice, PG_DIAG_MESSAGE_PRIMARY));
}

/// libpq's keywords and values: points to texts, which must outlive it.
struct Keywords {
    std::vector<const char*> names;
    std::vector<const char*> values;
    void add(const char* name, const std::string& value) {
        if (value.empty()) return;
        names.push_back(name);
        values.push_back(value.c_str());
    }
    void add(const char*, std::string&&) = delete;
    void close() {
        names.push_back(nullptr);
        values.push_back(nullptr);
    }
};

/// A message of a connection that was refused. Verbose ones carry the SQLSTATE before their text:
/// `FATAL:  28P01: password authentication failed`, and a line about the server's source.
Error refused(const std::string& place, const std::string& message) {
    static const std::regex kState("(:\\s+)(?=[A-Z]*[0-9])([0-9A-Z]{5}): ");
    static const std::regex kLocation("\\n[^\\n]*, \\w+\\.c:\\d+");
    std::smatch state;
    std::string text = std::regex_replace(message, kLocation, "");
    if (!std::regex_search(text, state, kState)) {
        return make_error(ErrorCode::kIo, "cannot connect to PostgreSQL at {}: {}", place,
                          trimmed(text));
    }
    const std::string sql_state = state[2];
    text = std::regex_replace(text, kState, "$1");
    return make_error(error_code_of(sql_state),
                      "cannot connect to PostgreSQL at {}: {} (SQLSTATE {})", place, trimmed(text),
                      sql_state);
}

/// Where libpq goes, by options, its environment and its defaults.
std::string place_of(const PGconn* connection) {
    const auto text = [](const char* value) { return value == nullptr ? "" : value; };
    return fmt::format("{}:{}/{}", text(PQhost(connection)), text(PQport(connection)),
                       text(PQdb(connection)));
}

}  // namespace

class Connection::Impl {
public:
    explicit Impl(std::unique_ptr<SocketWait> wait) : wait_(std::move(wait)) {}

    Status connect(const ConnectOptions& options);
    /// Runs what `send` hands to libpq; the last result, or the first error.
    Result<ResultPtr> run(const std::function<int()>& send,
                          Patience patience = Patience::kUntilStopped);
    Result<std::int64_t> copy_in(const std::string& sql, const CopyInput& input);
    Status commit();
    void rollback();
    PGconn* handle() const { return handle_.get(); }
    const std::string& sql_state() const { return sql_state_; }
    const std::string& place() const { return place_; }

private:
    Status flush(Patience patience);
    Result<ResultPtr> finish(Patience patience);
    Result<ResultPtr> next_result(Patience patience);
    Result<Ready> wait(short events, Patience patience);
    Status send_rows(const CopyInput& input);
    Error stopped();
    Error failed(const PGresult* result);
    Error lost();
    bool is_open() const { return handle_ && PQstatus(handle_.get()) == CONNECTION_OK; }

    std::unique_ptr<SocketWait> wait_;
    std::string place_;
    HandlePtr handle_;
    std::string sql_state_;
};

Status Connection::Impl::connect(const ConnectOptions& options) {
    const std::string sslmode =
        options.sslmode.empty() && !options.ca.empty() ? "verify-full" : options.sslmode;
    const bool elsewhere = options.host.empty() && std::getenv("PGHOST") == nullptr;
    const std::string host = elsewhere ? "localhost" : options.host;
    const std::string encoding = "UTF8";
    const std::string idle = "30";
    const std::string unanswered = "60000";
    Keywords keywords;
    keywords.add("host", host);
    keywords.add("port", options.port);
    keywords.add("dbname", options.database);
    keywords.add("user", options.user);
    keywords.add("password", options.password);
    keywords.add("sslmode", sslmode);
    keywords.add("sslrootcert", options.ca);
    keywords.add("application_name", options.application);
    keywords.add("client_encoding", encoding);
    keywords.add("keepalives_idle", idle);
    keywords.add("tcp_user_timeout", unanswered);
    keywords.close();
    handle_.reset(PQconnectStartParams(keywords.names.data(), keywords.values.data(), 0));
    if (!handle_) return make_error(ErrorCode::kInternal, "no memory for a connection");
    place_ = place_of(handle_.get());
    PQsetErrorVerbosity(handle_.get(), PQERRORS_VERBOSE);
    PQsetNoticeReceiver(handle_.get(), log_notice, nullptr);
    const auto until = std::chrono::steady_clock::now() + options.connect_within;
    for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
         next = PQconnectPoll(handle_.get())) {
        if (next == PGRES_POLLING_FAILED || PQstatus(handle_.get()) == CONNECTION_BAD) {
            return refused(place_, PQerrorMessage(handle_.get()));
        }
        const auto left =
            std::chrono::duration_cast<Duration>(until - std::chrono::steady_clock::now());
        INGOT_TRY_ASSIGN(
            const Ready ready,
            wait_->wait(PQsocket(handle_.get()), next == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                        std::max(left, Duration::zero()), true));
        if (ready == Ready::kStopped) return stopped();
        if (ready == Ready::kTimedOut) {
            return make_error(ErrorCode::kIo,
                              "PostgreSQL at {} did not answer within {}: is it there, and does a "
                              "firewall let this machine through?",
                              place_, format_duration(options.connect_within));
        }
    }
    PQsetErrorVerbosity(handle_.get(), PQERRORS_DEFAULT);
    if (PQsetnonblocking(handle_.get(), 1) != 0) return lost();
    return {};
}

Result<ResultPtr> Connection::Impl::run(const std::function<int()>& send, Patience patience) {
    sql_state_.clear();
    if (!is_open()) return lost();
    if (patience == Patience::kUntilStopped && wait_->stopped()) return stopped();
    if (send() == 0) return is_open() ? failed(nullptr) : lost();
    INGOT_TRY(flush(patience));
    return finish(patience);
}

/// Reads results to their end, so that the next statement finds the connection free. A result that
/// asks for the rows of a COPY comes alone.
Result<ResultPtr> Connection::Impl::finish(Patience patience) {
    ResultPtr last;
    std::optional<Error> error;
    while (true) {
        INGOT_TRY_ASSIGN(ResultPtr result, next_result(patience));
        if (!result) break;
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_COPY_IN) return result;
        if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            handle_.reset();
            return make_error(ErrorCode::kUnsupported, "COPY to the client is not read here");
        }
        const bool good =
            status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
        if (!good && !error) error = failed(result.get());
        last = std::move(result);
    }
    if (error) return *std::move(error);
    if (!last) return lost();
    return last;
}

Result<Ready> Connection::Impl::wait(short events, Patience patience) {
    const std::optional<Duration> within =
        patience == Patience::kBrief ? std::optional(kRollbackWithin) : std::nullopt;
    return wait_->wait(PQsocket(handle_.get()), events, within,
                       patience == Patience::kUntilStopped);
}

/// Null at the end of the statement's results.
Result<ResultPtr> Connection::Impl::next_result(Patience patience) {
    while (PQisBusy(handle_.get()) != 0) {
        INGOT_TRY_ASSIGN(const Ready ready, wait(POLLIN, patience));
        if (ready == Ready::kStopped) return stopped();
        if (ready == Ready::kTimedOut) {
            handle_.reset();
            return lost();
        }
        if (PQconsumeInput(handle_.get()) == 0 && PQisBusy(handle_.get()) != 0) return lost();
    }
    return ResultPtr(PQgetResult(handle_.get()));
}

Status Connection::Impl::flush(Patience patience) {
    while (true) {
        const int left = PQflush(handle_.get());
        if (left == 0) return {};
        // What the server said before it went away is read with the result.
        if (left < 0) return {};
        INGOT_TRY_ASSIGN(const Ready ready, wait(POLLIN | POLLOUT, patience));
        if (ready == Ready::kStopped) return stopped();
        if (ready == Ready::kTimedOut) return {};
        if (PQconsumeInput(handle_.get()) == 0) return {};
    }
}

Result<std::int64_t> Connection::Impl::copy_in(const std::string& sql, const CopyInput& input) {
    INGOT_TRY_ASSIGN(const ResultPtr begun,
                     run([&] { return PQsendQuery(handle_.get(), sql.c_str()); }));
    if (PQresultStatus(begun.get()) != PGRES_COPY_IN) {
        return make_error(ErrorCode::kInternal, "the statement does not copy: {}", sql);
    }
    const Status sent = send_rows(input);
    if (!sent && (!handle_ || wait_->stopped())) return sent.error();
    if (PQputCopyEnd(handle_.get(), sent ? nullptr : "the rows cannot be read") >= 0) {
        INGOT_TRY(flush(Patience::kUntilStopped));
    }
    Result<ResultPtr> ended = finish(Patience::kUntilStopped);
    // The server only repeats that there were no rows.
    if (!sent) return sent.error();
    if (!ended) return std::move(ended).error();
    std::int64_t rows = 0;
    const std::string_view count = PQcmdTuples(ended->get());
    std::from_chars(count.data(), count.data() + count.size(), rows);
    return rows;
}

/// Ends without an error too when the server has had enough: its reason comes with the result.
Status Connection::Impl::send_rows(const CopyInput& input) {
    while (true) {
        if (wait_->stopped()) return stopped();
        INGOT_TRY_ASSIGN(const std::string_view bytes, input());
        if (bytes.empty()) return {};
        constexpr std::size_t kPieceBytes = 1 << 16;
        for (std::size_t at = 0; at < bytes.size(); at += kPieceBytes) {
            const std::string_view piece = bytes.substr(at, kPieceBytes);
            if (PQputCopyData(handle_.get(), piece.data(), static_cast<int>(piece.size())) <= 0) {
                return {};
            }
            INGOT_TRY(flush(Patience::kUntilStopped));
        }
    }
}

Status Connection::Impl::commit() {
    const Result<ResultPtr> done =
        run([&] { return PQsendQuery(handle_.get(), "COMMIT"); }, Patience::kWithoutEnd);
    if (!done && !is_open()) {
        return make_error(ErrorCode::kCommitUnknown,
                          "the connection to PostgreSQL at {} was lost before it said whether the "
                          "transaction is committed: {}",
                          place_, done.error().message);
    }
    if (!done) return done.error();
    // The answer to the COMMIT of a transaction in which a statement failed is not an error.
    if (std::string_view(PQcmdStatus(done->get())) != "COMMIT") {
        return make_error(ErrorCode::kInternal, "PostgreSQL undid the transaction at its COMMIT");
    }
    return {};
}

void Connection::Impl::rollback() {
    if (!is_open() || PQtransactionStatus(handle_.get()) == PQTRANS_IDLE) return;
    const Result<ResultPtr> done =
        run([&] { return PQsendQuery(handle_.get(), "ROLLBACK"); }, Patience::kBrief);
    // Without a connection there is no transaction: the server undoes it.
    if (!done) handle_.reset();
}

/// Cancels the running statement and waits for the server to say so.
Error Connection::Impl::stopped() {
    Error error =
        make_error(ErrorCode::kCancelled, "stopped while at work in PostgreSQL at {}", place_);
    if (!handle_ || PQtransactionStatus(handle_.get()) != PQTRANS_ACTIVE) return error;
    struct FreeCancel {
        void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
    };
    const std::unique_ptr<PGcancel, FreeCancel> cancel(PQgetCancel(handle_.get()));
    std::array<char, 256> reason{};
    const bool told =
        cancel && PQcancel(cancel.get(), reason.data(), static_cast<int>(reason.size())) == 1;
    while (told && PQstatus(handle_.get()) == CONNECTION_OK) {
        if (PQisBusy(handle_.get()) == 0) {
            const ResultPtr result(PQgetResult(handle_.get()));
            if (!result) return error;
            if (PQresultStatus(result.get()) == PGRES_COPY_IN) break;
            continue;
        }
        const auto ready = wait_->wait(PQsocket(handle_.get()), POLLIN, kCancelWithin, false);
        if (!ready || *ready != Ready::kSocket || PQconsumeInput(handle_.get()) == 0) break;
    }
    handle_.reset();
    return error;
}

Error Connection::Impl::failed(const PGresult* result) {
    if (result == nullptr || PQresultErrorField(result, PG_DIAG_SQLSTATE) == nullptr) {
        if (!is_open()) return lost();
        return make_error(ErrorCode::kInternal, "PostgreSQL at {}: {}", place_,
                          trimmed(PQerrorMessage(handle_.get())));
    }
    sql_state_ = field(result, PG_DIAG_SQLSTATE);
    std::string text = fmt::format("PostgreSQL at {}: {} (SQLSTATE {})", place_,
                                   field(result, PG_DIAG_MESSAGE_PRIMARY), sql_state_);
    for (const int part : {PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT, PG_DIAG_CONTEXT}) {
        if (const std::string more = field(result, part); !more.empty()) text += "; " + more;
    }
    const bool cancelled = sql_state_ == "57014" && wait_->stopped();
    return {cancelled ? ErrorCode::kCancelled : error_code_of(sql_state_), std::move(text), {}};
}

Error Connection::Impl::lost() {
    const std::string reason = handle_ ? trimmed(PQerrorMessage(handle_.get())) : "it was closed";
    return make_error(ErrorCode::kIo, "the connection to PostgreSQL at {} was lost: {}", place_,
                      reason);
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectOptions& options,
                                                     std::stop_token stop) {
    INGOT_TRY_ASSIGN(std::unique_ptr<SocketWait> wait, SocketWait::open(std::move(stop)));
    auto impl = std::make_unique<Impl>(std::move(wait));
    INGOT_TRY(impl->connect(options));
    std::unique_ptr<Connection> connection(new Connection(std::move(impl)));
    INGOT_TRY(connection->execute("SET TIME ZONE 'UTC'"));
    return connection;
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

Status Connection::execute(const std::string& sql) {
    INGOT_TRY(impl_->run([&] { return PQsendQuery(impl_->handle(), sql.c_str()); }));
    return {};
}

Result<QueryRows> Connection::query(const std::string& sql, const std::vector<Value>& parameters) {
    std::vector<const char*> values;
    for (const Value& each : parameters) values.push_back(each ? each->c_str() : nullptr);
    INGOT_TRY_ASSIGN(const ResultPtr result, impl_->run([&] {
        return PQsendQueryParams(impl_->handle(), sql.c_str(), static_cast<int>(values.size()),
                                 nullptr, values.data(), nullptr, nullptr, 0);
    }));
    QueryRows found;
    const std::string_view affected = PQcmdTuples(result.get());
    std::from_chars(affected.data(), affected.data() + affected.size(), found.affected);
    const int columns = PQnfields(result.get());
    for (int i = 0; i < columns; ++i) found.columns.emplace_back(PQfname(result.get(), i));
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        Row& values_of = found.rows.emplace_back();
        for (int i = 0; i < columns; ++i) {
            if (PQgetisnull(result.get(), row, i) != 0) {
                values_of.emplace_back();
            } else {
                values_of.emplace_back(PQgetvalue(result.get(), row, i));
            }
        }
    }
    return found;
}

Result<std::int64_t> Connection::copy_in(const std::string& sql, const CopyInput& input) {
    return impl_->copy_in(sql, input);
}

Status Connection::commit() {
    return impl_->commit();
}
void Connection::rollback() {
    impl_->rollback();
}
const std::string& Connection::sql_state() const {
    return impl_->sql_state();
}
const std::string& Connection::place() const {
    return impl_->place();
}

Result<Transaction> Transaction::begin(Connection& connection) {
    INGOT_TRY(connection.execute("BEGIN"));
    return Transaction(connection);
}

Transaction::~Transaction() {
    if (connection_ != nullptr) connection_->rollback();
}

Status Transaction::commit() {
    return std::exchange(connection_, nullptr)->commit();
}

}  // namespace ingot::postgres
