import Authentication

/// What waits for programs, and what does not.
extension LoginService {
    /// The pool for what a module takes its time over.
    func pool(for module: any AuthModule) -> SlowWork { module is any ConsultingModule ? programs : slowWork }

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
        guard module is any ConsultingModule else { return deliver(begin()) }
        programs.run(for: payer, begin, then: deliver)
    }
}

extension AuthModule {
    /// How long whoever is asked about an answer may take, in seconds; 0 where nobody outside is asked.
    var waitingTime: Int { (self as? any ConsultingModule)?.timeLimit ?? 0 }
}
