/// What a login would come to, and why.
package struct Explanation: Codable, Equatable, Sendable {
    package let service: String
    package let account: String
    /// Whose word the rest is.
    package let caller: Caller
    /// What outside has proved the first factor, in words; empty for nothing.
    package var evidence: [String] = []
    /// The rules that were looked at, in order.
    package var rules: [Rule] = []
    /// What the policy makes of it; nil where it does not come to that.
    package var terms: Terms?
    /// The uid that the account has now; nil if there is no such account, or that cannot be told.
    package var uid: UInt32?
    /// The other uids that devices of it were enrolled under.
    package var formerUIDs: [UInt32] = []
    package var block: BlockedAccount?
    /// The wrong answers of the account with all modules, and what follows from them.
    package var failures: Int = 0
    package var standing = AccountFailures.Standing.open
    /// How long a delayed account must wait, in seconds; 0 otherwise.
    package var delaySeconds: Int64 = 0
    /// The administrator's code that is still good for the account, in words; nil if none is.
    package var bypass: String?
    /// What lets the account off modules at this terminal.
    package var grant: RememberedLogin?
    /// How it would go on: one for each provider that it could be. None where it ends before that, and `ending` says how.
    package var ways: [Way] = []
    package var ending: Ending?

    package init(service: String, account: String, caller: Caller) {
        self.service = service
        self.account = account
        self.caller = caller
    }

    /// Who asks.
    package enum Caller: String, Codable, Equatable, Sendable {
        case root
        /// A service account that the configuration lists.
        case listed
        /// The account itself (a screen locker), or somebody else who may not ask.
        case user
    }

    /// A rule that was looked at.
    package struct Rule: Codable, Equatable, Sendable {
        package let line: Int
        /// The first of its keys that does not match; nil if it is the one.
        package let mismatch: String?

        package init(line: Int, mismatch: String?) {
            self.line = line
            self.mismatch = mismatch
        }
    }

    /// What the policy makes of a login.
    package struct Terms: Codable, Equatable, Sendable {
        /// The line of the rule; nil where none matches.
        package let rule: Int?
        package let isExempt: Bool
        package let isFirstFactorWaived: Bool
        /// `deny`, `skip` or `enroll`.
        package let unenrolled: String
        /// Nil for not at all.
        package let rememberSeconds: Int64?
        package let tries: Int
        package let sessionSeconds: Int64
        /// How many digits a code has that stands behind the password, in one answer with it; nil where it is asked for by
        /// itself.
        package let codeDigits: Int?
        /// The type of the security key that stands for the first step, should sshd be strict at the login; nil where none
        /// does.
        package let securityKey: String?

        package init(
            rule: Int?, isExempt: Bool, isFirstFactorWaived: Bool, unenrolled: String, rememberSeconds: Int64?,
            tries: Int, sessionSeconds: Int64, codeDigits: Int? = nil, securityKey: String? = nil
        ) {
            self.securityKey = securityKey
            self.codeDigits = codeDigits
            self.rule = rule
            self.isExempt = isExempt
            self.isFirstFactorWaived = isFirstFactorWaived
            self.unenrolled = unenrolled
            self.rememberSeconds = rememberSeconds
            self.tries = tries
            self.sessionSeconds = sessionSeconds
        }
    }

    /// How a login goes on with one provider, if every answer is as right as it can be.
    package struct Way: Codable, Equatable, Sendable {
        package let provider: ProviderReference
        /// Whether the provider must be picked from a menu.
        package let isChosen: Bool
        /// Whether the provider asks for something itself.
        package let asksFirst: Bool
        /// What is owed, with what the account has of it.
        package let owed: [[Held]]
        /// How many of these steps are asked for before it ends.
        package let asked: Int
        /// What is answered with, of the steps that are asked for: of all that the account has the best.
        package let answered: [ModuleReference]
        package let ending: Ending

        package init(
            provider: ProviderReference, isChosen: Bool, asksFirst: Bool, owed: [[Held]], asked: Int,
            answered: [ModuleReference] = [], ending: Ending
        ) {
            self.provider = provider
            self.isChosen = isChosen
            self.asksFirst = asksFirst
            self.owed = owed
            self.asked = asked
            self.answered = answered
            self.ending = ending
        }
    }

    /// A module that would do for a step.
    package struct Held: Codable, Equatable, Sendable {
        package let module: ModuleReference
        /// How many devices the account has with it; nil for one that nobody enrols with.
        package let devices: Int?
        /// What is wrong with them; nil for nothing.
        package let standing: Standing?

        /// Why no answer of the account's devices would be accepted.
        package enum Standing: String, Codable, Equatable, Sendable {
            case usedUp = "used_up"
            case damaged
        }

        package init(module: ModuleReference, devices: Int?, standing: Standing? = nil) {
            self.module = module
            self.devices = devices
            self.standing = standing
        }
    }

    /// How it would end.
    package struct Ending: Codable, Equatable, Sendable {
        /// `granted`, `denied` and so on, as in the journal.
        package let result: String
        /// As in the journal.
        package let reason: String?
        /// What PAM is told.
        package let code: String
        /// How long a delayed account must wait, in seconds.
        package let delaySeconds: Int64?

        package init(result: String, reason: String?, code: String, delaySeconds: Int64? = nil) {
            self.result = result
            self.reason = reason
            self.code = code
            self.delaySeconds = delaySeconds
        }
    }
}
