#include "server/accounts.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "server/audit_log.hpp"
#include "server/password.hpp"

#include "base/uuid.hpp"

namespace ingot::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AccountsTest : public testing::Test {
protected:
    AccountsTest() { std::filesystem::create_directories(folder); }
    ~AccountsTest() override { std::filesystem::remove_all(folder); }
    std::unique_ptr<Accounts> opened() {
        auto result = Accounts::open(path, clock);
        EXPECT_TRUE(result) << result.error().to_string();
        return *std::move(result);
    }
    std::string all_bytes() const {
        std::string bytes;
        for (const char* end : {"", "-wal"}) {
            std::ifstream file(path + end, std::ios::binary);
            bytes.append(std::istreambuf_iterator<char>(file), {});
        }
        return bytes;
    }

    const std::string folder = testing::TempDir() + "accounts-" + uuid_v4();
    const std::string path = folder + "/accounts.db";
    ManualClock clock{*parse_timestamp("2026-01-01")};
    std::unique_ptr<Accounts> accounts = opened();
};

TEST_F(AccountsTest, TheFirstUserHasToBeAnAdmin) {
    EXPECT_FALSE(*accounts->any());
    const Status refused = accounts->add("ada", "a long password", Role::kViewer);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("first user has to be an admin"));
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    EXPECT_TRUE(*accounts->any());
    EXPECT_TRUE(accounts->add("bob", "another password", Role::kViewer));
    EXPECT_EQ(accounts->add("bob", "another password", Role::kViewer).error().code,
              ErrorCode::kAlreadyExists);
}

TEST_F(AccountsTest, NamesAndPasswordsHaveLimits) {
    for (const std::string name : {"", "a b", "a/b", "ä", "a\n"})
        EXPECT_FALSE(accounts->add(name, "a long password", Role::kAdmin)) << name;
    EXPECT_FALSE(accounts->add(std::string(65, 'a'), "a long password", Role::kAdmin));
    EXPECT_FALSE(accounts->add("ada", "short", Role::kAdmin));
    EXPECT_FALSE(accounts->add("ada", std::string(1001, 'x'), Role::kAdmin));
}

TEST_F(AccountsTest, OnlyTheRightPasswordBeginsASession) {
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    EXPECT_FALSE(accounts->log_in("ada", "a long passworD")->has_value());
    EXPECT_FALSE(accounts->log_in("eve", "a long password")->has_value());
    EXPECT_FALSE(accounts->log_in("eve", "nobody's password")->has_value());
    EXPECT_FALSE(accounts->log_in("ada", "")->has_value());
    const auto session = *accounts->log_in("ada", "a long password");
    ASSERT_TRUE(session);
    const auto who = *accounts->session(session->secret);
    ASSERT_TRUE(who);
    EXPECT_EQ(who->name, "ada");
    EXPECT_EQ(who->role, Role::kAdmin);
    EXPECT_EQ(who->csrf, session->who.csrf);
    EXPECT_FALSE(accounts->session(session->secret + "x")->has_value());
    EXPECT_FALSE(accounts->session("")->has_value());
}

TEST_F(AccountsTest, SecretsAreInTheFileAsHashesOnlyAndTheFileIsPrivate) {
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    const auto session = *accounts->log_in("ada", "a long password");
    const auto token = accounts->create_token("ci", Role::kViewer, std::nullopt, "ada");
    const std::string bytes = all_bytes();
    EXPECT_THAT(bytes, HasSubstr("$argon2id$"));
    for (const std::string& secret :
         {std::string("a long password"), session->secret, token->secret, session->who.csrf})
        EXPECT_THAT(bytes, Not(HasSubstr(secret)));
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        struct stat status{};
        ASSERT_EQ(::stat(file.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 077, 0) << file.path();
    }
}

TEST_F(AccountsTest, TwoLoginsHaveDifferentSessions) {
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    const auto first = *accounts->log_in("ada", "a long password");
    const auto second = *accounts->log_in("ada", "a long password");
    EXPECT_NE(first->secret, second->secret);
    EXPECT_NE(first->who.csrf, second->who.csrf);
    ASSERT_TRUE(accounts->log_out(first->secret));
    EXPECT_FALSE(accounts->session(first->secret)->has_value());
    EXPECT_TRUE(accounts->session(second->secret)->has_value());
}

TEST_F(AccountsTest, ASessionEndsUnusedAfterADayAndUsedAfterAWeek) {
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    const auto unused = *accounts->log_in("ada", "a long password");
    const auto used = *accounts->log_in("ada", "a long password");
    for (int hour = 0; hour < 7 * 24; ++hour) {
        EXPECT_TRUE(accounts->session(used->secret)->has_value()) << hour;
        clock.advance(1h);
    }
    EXPECT_FALSE(accounts->session(unused->secret)->has_value());
    EXPECT_FALSE(accounts->session(used->secret)->has_value());
}

TEST_F(AccountsTest, ANewPasswordEndsTheSessionsAndANewRoleHoldsAtOnce) {
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    ASSERT_TRUE(accounts->add("bob", "a long password", Role::kViewer));
    const auto session = *accounts->log_in("bob", "a long password");
    ASSERT_TRUE(accounts->set_role("bob", Role::kOperator));
    EXPECT_EQ((*accounts->session(session->secret))->role, Role::kOperator);
    ASSERT_TRUE(accounts->set_password("bob", "a newer password"));
    EXPECT_FALSE(accounts->session(session->secret)->has_value());
    EXPECT_FALSE(accounts->log_in("bob", "a long password")->has_value());
    EXPECT_TRUE(accounts->log_in("bob", "a newer password")->has_value());
}

TEST_F(AccountsTest, ARemovedUserLeavesNoSessionAndNoToken) {
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    ASSERT_TRUE(accounts->add("bob", "a long password", Role::kAdmin));
    const auto session = *accounts->log_in("bob", "a long password");
    const auto token = accounts->create_token("ci", Role::kViewer, std::nullopt, "bob");
    ASSERT_TRUE(accounts->remove("bob"));
    EXPECT_FALSE(accounts->session(session->secret)->has_value());
    EXPECT_FALSE(accounts->token(token->secret)->has_value());
    EXPECT_EQ(accounts->remove("bob").error().code, ErrorCode::kNotFound);
}

TEST_F(AccountsTest, AnAdminIsLeftAsLongAsThereAreUsers) {
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    ASSERT_TRUE(accounts->add("bob", "a long password", Role::kViewer));
    EXPECT_FALSE(accounts->remove("ada"));
    EXPECT_FALSE(accounts->set_role("ada", Role::kOperator));
    ASSERT_TRUE(accounts->remove("bob"));
    EXPECT_TRUE(accounts->remove("ada"));
    EXPECT_FALSE(*accounts->any());
}

TEST_F(AccountsTest, ATokenEndsWhenItExpiresOrIsRevoked) {
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    const auto brief =
        accounts->create_token("brief", Role::kOperator, clock.now() + Duration(1h), "ada");
    const auto lasting = accounts->create_token("lasting", Role::kViewer, std::nullopt, "");
    ASSERT_TRUE(brief && lasting);
    EXPECT_THAT(brief->secret, StartsWith("ingot_"));
    EXPECT_EQ((*accounts->token(brief->secret))->role, Role::kOperator);
    EXPECT_EQ((*accounts->token(lasting->secret))->name, "token lasting");
    clock.advance(2h);
    EXPECT_FALSE(accounts->token(brief->secret)->has_value());
    EXPECT_TRUE(accounts->token(lasting->secret)->has_value());
    EXPECT_EQ((*accounts->tokens())[1].last_used_at, clock.now());
    ASSERT_TRUE(accounts->revoke_token(lasting->token.id));
    EXPECT_FALSE(accounts->token(lasting->secret)->has_value());
    EXPECT_FALSE(accounts->revoke_token(lasting->token.id));
    EXPECT_FALSE(accounts->create_token("late", Role::kViewer, clock.now(), ""));
}

TEST_F(AccountsTest, AnotherProcessSeesWhatChangedAtOnce) {
    const auto other = opened();
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    EXPECT_TRUE(*other->any());
    EXPECT_TRUE(other->log_in("ada", "a long password")->has_value());
}

TEST_F(AccountsTest, AnUnreadableHashFitsNoPassword) {
    EXPECT_FALSE(password_fits("", ""));
    EXPECT_FALSE(password_fits("a long password", "a long password"));
    EXPECT_FALSE(password_fits("$argon2id$v=19$m=19456,t=2,p=1$", "a long password"));
}

TEST_F(AccountsTest, TheAuditLogIsReadNewestFirstInPages) {
    const auto log = *AuditLog::open(path, clock);
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(log->add({.who = "ada",
                              .what = "cancel_run",
                              .object = std::to_string(i),
                              .outcome = "done 200",
                              .address = "127.0.0.1"}));
    }
    const auto page = *log->list(std::nullopt, 3);
    ASSERT_EQ(page.size(), 3);
    EXPECT_EQ(page.front().object, "4");
    const auto rest = *log->list(page.back().no, 3);
    ASSERT_EQ(rest.size(), 2);
    EXPECT_EQ(rest.back().object, "0");
    EXPECT_EQ(rest.back().at, clock.now());
}

}  // namespace
}  // namespace ingot::server
