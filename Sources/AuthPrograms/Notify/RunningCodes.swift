internal import Authentication
internal import Synchronization

/// What was sent to people and is still good, and how much was sent lately: in memory alone, one code an account, module and
/// certificate that asks for it.
///
/// What one host of a fleet has sent to somebody is counted apart from what others have, and voids nothing of theirs: whoever has stolen
/// it keeps nobody out elsewhere.
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

    /// What one host of a fleet has asked for, or this machine.
    private struct Standing {
        /// The serial of the host's certificate; nil for this machine.
        let asker: String?
        var code: RunningCode?
        /// When messages were sent, on CLOCK_BOOTTIME, the oldest first.
        var sentAt: [Int64] = []

        func isOfUse(within window: Int64, at now: Moment) -> Bool {
            if let code, now.boottime <= code.deadline { return true }
            return sentAt.contains { now.boottime - $0 < window }
        }
    }

    private let places = Mutex<[Place: [Standing]]>([:])

    /// How many accounts there may be before those of which nothing is to be known are dropped.
    private static let crowd = 4096

    package init() {}

    /// Counts a message; nil if it may be sent, else in how many seconds one may.
    func admit(
        _ account: AccountName, _ module: ModuleID, from asker: String?, _ limit: Limit, at now: Moment
    ) -> Int64? {
        places.withLock { places in
            if places.count >= RunningCodes.crowd {
                places = places.compactMapValues { standings in
                    let left = standings.filter { $0.isOfUse(within: limit.window, at: now) }
                    return left.isEmpty ? nil : left
                }
            }
            return RunningCodes.change(&places[Place(account: account, module: module), default: []], of: asker) {
                $0.sentAt.removeAll { now.boottime - $0 >= limit.window }
                guard $0.sentAt.count < limit.messages else {
                    let oldest = $0.sentAt.first ?? now.boottime
                    return max((oldest + limit.window - now.boottime + 999) / 1000, 1)
                }
                $0.sentAt.append(now.boottime)
                return nil
            }
        }
    }

    private static func change<Answer>(
        _ standings: inout [Standing], of asker: String?, _ body: (inout Standing) -> Answer
    ) -> Answer {
        if let index = standings.firstIndex(where: { $0.asker == asker }) { return body(&standings[index]) }
        var standing = Standing(asker: asker)
        defer { standings.append(standing) }
        return body(&standing)
    }

    /// The code that an account was sent for a session; nil if it is used up or withdrawn, or another was sent since.
    func code(of account: AccountName, _ module: ModuleID, for session: ValidationSession.ID) -> RunningCode? {
        places.withLock { places in
            places[Place(account: account, module: module)]?.first { $0.code?.session == session }?.code
        }
    }

    /// The highest serial of the codes that a device was sent and that were not given up; nil if there are none.
    func lastSerial(of account: AccountName, _ module: ModuleID, device: String) -> Int64? {
        places.withLock { places in
            places[Place(account: account, module: module)]?.compactMap(\.code).filter { $0.device == device }
                .map(\.serial).max()
        }
    }

    /// Another code in place of the one that there is of the same asker.
    func replace(_ account: AccountName, _ module: ModuleID, from asker: String?, with code: RunningCode) {
        places.withLock { places in
            RunningCodes.change(&places[Place(account: account, module: module), default: []], of: asker) {
                $0.code = code
            }
        }
    }

    /// Another code in place of this one, or none; false if it is not there any more.
    func exchange(_ account: AccountName, _ module: ModuleID, _ old: RunningCode, for new: RunningCode?) -> Bool {
        places.withLock { places in
            let place = Place(account: account, module: module)
            guard let index = places[place]?.firstIndex(where: { $0.code === old }) else { return false }
            places[place]?[index].code = new
            return true
        }
    }

    /// The code of a session is good for nothing any more.
    func withdraw(_ account: AccountName, _ module: ModuleID, of session: ValidationSession.ID) {
        places.withLock { places in
            let place = Place(account: account, module: module)
            guard let index = places[place]?.firstIndex(where: { $0.code?.session == session }) else { return }
            places[place]?[index].code = nil
        }
    }
}
