import Authentication

/// What waits for programs, and what does not.
extension LoginService {
    /// The pool for what a module takes its time over.
    func pool(for module: any AuthModule) -> SlowWork { module.asksOutside ? programs : slowWork }

    /// Begins a set-up: at once where the module makes the secret itself, off the event loop where it asks outside. Nil
    /// means too busy.
    func beginSetup(
        _ request: SetupRequest, with module: any EnrollableModule, uid: UInt32,
        companion: (any EnrollableModule)?, key: UserInput? = nil, for payer: SlowWork.Payer,
        deliver: @escaping (Result<PendingEnrollment, SetupFailure>?) -> Void
    ) {
        let begin = { @Sendable () -> Result<PendingEnrollment, SetupFailure> in
            do throws(SetupFailure) {
                return .success(
                    try PendingEnrollment(
                        request, module: module, uid: uid, companion: companion,
                        key: key.map { $0.withField { Secret(copying: $0) } }))
            } catch {
                return .failure(error)
            }
        }
        guard module.asksOutside else { return deliver(begin()) }
        programs.run(for: payer, begin, then: deliver)
    }
}

extension AuthModule {
    /// Whether programs have a part in it, which are waited for.
    fileprivate var asksOutside: Bool { self is any ConsultingModule || self is any SendingModule }

    /// How long whoever is asked about an answer, or sends what is to be answered, may take, in seconds; 0 where nobody
    /// outside is asked.
    var waitingTime: Int {
        (self as? any ConsultingModule)?.timeLimit ?? (self as? any SendingModule)?.sendingTime ?? 0
    }
}
