import AdminProtocol

/// An explanation for programs.
extension Explanation {
    var document: JSONValue {
        .object([
            ("service", .text(service)), ("account", .text(account)), ("caller", .text(caller.rawValue)),
            ("evidence", .list(evidence.map { .text($0) })),
            (
                "rules",
                .list(
                    rules.map {
                        .object([("line", .integer(Int64($0.line))), ("mismatch", .text($0.mismatch))])
                    })
            ),
            ("terms", terms.map { .object($0.members) } ?? .null),
            ("uid", .integer(uid.map { Int64($0) })),
            ("former_uids", .list(formerUIDs.map { .integer(Int64($0)) })),
            ("block", block.map { .object($0.members) } ?? .null), ("failures", .integer(Int64(failures))),
            ("standing", .text(standing.rawValue)), ("delay_seconds", .integer(delaySeconds)),
            ("bypass", .text(bypass)), ("grant", grant.map { .object($0.members) } ?? .null),
            ("ways", .list(ways.map { .object($0.members) })),
            ("ending", ending.map { .object($0.members) } ?? .null),
        ])
    }
}

extension Explanation.Terms {
    fileprivate var members: [(String, JSONValue)] {
        [
            ("rule", .integer(rule.map { Int64($0) })), ("exempt", .boolean(isExempt)),
            ("first_factor_waived", .boolean(isFirstFactorWaived)), ("unenrolled", .text(unenrolled)),
            ("remember_seconds", .integer(rememberSeconds)), ("tries", .integer(Int64(tries))),
            ("session_seconds", .integer(sessionSeconds)), ("code_digits", .integer(codeDigits.map { Int64($0) })),
            ("security_key", .text(securityKey)),
        ]
    }
}

extension Explanation.Way {
    fileprivate var members: [(String, JSONValue)] {
        let owed = owed.map { step in
            JSONValue.list(
                step.map { held in
                    .object(
                        held.module.members + [
                            ("devices", .integer(held.devices.map { Int64($0) })),
                            ("standing", .text(held.standing?.rawValue)),
                        ])
                })
        }
        return provider.members + [
            ("chosen", .boolean(isChosen)), ("asks_first", .boolean(asksFirst)), ("owed", .list(owed)),
            ("asked", .integer(Int64(asked))), ("answered", .list(answered.map { .object($0.members) })),
            ("ending", .object(ending.members)),
        ]
    }
}

extension Explanation.Ending {
    fileprivate var members: [(String, JSONValue)] {
        [
            ("result", .text(result)), ("reason", .text(reason)), ("code", .text(code)),
            ("delay_seconds", .integer(delaySeconds)),
        ]
    }
}
