import Authentication

/// How often a refused code may be looked at once more: so seldom that nobody's guesses cost anything.
struct DiagnosisBudget {
    /// How many may come at once.
    static let most: Int64 = 16
    /// How long it takes until there may be one more, in milliseconds.
    static let interval: Int64 = 1000

    private var left = DiagnosisBudget.most
    /// When `left` was last counted, on CLOCK_BOOTTIME in milliseconds.
    private var countedAt: Int64 = 0

    mutating func admits(at now: Moment) -> Bool {
        let gained = max(now.boottime - countedAt, 0) / DiagnosisBudget.interval
        left = min(left + gained, DiagnosisBudget.most)
        countedAt = left == DiagnosisBudget.most ? now.boottime : countedAt + gained * DiagnosisBudget.interval
        guard left > 0 else { return false }
        left -= 1
        return true
    }
}

extension LoginService {
    /// Finds out, for the journal, whether a code that was refused is one of another time: whose clock is wrong is no
    /// guesser.
    ///
    /// The login is over and the person knows the outcome, which this neither delays nor changes; nothing is charged.
    /// Looking at a thousand seconds of codes takes longer than a login, so it is done on the pool for slow work and for
    /// at most one login a second on the long run: a wrong code costs what a right one does. `uid` is nil for a name that
    /// nobody has: where there is no device one is searched all the same, so that nobody hears by the load what there is.
    func diagnose(_ input: UserInput, by module: any AuthModule, of request: LoginRequest, uid: UInt32?) {
        let now = clocks.now()
        guard let module = module as? any EnrollableModule, !module.stretchesAnswers, diagnoses.admits(at: now) else {
            return
        }
        let account = request.account
        ask { store throws(StoreFailure) in
            let own = try store.devices(of: account).filter { $0.key.module == module.id && $0.uid == uid }
            return Devices(own.map(\.device), of: account, module: module.id, sealing: store.sealing)
        } deliver: { found in
            guard case .success(let devices) = found else { return }
            self.slowWork.run(for: .person(account)) {
                var devices = devices
                return module.diagnose(input, against: &devices, at: now)
            } then: { diagnosis in
                // A code that was used up is an old one, whatever the clocks say.
                guard case .some(let diagnosis?) = diagnosis, diagnosis.secondsPerUnit > 0, diagnosis.offset != 0,
                    !diagnosis.isSpent
                else { return }
                self.keep(ClockRecord(request: request, module: module.id, diagnosis: diagnosis).entry)
            }
        }
    }
}
