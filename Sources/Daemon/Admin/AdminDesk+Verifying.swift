import AdminProtocol
import Authentication

/// Whose code it is, for an administrator: nothing is charged and nothing is spent.
extension AdminDesk {
    func verify(_ account: AccountName, _ code: UserInput, _ answer: AdminAnswer) {
        guard code.count == 1 else { return answer.refuse(.badParameter, "A code is one field, and one alone.") }
        activeConfiguration(answer) { configuration in
            let modules = AdminDesk.enrollable(configuration)
            let slow = modules.filter { $0.stretchesAnswers && $0.recognizes(code) }
            guard !slow.isEmpty else { return verify(account, code, stretched: [:], modules, answer) }
            service.slowWork.run(for: .administrator) {
                var stretched: [ModuleID: UserInput] = [:]
                for module in slow { stretched[module.id] = module.stretch(code, for: account) }
                return stretched
            } then: { stretched in
                guard let stretched else {
                    return answer.refuse(.busy, "Too much is being done at once. Try again.")
                }
                self.verify(account, code, stretched: stretched, modules, answer)
            }
        }
    }

    private func verify(
        _ account: AccountName, _ code: UserInput, stretched: [ModuleID: UserInput],
        _ modules: [any EnrollableModule], _ answer: AdminAnswer
    ) {
        let now = service.clocks.now()
        withStore(answer) { store throws(StoreFailure) in
            let all = try store.devices(of: account)
            guard !all.isEmpty else {
                return .refusal(
                    .unknownDevice, "\(account) has no device.", hint: "Add one with: twostep enroll \(account) totp")
            }
            for module in modules {
                // What a module wants stretched and could not be is no answer of it.
                guard let input = module.stretchesAnswers ? stretched[module.id] : code else { continue }
                let own = all.filter { $0.key.module == module.id }.map(\.device)
                var devices = Devices(own, of: account, module: module.id, sealing: store.sealing)
                guard let found = module.diagnose(input, against: &devices, at: now) else { continue }
                return .verified(
                    CodeDiagnosis(
                        account: account.text,
                        match: CodeDiagnosis.Match(
                            module: ModuleReference(module.id), device: found.device, offset: found.offset,
                            secondsPerUnit: found.secondsPerUnit,
                            isAcceptable: AdminDesk.wouldPass(input, own, module, account, store.sealing, at: now),
                            isSpent: found.isSpent)))
            }
            return .verified(CodeDiagnosis(account: account.text, match: nil))
        }
    }

    /// Whether a login would take the code now: judged on a copy of the devices that is thrown away.
    private static func wouldPass(
        _ code: UserInput, _ own: [Device], _ module: any EnrollableModule, _ account: AccountName,
        _ sealing: any SecretSealing, at now: Moment
    ) -> Bool {
        var copy = Devices(own, of: account, module: module.id, sealing: sealing)
        let session = ValidationSession(
            id: ValidationSession.ID(high: 0, low: 0), account: account, provider: ProviderID("pam"),
            step: Step(module.id), deadline: now.boottime, triesLeft: 1)
        do throws(InvalidAuth) {
            return try module.validate(session, code, against: &copy, at: now) == account
        } catch {
            return false
        }
    }
}
