package import Authentication

/// What the daemon answers.
package enum AdminReply: Codable, Equatable, Sendable {
    case status(ServiceStatus)
    case listing(Listing)
    /// Secrets: the otpauth URI, the key for typing by hand, codes for paper, one a line (UTF-8, or empty).
    case enrollmentBegun(EnrollmentBegun)
    /// Secret, where something was issued along with it: its codes, one a line (UTF-8).
    case enrollmentDone(EnrollmentDone)
    case removed(Removal)
    case verified(CodeDiagnosis)
    case unlocked(Unlocking)
    case users(UserListing)
    case user(KeptUser)
    case passwordSet(PasswordChange)
    case userRemoved(UserRemoval)
    case credentials(CredentialsListing)
    case linked(CredentialsLink)
    case unlinked(CredentialsRemoval)
    case sessions(SessionListing)
    case sessionEnded(WaitingSession)
    /// Secrets: the otpauth URI, the key for typing by hand (UTF-8).
    case shown(ShownDevice)
    case staged(StagedCount)
    case imported(ImportedDevices)
    case blocked(Blocking)
    case unblocked(Unblocking)
    case adoption(Adoption)
    case grants(GrantListing)
    case grantsRevoked(GrantListing)
    case explained(Explanation)
    case records(RecordListing)
    case metrics(MetricsSnapshot)
    case report(ReportPage)
    case question(ProofQuestion)
    case proved(OwnProof)
    case keys(KeyStanding)
    case resealed(ResealedPart)
    case backupBegun(BegunBackup)
    case backupPart(BackupPart)
    case storeFindings(StoreFindings)
    case copyProgress(CopyStanding)
    case copied(CopiedStore)
    case hosts(HostListing)
    case hostAdded(IssuedHost)
    case hostsRevoked(HostListing)
    case refused(AdminRefusal)

    /// The kinds of reply as they stand in the JSON.
    enum CodingKeys: String, CodingKey, CaseIterable {
        case status, listing, enrollmentBegun, enrollmentDone, removed, verified, unlocked, refused
        case users, user, passwordSet, userRemoved, credentials, linked, unlinked, sessions, sessionEnded
        case shown, staged, imported
        case blocked, unblocked, adoption, grants, grantsRevoked, explained
        case records, metrics, report, question, proved
        case keys, resealed, backupBegun, backupPart, storeFindings, copyProgress, copied
        case hosts, hostAdded, hostsRevoked
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard let key = container.allKeys.first else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: container.codingPath, debugDescription: "no kind of reply"))
        }
        self =
            switch key {
            case .status: .status(try container.decode(ServiceStatus.self, forKey: key))
            case .listing: .listing(try container.decode(Listing.self, forKey: key))
            case .enrollmentBegun: .enrollmentBegun(try container.decode(EnrollmentBegun.self, forKey: key))
            case .enrollmentDone: .enrollmentDone(try container.decode(EnrollmentDone.self, forKey: key))
            case .removed: .removed(try container.decode(Removal.self, forKey: key))
            case .verified: .verified(try container.decode(CodeDiagnosis.self, forKey: key))
            case .unlocked: .unlocked(try container.decode(Unlocking.self, forKey: key))
            case .users: .users(try container.decode(UserListing.self, forKey: key))
            case .user: .user(try container.decode(KeptUser.self, forKey: key))
            case .passwordSet: .passwordSet(try container.decode(PasswordChange.self, forKey: key))
            case .userRemoved: .userRemoved(try container.decode(UserRemoval.self, forKey: key))
            case .credentials: .credentials(try container.decode(CredentialsListing.self, forKey: key))
            case .linked: .linked(try container.decode(CredentialsLink.self, forKey: key))
            case .unlinked: .unlinked(try container.decode(CredentialsRemoval.self, forKey: key))
            case .sessions: .sessions(try container.decode(SessionListing.self, forKey: key))
            case .sessionEnded: .sessionEnded(try container.decode(WaitingSession.self, forKey: key))
            case .shown: .shown(try container.decode(ShownDevice.self, forKey: key))
            case .staged: .staged(try container.decode(StagedCount.self, forKey: key))
            case .imported: .imported(try container.decode(ImportedDevices.self, forKey: key))
            case .blocked: .blocked(try container.decode(Blocking.self, forKey: key))
            case .unblocked: .unblocked(try container.decode(Unblocking.self, forKey: key))
            case .adoption: .adoption(try container.decode(Adoption.self, forKey: key))
            case .grants: .grants(try container.decode(GrantListing.self, forKey: key))
            case .grantsRevoked: .grantsRevoked(try container.decode(GrantListing.self, forKey: key))
            case .explained: .explained(try container.decode(Explanation.self, forKey: key))
            case .records: .records(try container.decode(RecordListing.self, forKey: key))
            case .metrics: .metrics(try container.decode(MetricsSnapshot.self, forKey: key))
            case .report: .report(try container.decode(ReportPage.self, forKey: key))
            case .question: .question(try container.decode(ProofQuestion.self, forKey: key))
            case .proved: .proved(try container.decode(OwnProof.self, forKey: key))
            case .keys: .keys(try container.decode(KeyStanding.self, forKey: key))
            case .resealed: .resealed(try container.decode(ResealedPart.self, forKey: key))
            case .backupBegun: .backupBegun(try container.decode(BegunBackup.self, forKey: key))
            case .backupPart: .backupPart(try container.decode(BackupPart.self, forKey: key))
            case .storeFindings: .storeFindings(try container.decode(StoreFindings.self, forKey: key))
            case .copyProgress: .copyProgress(try container.decode(CopyStanding.self, forKey: key))
            case .copied: .copied(try container.decode(CopiedStore.self, forKey: key))
            case .hosts: .hosts(try container.decode(HostListing.self, forKey: key))
            case .hostAdded: .hostAdded(try container.decode(IssuedHost.self, forKey: key))
            case .hostsRevoked: .hostsRevoked(try container.decode(HostListing.self, forKey: key))
            case .refused: .refused(try container.decode(AdminRefusal.self, forKey: key))
            }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .status(let status): try container.encode(status, forKey: .status)
        case .listing(let listing): try container.encode(listing, forKey: .listing)
        case .enrollmentBegun(let begun): try container.encode(begun, forKey: .enrollmentBegun)
        case .enrollmentDone(let done): try container.encode(done, forKey: .enrollmentDone)
        case .removed(let removal): try container.encode(removal, forKey: .removed)
        case .verified(let diagnosis): try container.encode(diagnosis, forKey: .verified)
        case .unlocked(let unlocking): try container.encode(unlocking, forKey: .unlocked)
        case .users(let listing): try container.encode(listing, forKey: .users)
        case .user(let user): try container.encode(user, forKey: .user)
        case .passwordSet(let change): try container.encode(change, forKey: .passwordSet)
        case .userRemoved(let removal): try container.encode(removal, forKey: .userRemoved)
        case .credentials(let listing): try container.encode(listing, forKey: .credentials)
        case .linked(let link): try container.encode(link, forKey: .linked)
        case .unlinked(let removal): try container.encode(removal, forKey: .unlinked)
        case .sessions(let listing): try container.encode(listing, forKey: .sessions)
        case .sessionEnded(let session): try container.encode(session, forKey: .sessionEnded)
        case .shown(let device): try container.encode(device, forKey: .shown)
        case .staged(let count): try container.encode(count, forKey: .staged)
        case .imported(let imported): try container.encode(imported, forKey: .imported)
        case .blocked(let blocking): try container.encode(blocking, forKey: .blocked)
        case .unblocked(let unblocking): try container.encode(unblocking, forKey: .unblocked)
        case .adoption(let adoption): try container.encode(adoption, forKey: .adoption)
        case .grants(let listing): try container.encode(listing, forKey: .grants)
        case .grantsRevoked(let listing): try container.encode(listing, forKey: .grantsRevoked)
        case .explained(let explanation): try container.encode(explanation, forKey: .explained)
        case .records(let listing): try container.encode(listing, forKey: .records)
        case .metrics(let snapshot): try container.encode(snapshot, forKey: .metrics)
        case .report(let page): try container.encode(page, forKey: .report)
        case .question(let question): try container.encode(question, forKey: .question)
        case .proved(let proof): try container.encode(proof, forKey: .proved)
        case .keys(let standing): try container.encode(standing, forKey: .keys)
        case .resealed(let part): try container.encode(part, forKey: .resealed)
        case .backupBegun(let begun): try container.encode(begun, forKey: .backupBegun)
        case .backupPart(let part): try container.encode(part, forKey: .backupPart)
        case .storeFindings(let found): try container.encode(found, forKey: .storeFindings)
        case .copyProgress(let standing): try container.encode(standing, forKey: .copyProgress)
        case .copied(let store): try container.encode(store, forKey: .copied)
        case .hosts(let listing): try container.encode(listing, forKey: .hosts)
        case .hostAdded(let issued): try container.encode(issued, forKey: .hostAdded)
        case .hostsRevoked(let listing): try container.encode(listing, forKey: .hostsRevoked)
        case .refused(let refusal): try container.encode(refusal, forKey: .refused)
        }
    }

    /// A reply from the JSON of a frame.
    package init(json: Span<UInt8>) throws(AdminProtocolError) {
        self = try AdminEnvelope.decode(AdminReply.self, from: json, verbs: CodingKeys.allCases.map(\.rawValue))
    }

    /// The whole frame, with the secrets that belong to this reply; throws `oversized`, which a listing of very
    /// many devices can be.
    package func frame(secrets: borrowing SecretFields) throws(AdminProtocolError) -> Secret {
        try AdminFrame.encode(json: try AdminEnvelope.encode(self), secrets: secrets, within: .reply)
    }
}
