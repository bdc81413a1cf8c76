#pragma once
// A command that outlives the process that asked for it: a keeper stays with it, a small process of
// its own, and says on the disk how it came out.
#include <stop_token>
#include <string>

#include "keeper/record.hpp"

namespace ingot::keeper {

/// How long somebody waits for a command.
struct Patience {
    std::stop_token stop = {};   ///< Ends the command and all that it started.
    std::stop_token leave = {};  ///< Waits no longer; the command goes on.
};

/// Has a keeper run the command and waits for its end. Errors: that of starting it, or of what it
/// gave; kAlreadyExists: somebody gave the attempt up before it began; kCancelled: it was left;
/// kIo: its keeper was killed, so that nobody knows how it came out, and what it started may still
/// be at work.
Result<End> run_kept(const Order& order, const Patience& patience);

/// Whether the command of this record still runs, or has come out in a way that nobody asked for.
/// Otherwise it never will: the attempt is given up, and a keeper that comes late begins nothing.
Result<bool> goes_on(const std::string& record);

/// Waits for the command of a record that goes on. Errors as run_kept.
Result<End> attend(const std::string& record, const Patience& patience);

}  // namespace ingot::keeper
