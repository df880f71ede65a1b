/// What a store knows of one account, as one attempt needs it.
package struct AccountRecord: Sendable {
    /// The uid the account had when it was enrolled; nil if it has nothing.
    package var uid: UInt32?
    /// The failures with every module that has any.
    package var counters: [ModuleID: FailureCounter]
    /// The devices with the attempt's module.
    package var devices: [Device]
    /// Which of the devices judging has changed, by index.
    package private(set) var spent: Set<Int> = []
    /// The account's last visit; loaded only for an attempt that is one itself, and then the attempt's once it was accepted.
    package var visit: Visit?

    package init(uid: UInt32? = nil, counters: [ModuleID: FailureCounter] = [:], devices: [Device] = []) {
        self.uid = uid
        self.counters = counters
        self.devices = devices
    }

    /// The devices that an accepted answer may be of.
    fileprivate var answering: [String] {
        let changed = devices.indices.filter { spent.contains($0) }.map { devices[$0].name }
        return changed.isEmpty ? devices.map(\.name) : changed
    }

    fileprivate mutating func take(_ judged: Devices) {
        devices = judged.devices
        spent = judged.changed
    }
}

extension Attempt {
    /// Charges the attempt, looks at it, and refunds it if it was right: everything that one transaction decides.
    ///
    /// A store loads `record` and `host`, calls this, and writes what has changed before it commits. What is no
    /// guess is counted for the host alone.
    package func judge(
        in record: inout AccountRecord, host: inout HostCounter, sealing: any SecretSealing
    ) -> Outcome {
        if isPaired, refuses(host) { return .rejected(.hostRefused) }
        let uncounted = host
        let outcome = judgeSubject(in: &record, host: &host, sealing: sealing)
        if isPairedRefusal(outcome) || isUnprovedRefusal(outcome), host == uncounted { host.count(at: now) }
        return outcome
    }

    /// Whether it is to be judged together with the password: all of both is looked at, and counted, in one transaction.
    var isPaired: Bool { pairing != .alone && !isSettlement }

    /// It was charged before, and is to come to its end: what has run out since must not leave the charge.
    var isSettlement: Bool { if case .testimony = subject { true } else { false } }

    /// Whether a rule has waived the first factor, and nothing was proved.
    private var isUnproved: Bool { share == .unproved && !hasEvidence }

    /// Whether a row is written for the account, whoever has the name, besides the host's that counts whatever is refused: where
    /// there is none to be written, another in its place.
    package var writesForAccount: Bool {
        switch subject {
        case .firstFactor: false
        case .answer, .question, .errand, .testimony: isPaired || isUnproved
        }
    }

    /// Whether the remote host has failed too often.
    func refuses(_ host: HostCounter) -> Bool { !hasEvidence && host.refuses(at: now) }

    /// Whether password and code were refused together, by the one or the other.
    func isPairedRefusal(_ outcome: Outcome) -> Bool { pairing == .withPassword && isFinalRefusal(outcome) }

    /// Whether somebody was refused who has proved nothing. It counts for the host, whatever the reason and whoever the name is: if only
    /// guesses at names that nobody has did, the host's refusal would tell which these are.
    /// Where it cannot be told nobody was refused.
    private func isUnprovedRefusal(_ outcome: Outcome) -> Bool {
        switch outcome {
        case .rejected, .delayed, .locked: isUnproved && isFinalRefusal(outcome)
        case .accepted, .charged, .unavailable: false
        }
    }

    private func isFinalRefusal(_ outcome: Outcome) -> Bool {
        guard let refusal = outcome.refusal, refusal != .hostRefused else { return false }
        // Nothing follows a code that was good once.
        return isConclusive || refusal == .replayed
    }

    private func judgeSubject(
        in record: inout AccountRecord, host: inout HostCounter, sealing: any SecretSealing
    ) -> Outcome {
        switch subject {
        case .firstFactor(let refusal):
            guard !refuses(host) else { return .rejected(.hostRefused) }
            guard let refusal else { return .accepted(account) }
            host.count(at: now)
            return .rejected(refusal)
        case .answer(let answer, let session, let module):
            if let refusal = refusal(of: module, in: record) { return refusal }
            switch answer {
            case .unusable:
                host.count(at: now)
                return .rejected(.unusable)
            case .repeated:
                host.count(at: now)
                return .rejected(.repeated)
            case .input(let input):
                guard module.isGuess(input) else {
                    host.count(at: now)
                    return .rejected(.malformed)
                }
                return judge(input, session, module, in: &record, host: &host, sealing: sealing)
            case .stretched(let input):
                return judge(input, session, module, in: &record, host: &host, sealing: sealing)
            }
        case .question(let input, let service, _, let module):
            if let refusal = refusal(of: module, in: record) { return refusal }
            guard module.recognizes(input) else {
                host.count(at: now)
                return .rejected(.malformed)
            }
            return charge(input, service, module, in: &record, sealing: sealing)
        case .errand(let service, _, let module):
            if let refusal = refusal(of: module, in: record) { return refusal }
            guard let devices = openedDevices(of: module, in: record, sealing: sealing) else {
                return .unavailable(.moduleFailed)
            }
            let nothing = UserInput(Secret(count: 0) { _ in })
            return .charged(
                ChargedGuess(account: account, service: service, input: nothing, devices: devices, charge: nil))
        case .testimony(let testimony, let guess, let session, let module):
            if let reason = doubt(in: record) { return .unavailable(reason) }
            guard guess.account == account else { return .unavailable(.moduleFailed) }
            var uncharged = record.counters
            uncharged[module.id] = guess.refunded(uncharged[module.id], isNobodys: standing == .unknown)
            return conclude(
                session, module, uncharged: uncharged, in: &record, host: &host, sealing: sealing
            ) { (devices: inout Devices) throws(InvalidAuth) in
                (try module.settle(testimony, against: &devices, at: now), testimony.notice)
            }
        }
    }

    /// Why it cannot be told whose answer it is; nil if it can.
    private func doubt(in record: AccountRecord) -> Reason? {
        guard standing != .cannotTell else { return .directoryUnavailable }
        if case .known(let uid) = standing, let enrolled = record.uid, enrolled != uid { return .accountChanged }
        return nil
    }

    /// Why an answer is not looked at; nil if it is.
    private func refusal(of module: any AuthModule, in record: AccountRecord) -> Outcome? {
        if let reason = doubt(in: record) { return .unavailable(reason) }
        return module.isLowEntropy ? refusal(from: record, after: nil) : nil
    }

    /// A guess: charged before it is looked at.
    private func judge(
        _ input: UserInput, _ session: ValidationSession, _ module: any AuthModule,
        in record: inout AccountRecord, host: inout HostCounter, sealing: any SecretSealing
    ) -> Outcome {
        let uncharged = record.counters
        if module.isLowEntropy { record.counters[module.id, default: FailureCounter()].charge(at: now) }
        return conclude(
            session, module, uncharged: uncharged, in: &record, host: &host, sealing: sealing
        ) { (devices: inout Devices) throws(InvalidAuth) in
            (try module.validate(session, input, against: &devices, at: now), nil)
        }
    }

    /// A guess that is charged and not looked at: with what it is to be judged by.
    private func charge(
        _ input: UserInput, _ service: String, _ module: any ConsultingModule, in record: inout AccountRecord,
        sealing: any SecretSealing
    ) -> Outcome {
        guard let opened = openedDevices(of: module, in: record, sealing: sealing) else {
            return .unavailable(.moduleFailed)
        }
        var charge: ChargedGuess.Charge?
        if module.isLowEntropy {
            let before = record.counters[module.id]
            var after = before ?? FailureCounter()
            after.charge(at: now)
            record.counters[module.id] = after
            charge = ChargedGuess.Charge(before: before, after: after, isNobodys: standing == .unknown)
        }
        return .charged(
            ChargedGuess(account: account, service: service, input: input, devices: opened, charge: charge))
    }

    /// The account's devices with a module, the oldest first, opened; nil if one of them does not open.
    private func openedDevices(
        of module: any AuthModule, in record: AccountRecord, sealing: any SecretSealing
    ) -> [ChargedGuess.OpenedDevice]? {
        var opened: [ChargedGuess.OpenedDevice] = []
        // An account that the directory does not know owns nothing, whatever the store still has of it.
        let devices = standing == .unknown ? [] : record.devices
        for device in devices.sorted(by: { ($0.createdAt, $0.name) < ($1.createdAt, $1.name) }) {
            let key = DeviceKey(account: account, module: module.id, device: device.name)
            do throws(StoreFailure) {
                let payload = try sealing.open(device.sealed, at: key)
                opened.append(
                    ChargedGuess.OpenedDevice(
                        name: device.name, state: device.state, payload: ChargedGuess.OpenedPayload(payload)))
            } catch {
                return nil
            }
        }
        return opened
    }

    /// What a guess that is charged comes to: what is refunded, what is spent, and what is left charged.
    private func conclude(
        _ session: ValidationSession, _ module: any AuthModule, uncharged: [ModuleID: FailureCounter],
        in record: inout AccountRecord, host: inout HostCounter, sealing: any SecretSealing,
        _ judgement: (inout Devices) throws(InvalidAuth) -> (username: AccountName?, notice: String?)
    ) -> Outcome {
        // An account that the directory does not know owns nothing, whatever the store still has of it.
        var devices = Devices(
            standing == .unknown ? [] : record.devices, of: account, module: module.id, sealing: sealing)
        do throws(InvalidAuth) {
            let (username, notice) = try judgement(&devices)
            guard let username, username == session.account, username == account else {
                return .rejected(.usernameChanged)
            }
            // Not every module looks at devices; nobody the directory does not know gets in through one that does not.
            guard standing != .unknown else { throw .notEnrolled }
            record.take(devices)
            record.counters[module.id] = nil
            if module.resetsThrottle { record.counters = [:] }
            let acceptance = Acceptance(
                notice: notice ?? module.notice(after: devices), stepOffset: module.offset(after: devices, at: now),
                lastVisit: record.visit, failuresBefore: visit == nil ? 0 : uncharged[module.id]?.failures ?? 0,
                devices: namesDevices ? record.answering : [])
            if let visit { record.visit = visit }
            return .accepted(username, acceptance)
        } catch {
            // An unknown name has no row of its own to be written: the host's is, so that both cost the same.
            if standing == .unknown, !writesForAccount, error == .wrong || error == .notEnrolled { host.count(at: now) }
            switch error {
            case .wrong: return refusal(from: record, after: .wrongAnswer) ?? .rejected(.wrongAnswer)
            case .notEnrolled:
                let reason: Reason = standing == .unknown ? .unknownAccount : .notEnrolled
                return refusal(from: record, after: reason) ?? .rejected(reason)
            case .malformed, .replayed:
                record.counters = uncharged
                host.count(at: now)
                return .rejected(error == .replayed ? .replayed : .malformed)
            case .unavailable:
                record.counters = uncharged
                return .unavailable(.moduleFailed)
            }
        }
    }

    /// Delayed or locked; nil if the account is neither.
    private func refusal(from record: AccountRecord, after reason: Reason?) -> Outcome? {
        switch throttle.standing(of: record, at: now) {
        case .open: nil
        case .delayed(let seconds): .delayed(seconds: seconds, after: reason)
        case .locked: .locked(after: reason)
        }
    }
}

extension Throttle {
    /// Where an account stands: by the sum over all its low-entropy modules, whatever the service.
    package func standing(of record: AccountRecord, at now: Moment) -> Standing {
        let counters = record.counters.lazy.filter { modules?.contains($0.key) ?? true }.map(\.value)
        let failures = counters.reduce(0) { min($0 + $1.failures, Int(Int32.max)) }
        var longest: Int64 = 0
        // The youngest failure is the one that there is most to wait after.
        for counter in counters {
            switch standing(failures: failures, last: counter.last, at: now) {
            case .open: continue
            case .delayed(let seconds): longest = max(longest, seconds)
            case .locked: return .locked
            }
        }
        return longest > 0 ? .delayed(seconds: longest) : .open
    }
}
