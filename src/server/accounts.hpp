#pragma once
// Who may use the server: users with passwords, their sessions, tokens for programs.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::sqlite {
class Database;
}

namespace ingot::server {

/// Each may do what those before it may. Viewers look, operators run, admins let people in.
enum class Role : std::uint8_t { kViewer, kOperator, kAdmin };
std::string_view role_name(Role role);
Result<Role> parse_role(std::string_view name);

struct User {
    std::string name;
    Role role = Role::kViewer;
    Timestamp created_at;
    std::optional<Timestamp> last_login_at = {};
};

struct Token {
    std::int64_t id = 0;
    std::string name;
    Role role = Role::kViewer;
    std::string owner;  ///< The user who made it; empty: made on the command line.
    Timestamp created_at;
    std::optional<Timestamp> expires_at = {};
    std::optional<Timestamp> last_used_at = {};
};
struct NewToken {
    Token token;
    std::string secret;  ///< `ingot_...`; shown this once.
};

/// Who asks.
struct Identity {
    enum class Kind : std::uint8_t { kLocal, kSession, kToken };
    Kind kind = Kind::kLocal;
    std::string name;  ///< Of the user; of a token its own.
    Role role = Role::kViewer;
    std::string csrf = {};  ///< Of a session: what its unsafe requests bring along.
};

struct NewSession {
    Identity who;
    std::string secret;  ///< Goes into the cookie, and nowhere else.
    Duration lifetime;
};

/// Thread-safe; other processes may change the same file. Errors: those of the file.
class Accounts {
public:
    /// Makes the file when it is absent, readable by its owner only.
    static Result<std::unique_ptr<Accounts>> open(const std::string& path,
                                                  const Clock& clock = system_clock());
    ~Accounts();

    /// Whether there is any user.
    Result<bool> any() const;

    /// kInvalidArgument: a name that is none, a weak password, or a first user who is no admin.
    /// kAlreadyExists.
    Status add(const std::string& name, std::string_view password, Role role);
    Result<std::vector<User>> users() const;
    /// kNotFound: no such user. kInvalidArgument: others would be left without an admin. Sessions
    /// and tokens of the user end.
    Status remove(const std::string& name);
    Status set_role(const std::string& name, Role role);
    /// All sessions of the user end.
    Status set_password(const std::string& name, std::string_view password);

    /// Nothing: no such user, or another password; which of them is not to be known.
    Result<std::optional<NewSession>> log_in(const std::string& name, std::string_view password);
    Result<std::optional<Identity>> session(std::string_view secret) const;
    Status log_out(std::string_view secret);

    Result<NewToken> create_token(const std::string& name, Role role,
                                  std::optional<Timestamp> expires_at, const std::string& owner);
    Result<std::vector<Token>> tokens() const;
    Status revoke_token(std::int64_t id);
    Result<std::optional<Identity>> token(std::string_view secret) const;

private:
    Accounts(std::unique_ptr<sqlite::Database> database, const Clock& clock);
    Guarded<std::unique_ptr<sqlite::Database>> database_;
    const Clock& clock_;
};

/// Beside the store of runs: `accounts.db` in the same folder.
std::string accounts_path(const std::string& store_path);
/// The file of accounts and of the audit log, up to date.
Result<std::unique_ptr<sqlite::Database>> open_account_file(const std::string& path);

}  // namespace ingot::server
