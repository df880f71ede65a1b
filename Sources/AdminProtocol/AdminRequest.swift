package import Authentication

/// What root may ask of the daemon on admin.sock.
///
/// An enrolment is one connection: `beginEnrollment` first, then either `finishEnrollment` until its answer is
/// right, or `storeWithoutConfirmation`. Closing the connection abandons it, and nothing was stored.
package enum AdminRequest: Codable, ServiceRequest {
    /// Answered by `AdminReply.status`.
    case status
    /// The devices and failures of one account, or of some of those after a name, the empty one for the first. Answered by
    /// `listing`.
    ///
    /// Here and below a listing that is asked for without `after` is for a command line that knows no pages: it is all in one
    /// answer, or a refusal.
    case list(account: String?, after: String? = nil)
    /// Makes a new secret; nothing is stored yet. Without `device` it gets the module's usual name. `parameters` are
    /// the module's own (`digits`: `8`), as typed. With `issuesNothing` no recovery codes come with a first device.
    /// Answered by `enrollmentBegun`.
    case beginEnrollment(
        account: String, module: ModuleReference, device: String?, parameters: [String: String],
        issuesNothing: Bool? = nil)
    /// The same with a key that is there already. Secret: its bytes. Answered by `enrollmentBegun`.
    case beginEnrollmentWithKey(
        account: String, module: ModuleReference, device: String?, parameters: [String: String],
        issuesNothing: Bool? = nil)
    /// Secrets: a value for each field of the form. Answered by `enrollmentDone`; by a refusal `wrongCode` or
    /// `unacceptable` that leaves the set-up as it is, so that another answer may be tried.
    case finishEnrollment
    /// Stores the device that was begun although no code was seen. Answered by `enrollmentDone`.
    case storeWithoutConfirmation
    /// Without `force` the last device of an account stays (`lastDevice`). `module` is needed where the account has
    /// the name with several modules. Answered by `removed`.
    case remove(account: String, device: String, module: ModuleReference?, force: Bool)
    /// The same, up to the point where something would be removed: what is to be known before a person is asked. Answered
    /// by `removed`.
    case checkRemoval(account: String, device: String, module: ModuleReference?, force: Bool)
    /// Which device could have made a code, and how far off it is; spends and charges nothing. Secret: the code.
    /// Answered by `verified`.
    case verify(account: String)
    /// Forgets the account's failures. Answered by `unlocked`.
    case unlock(account: String)

    /// The secret of a device once more, which the journal has a record of. Answered by `shown`.
    case show(account: String, device: String, module: ModuleReference?, purpose: ShownDevice.Purpose)

    /// Some devices that are to be imported; nothing is stored yet. Secrets: the key of each. Answered by `staged`.
    /// A connection may stage many times; one refusal, and nothing of it can be stored any more.
    case stageDevices(devices: [StagedDevice])
    /// Stores all that the connection has staged, or nothing: where a device that an account has already is to be refused
    /// (`deviceExists`), one of them is enough. Answered by `imported`.
    case commitImport(whenPresent: WhenPresent)
    /// The same, up to the point where something would be stored. Answered by `imported`.
    case checkImport(whenPresent: WhenPresent)

    /// The users that are kept for one provider, or for all: some of those after a place. Answered by `users`.
    case users(provider: ProviderReference?, after: UserPlace? = nil)
    /// One user, whether there is one or not: what is to be known before a password is asked for. Without `username`
    /// the one user of a provider that knows no other; without `provider` the only one in question. Answered by `user`.
    case user(username: String?, provider: ProviderReference?)
    /// Secret: the password, of 1 to 511 bytes. Answered by `passwordSet`.
    case setPassword(username: String, provider: ProviderReference, intent: PasswordIntent)
    /// Removes a user and its credentials. Answered by `userRemoved`.
    case removeUser(username: String, provider: ProviderReference)

    /// Some of those after a place. Answered by `credentials`.
    case credentials(after: UserPlace? = nil)
    /// Lets a provider's username open a local account. Answered by `linked`.
    case link(username: String, provider: ProviderReference, account: String)
    /// Answered by `unlinked`.
    case unlink(username: String, provider: ProviderReference)

    /// The logins that wait for an answer: some of those whose sessions' ids are after one, the empty one for the first. Answered
    /// by `sessions`.
    case sessions(after: String? = nil)
    /// Ends the login whose session has this id, or one that begins so. Answered by `sessionEnded`.
    case endSession(id: String)

    /// Blocks an account: it is refused by every login from now on. `reason` is at most 200 bytes on one line. Answered by
    /// `blocked`.
    case block(account: String, reason: String?)
    /// Answered by `unblocked`.
    case unblock(account: String)
    /// Without `uid` says what would be changed. With it, the account's devices are its present uid's from now on, if that
    /// is what was said. Answered by `adoption`.
    case adopt(account: String, uid: UInt32?)
    /// A page of what lets people off modules for a while, of one account or of all: the grants older than the one with
    /// this number. Answered by `grants`.
    case grants(before: Int? = nil, account: String? = nil)
    /// Revokes the grant with this id, those of this account, or all. Answered by `grantsRevoked`.
    case revokeGrants(id: Int?, account: String?)
    /// What a login would come to, and why; nothing is charged. Answered by `explained`.
    case explain(login: SupposedLogin)
    /// Records of decisions that are in memory: those after a number, 0 for all, so many at most. Answered by `records`.
    case records(after: Int64, atMost: Int)
    /// Answered by `metrics`.
    case metrics
    /// What the store has of the accounts after a name, or of the first ones. Answered by `report`.
    case report(after: String?)
    /// The keys that secrets are sealed with. Answered by `keys`.
    case keys
    /// Seals secrets anew, a part of them, with the key that stands beside the present one; from the first of these on that
    /// key seals everything. Answered by `resealed`.
    case reseal(after: SealedRow?)
    /// Forgets the keys that nothing is sealed with any more. Answered by `keys`.
    case retireKeys
    /// Makes a copy of the store, which the connection has until it ends. Answered by `backupBegun`.
    case beginBackup
    /// Some bytes of the copy. Answered by `backupPart`.
    case backupPart(offset: Int64)
    /// Looks at every row and opens every secret, which takes its time. Answered by `storeFindings`.
    case checkStore
    /// Begins a copy of the store to another place, or goes on with one that was cut short: `sqlite`, or `postgresql:` and
    /// libpq's parameters. The connection has it until it ends. Answered by `copyProgress`.
    case beginCopy(target: String, passwordFile: String?)
    /// Goes on with the copy for a while; logins go on. Answered by `copyProgress`.
    case copyPart
    /// Has the copy take the store's place; logins wait. Answered by `copied`.
    case finishCopy
    /// The hosts of the fleet: some of those whose serials are after one, the empty one for the first. Answered by `hosts`.
    case hosts(after: String? = nil)
    /// Issues a certificate for whoever has the private half of a public key (DER, base64). Answered by `hostAdded`.
    case addHost(name: String, services: [String], users: [String], days: Int64?, publicKey: String)
    /// Revokes every certificate of a name. Answered by `hostsRevoked`.
    case revokeHost(name: String)

    /// The verbs as they stand in the JSON.
    enum CodingKeys: String, CodingKey, CaseIterable {
        case status, list, beginEnrollment, finishEnrollment, storeWithoutConfirmation, remove, checkRemoval, verify,
            unlock
        case users, user, setPassword, removeUser, credentials, link, unlink, sessions, endSession
        case beginEnrollmentWithKey, show, stageDevices, commitImport, checkImport
        case block, unblock, adopt, grants, revokeGrants, explain
        case records, metrics, report
        case keys, reseal, retireKeys, beginBackup, backupPart, checkStore
        case beginCopy, copyPart, finishCopy
        case hosts, addHost, revokeHost
    }

    package static let bounds = AdminFrame.Bounds.request

    /// A request from the JSON of a frame.
    package init(json: Span<UInt8>) throws(AdminProtocolError) {
        self = try AdminEnvelope.decode(
            AdminRequest.self, from: json, verbs: CodingKeys.allCases.map(\.rawValue))
    }

    /// The whole frame, with the secrets that belong to this request; throws `oversized`.
    package func frame(secrets: borrowing SecretFields) throws(AdminProtocolError) -> Secret {
        try AdminFrame.encode(json: try AdminEnvelope.encode(self), secrets: secrets, within: Self.bounds)
    }
}
