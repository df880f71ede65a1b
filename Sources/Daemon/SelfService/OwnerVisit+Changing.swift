import AdminProtocol
import Authentication
import Configuration

/// What somebody does once it is proved whose account it is.
extension OwnerVisit {
    /// Begins a set-up. What an administrator hands out is nothing that people give themselves.
    func begin(
        _ account: AccountName, _ module: ModuleID?, _ device: String?, _ parameters: [String: String],
        _ settings: SelfServiceSettings, _ answer: AdminAnswer
    ) {
        guard settings.mayEnroll else {
            return answer.refuse(.notPermitted, Texts.changeNotOffered, hint: OwnerVisit.remedy(account))
        }
        guard let proof else { return refuseUnproved(answer) }
        let known = proof.configuration.modulesOfPeople
        let wanted =
            module.map { id in known.first { $0.id == id } }
            ?? proof.configuration.moduleOfNewDevice(proof.change)
        guard let wanted else {
            return answer.refuse(
                .unknownModule,
                module.map {
                    "No module '\(JournalEntry.printable($0.description))' is configured that people enrol with."
                }
                    ?? "No module is configured that a further device could be of.",
                hint: known.isEmpty
                    ? "None is." : "Configured are: \(known.map(\.id.description).joined(separator: ", "))")
        }
        let name = device ?? proof.change.freeName(for: wanted)
        let key = DeviceKey(account: account, module: wanted.id, device: name)
        let terms = terms(proof, settingUp: key, replacing: settings.mayRemove || wanted.hasOneDevice)
        desk.begin(account, uid, wanted.id, name, parameters, issues: true, terms: terms, answer)
    }

    /// Finishes a set-up; one that is stored has used up the proof.
    func finish(
        _ enrollment: PendingEnrollment?, _ input: UserInput, _ settings: SelfServiceSettings, _ answer: AdminAnswer
    ) {
        guard settings.mayEnroll else { return answer.refuse(.notPermitted, Texts.changeNotOffered) }
        guard let proof else { return refuseUnproved(answer) }
        guard let enrollment else { return answer.refuse(.badParameter, "Nothing was begun that this could finish.") }
        let mayReplace = settings.mayRemove || enrollment.module.hasOneDevice
        let terms = terms(proof, settingUp: enrollment.key, replacing: mayReplace)
        desk.finish(enrollment, input, terms: terms, usingUp(answer))
    }

    func remove(
        _ account: AccountName, _ device: String, _ module: ModuleID?, _ settings: SelfServiceSettings,
        _ answer: AdminAnswer
    ) {
        guard settings.mayRemove else {
            return answer.refuse(
                .notPermitted, "Devices cannot be removed here.",
                hint: "Ask the administrator: twostep remove \(account) NAME")
        }
        guard let proof else { return refuseUnproved(answer) }
        desk.remove(account, device, module, force: false, terms: terms(proof), usingUp(answer))
    }

    private func refuseUnproved(_ answer: AdminAnswer) {
        answer.refuse(.notProved, "Nothing is changed before an answer of a device that you have was accepted.")
    }

    /// One proof is good for one change.
    private func usingUp(_ answer: AdminAnswer) -> AdminAnswer {
        AdminAnswer { reply, enrollment, issued in
            switch reply {
            case .enrollmentDone, .removed: self.proof = nil
            case _: break
            }
            answer(reply, enrollment: enrollment, issued: issued)
        }
    }

    /// What must still hold when something is changed. `key` is the place of what is set up, if anything is.
    private func terms(_ proof: Proof, settingUp key: DeviceKey? = nil, replacing mayReplace: Bool = true)
        -> ChangeTerms
    {
        let change = proof.change
        let devices = proof.devices
        let uid = uid
        let account = account
        return ChangeTerms(
            payer: account.map { .person($0) } ?? .stranger("\(uid)"), signature: " by=owner",
            refusal: { existing in
                guard existing.allSatisfy({ $0.uid == uid }), change.isStillDue(after: devices, among: existing) else {
                    return AdminRefusal(.notProved, "Your devices were changed in the meantime. Nothing was changed.")
                }
                guard let key else { return nil }
                if existing.contains(where: { $0.key == key }) {
                    guard !mayReplace else { return nil }
                    return AdminRefusal(
                        .deviceExists, "You have a device '\(key.device)' already. Nothing is stored.",
                        hint: "Give the new one another name: --name NAME")
                }
                guard existing.count < DeviceChange.most else {
                    return AdminRefusal(.notPermitted, Texts.tooManyDevices)
                }
                return nil
            }, mayForce: false)
    }
}
