#include "server/accounts.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include "server/password.hpp"
#include "sqlite/database.hpp"

#include "base/hash.hpp"

namespace ingot::server {
namespace {

constexpr std::int32_t kApplicationId = 0x494E4741;  // "INGA"
constexpr Duration kSessionLifetime = std::chrono::hours(7 * 24);
constexpr Duration kSessionIdle = std::chrono::hours(24);
/// How exactly it is known when something was used last: a write for every request would be dear.
constexpr Duration kUseStep = std::chrono::minutes(1);
constexpr std::string_view kTokenStart = "ingot_";

/// Each brings a file of the version before up to its own: 1, 2, ... Never changed, only added to.
constexpr std::array<const char*, 1> kMigrations = {R"(
    CREATE TABLE users (
        no INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        password TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        last_login_at INTEGER);
    CREATE TABLE sessions (
        hash TEXT PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES users (no) ON DELETE CASCADE,
        expires_at INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX sessions_of_user ON sessions (user);
    CREATE TABLE tokens (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        hash TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        owner INTEGER REFERENCES users (no) ON DELETE CASCADE,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        last_used_at INTEGER);
    CREATE TABLE audit (
        no INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        object TEXT NOT NULL,
        outcome TEXT NOT NULL,
        address TEXT NOT NULL);
)"};

/// Nobody but the owner may read hashes; SQLite's side files get the permissions of the file.
Status make_private(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::error_code failed;
    if (!folder.empty()) std::filesystem::create_directories(folder, failed);
    // One that is there is not opened: closing it again would drop the locks that SQLite holds on
    // it for the whole process, and another process would then clear away what this one still uses.
    const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST) return {};
    if (file < 0) {
        return make_error(ErrorCode::kIo, "the accounts {} cannot be opened: {}", path,
                          std::generic_category().message(errno));
    }
    ::close(file);
    return {};
}

bool is_name(const std::string& name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-' || c == '@' || c == '+';
    };
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits);
}

Error no_such_user(const std::string& name) {
    return make_error(ErrorCode::kNotFound, "there is no user {}", name);
}

/// Derived, so that it need not be kept: only who has the session's secret can know it.
std::string csrf_of(std::string_view secret) {
    return sha256_hex("csrf:" + std::string(secret));
}

/// Refuses what would leave users without anybody who can let them in.
Status keep_an_admin(sqlite::Database& database, const std::string& name) {
    INGOT_TRY_ASSIGN(
        sqlite::Statement others,
        database.prepare("SELECT count(*), count(*) FILTER (WHERE role = 'admin') FROM users"
                         " WHERE name <> ?"));
    INGOT_TRY(others.bind(name).next());
    if (others.number(0) == 0 || others.number(1) > 0) return {};
    return make_error(ErrorCode::kInvalidArgument,
                      "{} is the last admin: make somebody else an admin first", name);
}

Status end_sessions(sqlite::Database& database, const std::string& name) {
    INGOT_TRY_ASSIGN(sqlite::Statement statement,
                     database.prepare("DELETE FROM sessions WHERE user = (SELECT no FROM users"
                                      " WHERE name = ?)"));
    return statement.bind(name).run();
}

}  // namespace

std::string_view role_name(Role role) {
    constexpr std::array<std::string_view, 3> kNames = {"viewer", "operator", "admin"};
    return kNames[static_cast<std::size_t>(role)];
}

Result<Role> parse_role(std::string_view name) {
    for (const Role role : {Role::kViewer, Role::kOperator, Role::kAdmin})
        if (role_name(role) == name) return role;
    return make_error(ErrorCode::kInvalidArgument,
                      "'{}' is no role: viewer, operator and admin are", name);
}

std::string accounts_path(const std::string& store_path) {
    return (std::filesystem::path(store_path).parent_path() / "accounts.db").string();
}

Result<std::unique_ptr<sqlite::Database>> open_account_file(const std::string& path) {
    INGOT_TRY(make_private(path));
    INGOT_TRY_ASSIGN(auto database,
                     sqlite::Database::open({.path = path, .noun = "file of accounts"}));
    INGOT_TRY(sqlite::bring_up_to_date(*database, {kApplicationId, kMigrations, ""}));
    INGOT_TRY(database->execute("PRAGMA foreign_keys = ON"));
    return database;
}

Accounts::Accounts(std::unique_ptr<sqlite::Database> database, const Clock& clock)
    : database_(std::move(database)), clock_(clock) {}

Accounts::~Accounts() = default;

Result<std::unique_ptr<Accounts>> Accounts::open(const std::string& path, const Clock& clock) {
    INGOT_TRY_ASSIGN(auto database, open_account_file(path));
    return std::unique_ptr<Accounts>(new Accounts(std::move(database), clock));
}

Result<bool> Accounts::any() const {
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(const std::int64_t found,
                     (*database)->number_of("SELECT EXISTS (SELECT 1 FROM users)"));
    return found != 0;
}

Status Accounts::add(const std::string& name, std::string_view password, Role role) {
    if (!is_name(name)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is no name of a user: letters, digits and . _ - @ + are, up to 64",
                          name);
    }
    INGOT_TRY_ASSIGN(const std::string hash, hash_password(password));
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto transaction, sqlite::Transaction::begin(**database));
    INGOT_TRY_ASSIGN(const std::int64_t users,
                     (*database)->number_of("SELECT count(*) FROM users"));
    if (users == 0 && role != Role::kAdmin) {
        return make_error(ErrorCode::kInvalidArgument,
                          "the first user has to be an admin: from then on everybody logs in, and "
                          "somebody has to let them");
    }
    INGOT_TRY_ASSIGN(auto insert,
                     (*database)->prepare("INSERT INTO users (name, role, password, created_at)"
                                          " VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING"));
    insert.bind(name).bind(role_name(role)).bind(hash).bind(clock_.now().micros());
    INGOT_TRY(insert.run());
    if ((*database)->changed_rows() == 0)
        return make_error(ErrorCode::kAlreadyExists, "there is a user {} already", name);
    return transaction.commit();
}

Result<std::vector<User>> Accounts::users() const {
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto row,
                     (*database)->prepare("SELECT name, role, created_at, last_login_at FROM users"
                                          " ORDER BY name"));
    std::vector<User> users;
    for (;;) {
        INGOT_TRY_ASSIGN(const bool found, row.next());
        if (!found) return users;
        INGOT_TRY_ASSIGN(const Role role, parse_role(row.text(1)));
        users.push_back({row.text(0), role, Timestamp::from_micros(row.number(2)), row.time(3)});
    }
}

Status Accounts::remove(const std::string& name) {
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto transaction, sqlite::Transaction::begin(**database));
    INGOT_TRY(keep_an_admin(**database, name));
    INGOT_TRY_ASSIGN(auto statement, (*database)->prepare("DELETE FROM users WHERE name = ?"));
    INGOT_TRY(statement.bind(name).run());
    if ((*database)->changed_rows() == 0) return no_such_user(name);
    return transaction.commit();
}

Status Accounts::set_role(const std::string& name, Role role) {
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto transaction, sqlite::Transaction::begin(**database));
    INGOT_TRY_ASSIGN(auto statement,
                     (*database)->prepare("UPDATE users SET role = ? WHERE name = ?"));
    INGOT_TRY(statement.bind(role_name(role)).bind(name).run());
    if ((*database)->changed_rows() == 0) return no_such_user(name);
    INGOT_TRY_ASSIGN(const std::int64_t admins,
                     (*database)->number_of("SELECT count(*) FROM users WHERE role = 'admin'"));
    if (admins == 0) {
        return make_error(ErrorCode::kInvalidArgument,
                          "{} is the last admin: make somebody else an admin first", name);
    }
    return transaction.commit();
}

Status Accounts::set_password(const std::string& name, std::string_view password) {
    INGOT_TRY_ASSIGN(const std::string hash, hash_password(password));
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto transaction, sqlite::Transaction::begin(**database));
    INGOT_TRY_ASSIGN(auto statement,
                     (*database)->prepare("UPDATE users SET password = ? WHERE name = ?"));
    INGOT_TRY(statement.bind(hash).bind(name).run());
    if ((*database)->changed_rows() == 0) return no_such_user(name);
    INGOT_TRY(end_sessions(**database, name));
    return transaction.commit();
}

Result<std::optional<NewSession>> Accounts::log_in(const std::string& name,
                                                   std::string_view password) {
    const auto stored = [&]() -> Result<std::pair<std::string, std::string>> {
        auto database = database_.lock();
        INGOT_TRY_ASSIGN(auto row,
                         (*database)->prepare("SELECT password, role FROM users WHERE name = ?"));
        INGOT_TRY_ASSIGN(const bool found, row.bind(name).next());
        return found ? std::pair(row.text(0), row.text(1)) : std::pair<std::string, std::string>();
    };
    INGOT_TRY_ASSIGN(const auto user, stored());
    // Without the lock: it takes long, on purpose.
    if (!password_fits(user.first, password)) return std::optional<NewSession>();
    INGOT_TRY_ASSIGN(const Role role, parse_role(user.second));
    const Timestamp now = clock_.now();
    const std::string secret = new_secret();
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto transaction, sqlite::Transaction::begin(**database));
    INGOT_TRY_ASSIGN(auto old, (*database)->prepare("DELETE FROM sessions WHERE expires_at <= ?"));
    INGOT_TRY(old.bind(now.micros()).run());
    // The password may have been changed while it was compared.
    INGOT_TRY_ASSIGN(auto insert,
                     (*database)->prepare("INSERT INTO sessions (hash, user, expires_at,"
                                          " last_used_at) SELECT ?, no, ?, ? FROM users"
                                          " WHERE name = ? AND password = ?"));
    insert.bind(secret_hash(secret)).bind((now + kSessionLifetime).micros()).bind(now.micros());
    INGOT_TRY(insert.bind(name).bind(user.first).run());
    if ((*database)->changed_rows() == 0) return std::optional<NewSession>();
    INGOT_TRY_ASSIGN(auto seen,
                     (*database)->prepare("UPDATE users SET last_login_at = ? WHERE name = ?"));
    INGOT_TRY(seen.bind(now.micros()).bind(name).run());
    INGOT_TRY(transaction.commit());
    return std::optional(NewSession{
        {Identity::Kind::kSession, name, role, csrf_of(secret)}, secret, kSessionLifetime});
}

Result<std::optional<Identity>> Accounts::session(std::string_view secret) const {
    const std::int64_t now = clock_.now().micros();
    const std::string hash = secret_hash(secret);
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto row,
                     (*database)->prepare("SELECT name, role, s.last_used_at FROM sessions s"
                                          " JOIN users ON no = user WHERE hash = ?"
                                          " AND expires_at > ? AND s.last_used_at > ?"));
    row.bind(hash).bind(now).bind(now - kSessionIdle.count());
    INGOT_TRY_ASSIGN(const bool found, row.next());
    if (!found) return std::optional<Identity>();
    INGOT_TRY_ASSIGN(const Role role, parse_role(row.text(1)));
    Identity who{Identity::Kind::kSession, row.text(0), role, csrf_of(secret)};
    const bool stale = now - row.number(2) > kUseStep.count();
    row.reset();
    if (stale) {
        INGOT_TRY_ASSIGN(
            auto used, (*database)->prepare("UPDATE sessions SET last_used_at = ? WHERE hash = ?"));
        INGOT_TRY(used.bind(now).bind(hash).run());
    }
    return std::optional(std::move(who));
}

Status Accounts::log_out(std::string_view secret) {
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto statement, (*database)->prepare("DELETE FROM sessions WHERE hash = ?"));
    return statement.bind(secret_hash(secret)).run();
}

Result<NewToken> Accounts::create_token(const std::string& name, Role role,
                                        std::optional<Timestamp> expires_at,
                                        const std::string& owner) {
    if (!is_name(name)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is no name of a token: letters, digits and . _ - @ + are, up to 64",
                          name);
    }
    const Timestamp now = clock_.now();
    if (expires_at && *expires_at <= now)
        return make_error(ErrorCode::kInvalidArgument, "the token would have expired already");
    NewToken created{{0, name, role, owner, now, expires_at, {}},
                     std::string(kTokenStart) + new_secret()};
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(
        auto insert,
        (*database)->prepare("INSERT INTO tokens (hash, name, role, owner, created_at, expires_at)"
                             " VALUES (?, ?, ?, (SELECT no FROM users WHERE name = ?), ?, ?)"
                             " RETURNING id"));
    insert.bind(secret_hash(created.secret)).bind(name).bind(role_name(role)).bind(owner);
    INGOT_TRY(insert.bind(now.micros()).bind(expires_at).next());
    created.token.id = insert.number(0);
    // The change is there when the statement has come to its end.
    INGOT_TRY(insert.next());
    return created;
}

Result<std::vector<Token>> Accounts::tokens() const {
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto row,
                     (*database)->prepare("SELECT id, t.name, t.role, u.name, t.created_at,"
                                          " expires_at, last_used_at FROM tokens t"
                                          " LEFT JOIN users u ON no = owner ORDER BY id"));
    std::vector<Token> tokens;
    for (;;) {
        INGOT_TRY_ASSIGN(const bool found, row.next());
        if (!found) return tokens;
        INGOT_TRY_ASSIGN(const Role role, parse_role(row.text(2)));
        tokens.push_back({row.number(0), row.text(1), role, row.text(3),
                          Timestamp::from_micros(row.number(4)), row.time(5), row.time(6)});
    }
}

Status Accounts::revoke_token(std::int64_t id) {
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto statement, (*database)->prepare("DELETE FROM tokens WHERE id = ?"));
    INGOT_TRY(statement.bind(id).run());
    if ((*database)->changed_rows() > 0) return {};
    return make_error(ErrorCode::kNotFound, "there is no token {}", id);
}

Result<std::optional<Identity>> Accounts::token(std::string_view secret) const {
    if (!secret.starts_with(kTokenStart)) return std::optional<Identity>();
    const std::int64_t now = clock_.now().micros();
    auto database = database_.lock();
    INGOT_TRY_ASSIGN(auto row,
                     (*database)->prepare("SELECT id, name, role, last_used_at FROM tokens"
                                          " WHERE hash = ? AND coalesce(expires_at > ?, 1)"));
    INGOT_TRY_ASSIGN(const bool found, row.bind(secret_hash(secret)).bind(now).next());
    if (!found) return std::optional<Identity>();
    INGOT_TRY_ASSIGN(const Role role, parse_role(row.text(2)));
    Identity who{Identity::Kind::kToken, "token " + row.text(1), role};
    const std::int64_t id = row.number(0);
    const bool stale = now - row.number(3) > kUseStep.count();
    row.reset();
    if (stale) {
        INGOT_TRY_ASSIGN(auto used,
                         (*database)->prepare("UPDATE tokens SET last_used_at = ? WHERE id = ?"));
        INGOT_TRY(used.bind(now).bind(id).run());
    }
    return std::optional(std::move(who));
}

}  // namespace ingot::server
