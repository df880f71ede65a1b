import Authentication

/// How many logins ended how, since the daemon started.
package struct LoginTally: Equatable, Sendable {
    package var granted = 0
    package var refused = 0
    package var unavailable = 0
    package var abandoned = 0

    mutating func count(_ verdict: Verdict) {
        switch verdict {
        case .granted, .exempt, .skipped: granted += 1
        case .denied, .triesUsedUp: refused += 1
        case .unavailable, .badArgument: unavailable += 1
        case .conversationFailed: abandoned += 1
        case .proved, .declined: break
        }
    }
}
