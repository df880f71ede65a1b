internal import Authentication
internal import Synchronization

/// What was sent to people and is still good, and how much was sent lately: in memory alone, one code an account and
/// module.
package final class RunningCodes: Sendable {
    /// How much may be sent to one account.
    struct Limit: Equatable, Sendable {
        let messages: Int
        /// In milliseconds on CLOCK_BOOTTIME.
        let window: Int64
    }

    private struct Place: Hashable {
        let account: AccountName
        let module: ModuleID
    }

    private struct Standing {
        var code: RunningCode?
        /// When messages were sent, on CLOCK_BOOTTIME, the oldest first.
        var sentAt: [Int64] = []

        func isOfUse(within window: Int64, at now: Moment) -> Bool {
            if let code, now.boottime <= code.deadline { return true }
            return sentAt.contains { now.boottime - $0 < window }
        }
    }

    private let places = Mutex<[Place: Standing]>([:])

    /// How many accounts there may be before those of which nothing is to be known are dropped.
    private static let crowd = 4096

    package init() {}

    /// Counts a message; nil if it may be sent, else in how many seconds one may.
    func admit(_ account: AccountName, _ module: ModuleID, _ limit: Limit, at now: Moment) -> Int64? {
        places.withLock { places in
            if places.count >= RunningCodes.crowd {
                places = places.filter { $0.value.isOfUse(within: limit.window, at: now) }
            }
            var standing = places[Place(account: account, module: module)] ?? Standing()
            standing.sentAt.removeAll { now.boottime - $0 >= limit.window }
            guard standing.sentAt.count < limit.messages else {
                let oldest = standing.sentAt.first ?? now.boottime
                return max((oldest + limit.window - now.boottime + 999) / 1000, 1)
            }
            standing.sentAt.append(now.boottime)
            places[Place(account: account, module: module)] = standing
            return nil
        }
    }

    /// The code that an account has been sent last; nil if it is used up or withdrawn.
    func code(of account: AccountName, _ module: ModuleID) -> RunningCode? {
        places.withLock { $0[Place(account: account, module: module)]?.code }
    }

    /// Another code in place of the one that there is.
    func replace(_ account: AccountName, _ module: ModuleID, with code: RunningCode) {
        places.withLock { $0[Place(account: account, module: module), default: Standing()].code = code }
    }

    /// Another code in place of this one, or none; false if it is not this one any more.
    func exchange(_ account: AccountName, _ module: ModuleID, _ old: RunningCode, for new: RunningCode?) -> Bool {
        places.withLock { places in
            let place = Place(account: account, module: module)
            guard places[place]?.code === old else { return false }
            places[place]?.code = new
            return true
        }
    }

    /// The code of a session is good for nothing any more.
    func withdraw(_ account: AccountName, _ module: ModuleID, of session: ValidationSession.ID) {
        places.withLock { places in
            let place = Place(account: account, module: module)
            if places[place]?.code?.session == session { places[place]?.code = nil }
        }
    }
}
