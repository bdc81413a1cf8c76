#include "net/smtp_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/smtp_test_server.hpp"

namespace ingot::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Security = MailServer::Security;

constexpr Duration kTimeout = std::chrono::seconds(10);

Mail mail() {
    return {"Ingot <ingot@data.example>",
            {"a@b.example", "Ann <ann@b.example>"},
            "hourly failed",
            "One\n.\ntwo\n",
            *parse_timestamp("2026-11-21T18:00:00"),
            "0198"};
}

TEST(Smtp, AMailGoesToAllRecipients) {
    SmtpTestServer server(Security::kNone);
    const Status sent = send_mail(server.address(), mail(), kTimeout);
    ASSERT_TRUE(sent) << sent.error().to_string();
    ASSERT_EQ(server.mails().size(), 1u);
    const TestMail got = server.mails()[0];
    EXPECT_THAT(got.from, HasSubstr("<ingot@data.example>"));
    EXPECT_THAT(got.to, ElementsAre("<a@b.example>", "<ann@b.example>"));
    EXPECT_EQ(got.source,
              "From: \"Ingot\" <ingot@data.example>\n"
              "To: a@b.example,\n \"Ann\" <ann@b.example>\n"
              "Subject: hourly failed\n"
              "Date: Sat, 21 Nov 2026 18:00:00 +0000\n"
              "Message-ID: <0198@data.example>\n"
              "Auto-Submitted: auto-generated\n"
              "MIME-Version: 1.0\n"
              "Content-Type: text/plain; charset=utf-8\n"
              "Content-Transfer-Encoding: base64\n\n"
              "T25lCi4KdHdvCg==\n");
}

TEST(Smtp, PasswordsGoOverTlsOnly) {
    for (const Security security : {Security::kStartTls, Security::kTls}) {
        SmtpTestServer server(security);
        MailServer address = server.address();
        address.user = "ingot";
        address.password = "s3cret";
        const Status sent = send_mail(address, mail(), kTimeout);
        ASSERT_TRUE(sent) << sent.error().to_string();
        EXPECT_TRUE(server.mails().at(0).encrypted);
        EXPECT_EQ(server.mails()[0].login, "AGluZ290AHMzY3JldA==");
    }
    SmtpTestServer plain(Security::kNone);
    MailServer address = plain.address();
    address.user = "ingot";
    address.password = "s3cret";
    EXPECT_EQ(send_mail(address, mail(), kTimeout).error().code, ErrorCode::kInvalidArgument);
    address.security = Security::kStartTls;  // which that server does not offer
    const Status refused = send_mail(address, mail(), kTimeout);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().to_string(), Not(HasSubstr("s3cret")));
    EXPECT_TRUE(plain.mails().empty());
}

TEST(Smtp, ACertificateThatNobodyKnowsIsNotTrusted) {
    SmtpTestServer server(Security::kStartTls);
    MailServer address = server.address();
    address.certificates = "";
    const Status sent = send_mail(address, mail(), kTimeout);
    ASSERT_FALSE(sent);
    EXPECT_THAT(sent.error().message, HasSubstr("certificate"));
    EXPECT_TRUE(server.mails().empty());
}

TEST(Smtp, WhatTheServerSaysTellsWhetherToTryAgain) {
    const auto code_of = [](std::string_view command, std::string reply) {
        SmtpTestServer server(Security::kNone, [&](const std::string& line) {
            return line.starts_with(command) ? reply : "";
        });
        const Status sent = send_mail(server.address(), mail(), kTimeout);
        EXPECT_FALSE(sent);
        return sent ? ErrorCode::kInternal : sent.error().code;
    };
    EXPECT_EQ(code_of("RCPT", "451 greylisted"), ErrorCode::kIo);
    EXPECT_EQ(code_of("RCPT TO:<ann", "550 no such user"), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of("MAIL", "421 too busy"), ErrorCode::kIo);
    EXPECT_EQ(code_of("MAIL", "553 not you"), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of("DATA", "452 disk full"), ErrorCode::kIo);
    EXPECT_EQ(send_mail({"127.0.0.1", 1, Security::kNone}, mail(), kTimeout).error().code,
              ErrorCode::kIo);
}

TEST(Smtp, AServerThatSaysNothingIsGivenUp) {
    SmtpTestServer server(Security::kTls);
    MailServer address = server.address();
    address.security = Security::kNone;  // both wait for the other to begin
    EXPECT_EQ(send_mail(address, mail(), std::chrono::milliseconds(200)).error().code,
              ErrorCode::kTimeout);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(send_mail(address, mail(), kTimeout, stop.get_token()).error().code,
              ErrorCode::kCancelled);
}

TEST(Smtp, NothingInAMailAddsAHeader) {
    Mail evil = mail();
    evil.subject = "a\r\nBcc: x@y.example";
    EXPECT_THAT(*mail_source(evil), HasSubstr("Subject: a  Bcc: x@y.example\r\n"));
    for (const char* address : {"", "a", "a@", "@b", "a@b\r\nBcc: c@d", "a b@c", "<a@b", "a@b@c",
                                "x <a@b> \r\nBcc: c@d <e@f"}) {
        evil = mail();
        evil.to = {address};
        const auto source = mail_source(evil);
        EXPECT_TRUE(!source || source->find("\r\nBcc") == std::string::npos) << address;
        evil = mail();
        evil.from = address;
        const auto from = mail_source(evil);
        EXPECT_TRUE(!from || from->find("\r\nBcc") == std::string::npos) << address;
    }
}

TEST(Smtp, WhatIsNotAsciiIsEncodedInWholeCharacters) {
    Mail one = mail();
    one.subject = "Lädt nicht: größer als erwartet, äöüß äöüß äöüß äöüß";
    const std::string source = *mail_source(one);
    EXPECT_THAT(source, HasSubstr("Subject: =?UTF-8?B?"));
    EXPECT_THAT(source, HasSubstr("?=\r\n =?UTF-8?B?"));
    for (const char c : source) EXPECT_GE(c, 0);
}

}  // namespace
}  // namespace ingot::net
