#pragma once
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::net {

struct MailServer {
    /// kTls: from the first byte, as on port 465. kNone: as it is, which no password is sent over.
    enum class Security : std::uint8_t { kStartTls, kTls, kNone };
    std::string host;
    int port = 587;
    Security security = Security::kStartTls;
    std::string user = {};  ///< Empty: nobody logs in.
    std::string password = {};
    std::string certificates = {};  ///< A file of those to trust; empty: the system's.
};

struct Mail {
    std::string from;  ///< `a@b.example`, or `Name <a@b.example>`
    std::vector<std::string> to;
    std::string subject;  ///< Line breaks in it become blanks.
    std::string text;
    Timestamp date;
    std::string id;  ///< The same in each attempt, so that a mail that came twice is known.
};

/// The mail as it goes over the wire. kInvalidArgument: an address is none.
Result<std::string> mail_source(const Mail& mail);

/// One attempt, for all recipients or none. kInvalidArgument: the server refuses it for good (5xx),
/// or an address is none; kTimeout, kIo: another attempt may come out otherwise; kCancelled. An
/// error may have come after the server had taken the mail.
Status send_mail(const MailServer& server, const Mail& mail, Duration timeout,
                 std::stop_token stop = {});

}  // namespace ingot::net
