import Authentication

/// The sentences that people read at a prompt, each for somebody who cannot get in at three in the morning.
///
/// They say the same whoever the account is: what differs is in the journal.
enum Texts {
    static let unavailable =
        "Login is not possible right now: the login service has a problem. The administrator finds it in the journal."
    static let noEvidence =
        "Login refused: no key or password was accepted before this step."
    static let expired = "The login took too long. Please start again."
    static let locked =
        "Too many wrong answers: this factor is locked. Use a recovery code or ask the administrator."
    static let refused = "Login refused."
    /// Whichever of the two was wrong, and whatever else it was.
    static let refusedTogether =
        "That password or code is wrong, or the code was used before. Wait for the next code, and longer after many "
        + "wrong ones."
    static let tooBusy = "Login is not possible right now: too many logins at once. Please try again."
    static let notLocal =
        "Login is not possible here: it takes a security key at the machine itself."
    static let restarting =
        "Login is not possible right now: the login service is being restarted. Please try again."
    static let changeNotOffered =
        "Devices cannot be changed here. The administrator adds one with: twostep enroll"
    static let changeUnprovable =
        "Devices cannot be changed here: none of yours can be asked for an answer. Ask the administrator."
    static let consent = "Set up a further device for logins? Answer yes, or press Enter to leave it: "
    static let first = "The first device. "
    static let further = "A further device. "
    static let changeUnavailable =
        "Devices cannot be changed right now: the login service has a problem. The administrator finds it in the journal."
    static let menuTitle = "How do you want to log in?"
    static let stepTitle = "What do you want to use?"
    static let ended = "The administrator has ended this login."
    static let owed = "This account needs a second factor. "
    static let scan = "Scan this with an authenticator app:"
    static let orType = "Or type this key into it: "
    static let type = "Type this key into an authenticator app: "
    static let plain = "(No picture? Answer plain to see the key alone.)"
    static let setUp = "Choose it now."
    static let firstCode = "First code: "
    static let codesIssued = "Recovery codes, each good once, for the day the device is lost. Keep them on paper:\n"
    static let keepCodes = "They are not shown again. Press Enter when you have kept them: "
    static let menuPrompt = "Number: "
    static let back = "r goes back"
    static let another = "s sends another"
    static let sending = "A message is on its way."
    static let nothingSent = "No message could be sent."
    static let noOtherSent = "No other message could be sent."
    static let noMoreMessages = "No more messages are sent for this login."
    static let notApproved = "That was not approved yet."
    static let approvalUnknown = "It cannot be told right now whether that was approved."

    static func changeNeedsTicket(_ account: AccountName) -> String {
        "\(account) has no device yet. The administrator issues a ticket for the first one: twostep ticket \(account)"
    }

    static func stepNeedsTicket(_ account: AccountName) -> String {
        "What \(account) has is not enough for a login, so it is not enough to set up the rest either. Ask the administrator "
            + "for a ticket: twostep ticket \(account)"
    }

    static func tooManyMessages(_ seconds: Int64) -> String {
        "Too many messages were sent lately. Try again in \(duration(seconds))."
    }

    static func delayed(_ seconds: Int64) -> String {
        "Too many wrong answers. Try again in \(duration(seconds))."
    }

    /// `Verification code or recovery code`.
    static func either(_ labels: [String]) -> String {
        labels.enumerated().map { index, label in
            index == 0 ? label : label.prefix(1).lowercased() + label.dropFirst()
        }.joined(separator: " or ")
    }

    /// What the person reads at the end, where anything is to be said. `refusal` is that of the form last answered,
    /// `notices` are those of the modules that were passed.
    static func ending(_ verdict: Verdict, refusal: String?, notices: [String] = []) -> String {
        switch verdict {
        case .granted: notices.joined(separator: " ")
        case .exempt, .skipped, .conversationFailed, .declined: ""
        case .proved: notices.joined(separator: " ")
        case .denied(.noEvidence): noEvidence
        case .denied(.loginExpired): expired
        case .denied(.sessionEnded): ended
        case .denied: refusal ?? refused
        case .triesUsedUp(.delayed(let seconds)): delayed(seconds)
        case .triesUsedUp(.locked): locked
        case .triesUsedUp: refusal ?? refused
        case .unavailable(.tooBusy): tooBusy
        case .unavailable(.tooManyMessages): refusal ?? unavailable
        case .unavailable(.shuttingDown): restarting
        case .unavailable(.notLocal): notLocal
        case .unavailable: unavailable
        case .badArgument: unavailable
        }
    }

    /// `Password, and right behind it the verification code or recovery code`.
    static func together(_ password: String, _ codes: [String]) -> String {
        let code = either(codes)
        return "\(password), and right behind it the \(code.prefix(1).lowercased())\(code.dropFirst())"
    }

    /// A numbered menu, the prompt in its last line.
    static func menu(_ title: String, _ choices: [String]) -> String {
        var lines = [title]
        for (index, choice) in choices.enumerated() { lines.append("  \(index + 1)  \(choice)") }
        return lines.joined(separator: "\n") + "\n" + menuPrompt
    }

    /// Rounded up, so that nobody tries again too early.
    static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<2: "1 second"
        case 2..<120: "\(seconds) seconds"
        case 120..<7200: "\((seconds + 59) / 60) minutes"
        case _: "\((seconds + 3599) / 3600) hours"
        }
    }
}
