/// One thing on its way to be judged by the store's writer.
///
/// A class, because it travels from the event loop to the writer and carries what must not be copied.
package final class Attempt: Sendable {
    /// What is to be judged.
    package enum Subject: Sendable {
        /// The provider has judged: what it found, or nil if the first factor was proved. Counted for the
        /// remote host alone.
        case firstFactor(Reason?)
        /// An answer to a module, within a session.
        case answer(Answer, session: ValidationSession, module: any AuthModule)
        /// An answer that somebody outside is to judge: charged here, and handed out.
        case question(UserInput, service: String, session: ValidationSession, module: any ConsultingModule)
        /// Something is to be sent: nothing is charged, and what the account has with the module is handed out, unless it may
        /// not answer now.
        case errand(service: String, session: ValidationSession, module: any SendingModule)
        /// What was said of a guess that was charged before.
        case testimony(Testimony, of: ChargedGuess, session: ValidationSession, module: any ConsultingModule)
    }

    /// An answer, as far as the driver can tell without the store.
    package enum Answer: Sendable {
        /// Something was typed that the module may judge.
        case input(UserInput)
        /// It is one of the module's answers, and was stretched since.
        case stretched(UserInput)
        /// It never left the host process: it was the password, or too long.
        case unusable
        /// The same wrong answer again in one flow.
        case repeated
    }

    /// What the system's directory says of the account.
    package enum Standing: Equatable, Sendable {
        case known(uid: UInt32)
        case unknown
        case cannotTell

        /// As far as can be told, somebody whom the directory does not know: who owns nothing, and gets in by nothing.
        package var ofNobody: Standing {
            switch self {
            case .known, .unknown: .unknown
            case .cannotTell: .cannotTell
            }
        }
    }

    /// Whether an answer stands alone, or is one with the password (`conversation: single`), where nothing may tell which of them was
    /// wrong.
    package enum Pairing: Equatable, Sendable {
        case alone
        /// The password was judged before, and counted for nothing: what is refused in the end counts for it, whichever was wrong.
        case withPassword
    }

    package let subject: Subject
    package let account: AccountName
    package let standing: Standing
    /// The remote host's /32 or /64, for its counter; nil where there is none.
    package let host: String?
    /// The serial of the certificate with which a host of the fleet has relayed the login, whose budget of failures is looked at before
    /// the account's; nil for a login of this machine. Not the host's name: another certificate starts anew.
    package let relay: String?
    /// Whether evidence gets the login past the remote host's counter, which counts what fails all the same.
    let hasEvidence: Bool
    /// Which of its failures those with factors count for.
    let share: RelayShare
    package let throttle: Throttle
    package let now: Moment
    /// The login that an accepted answer completes, to be remembered with it; nil where nobody wants to know.
    package let visit: Visit?
    /// Whether an acceptance names the device.
    package let namesDevices: Bool
    package let pairing: Pairing
    /// Unless it is so another attempt follows where this one is refused.
    let isConclusive: Bool

    package init(
        _ subject: Subject, account: AccountName, standing: Standing, host: String?, throttle: Throttle, now: Moment,
        visit: Visit? = nil, namesDevices: Bool = false, pairing: Pairing = .alone, isConclusive: Bool = true,
        hasEvidence: Bool = false, relay: String? = nil, share: RelayShare = .proved
    ) {
        self.subject = subject
        self.account = account
        self.standing = standing
        self.host = host
        self.relay = relay
        self.share = share
        self.hasEvidence = hasEvidence
        self.throttle = throttle
        self.now = now
        self.visit = visit
        self.namesDevices = namesDevices
        self.pairing = pairing
        self.isConclusive = isConclusive
    }

    /// The same, refused before anything is looked at.
    package func refused(_ reason: Reason) -> Attempt {
        Attempt(
            .firstFactor(reason), account: account, standing: .unknown, host: host, throttle: throttle, now: now,
            pairing: pairing, isConclusive: isConclusive, hasEvidence: hasEvidence, relay: relay, share: share)
    }

    /// The same of somebody who is blocked: judged as nobody's, so that no device of the account is looked at or spent and nothing is
    /// charged to it, and all else happens as for others. What is told of it is `Outcome.ofBlocked`.
    package var ofBlocked: Attempt {
        Attempt(
            subject, account: account, standing: standing.ofNobody, host: host, throttle: throttle, now: now,
            visit: visit, namesDevices: namesDevices, pairing: pairing, isConclusive: isConclusive,
            hasEvidence: hasEvidence, relay: relay, share: share)
    }

    /// The module whose devices a store must load for this attempt.
    package var module: ModuleID? {
        switch subject {
        case .firstFactor: nil
        case .answer(_, _, let module): module.id
        case .question(_, _, _, let module), .testimony(_, _, _, let module): module.id
        case .errand(_, _, let module): module.id
        }
    }

    /// The validation session that it belongs to; nil before there is one.
    package var session: ValidationSession? {
        switch subject {
        case .firstFactor: nil
        case .answer(_, let session, _), .question(_, _, let session, _), .testimony(_, _, let session, _),
            .errand(_, let session, _):
            session
        }
    }
}

/// What came of an attempt.
package enum Outcome: Equatable, Sendable {
    /// The first factor stands, or the module returned this username.
    case accepted(AccountName, Acceptance = Acceptance())
    /// Charged where there is a guess, and not judged: whoever is asked now has the word, and the flow is told nothing.
    case charged(ChargedGuess)
    case rejected(Reason)
    /// Try again in so many seconds. `after` is what was just refused and charged; nil if nothing was looked at.
    case delayed(seconds: Int64, after: Reason?)
    case locked(after: Reason?)
    case unavailable(Reason)

    /// The same of somebody who is blocked, whose attempt was judged as nobody's: it says why an answer that was looked at is refused,
    /// and else what it would for others.
    package var ofBlocked: Outcome {
        switch self {
        case .accepted, .rejected(.unknownAccount): .rejected(.blocked)
        case .delayed(let seconds, after: .some): .delayed(seconds: seconds, after: .blocked)
        case .locked(after: .some): .locked(after: .blocked)
        case .charged, .rejected, .delayed, .locked, .unavailable: self
        }
    }
}
