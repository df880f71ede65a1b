/// Which of PAM's management functions is asking.
public enum Stage: UInt8, Sendable {
    /// pam_sm_authenticate
    case authenticate = 1
    /// pam_sm_acct_mgmt
    case account = 2
    /// pam_sm_chauthtok with PAM_PRELIM_CHECK: nothing may be written
    case changeCheck = 3
    /// pam_sm_chauthtok with PAM_UPDATE_AUTHTOK
    case changeUpdate = 4
}

/// The module's first frame: who asks for whom, and what the host process knows of the first factor.
///
/// Its payload begins with the range of versions on offer, in every version, for ever.
public struct Begin: Sendable {
    /// The longest PAM_SERVICE, in bytes.
    public static var maximumService: Int { 64 }
    /// The longest PAM_TTY, in bytes.
    public static var maximumTerminal: Int { 128 }
    /// The longest SSH_CONNECTION, in bytes.
    public static var maximumConnection: Int { 128 }
    /// The most lines of evidence; a module leaves out the rest.
    public static var maximumEvidenceLines: Int { 16 }
    /// The longest line of evidence, in bytes: the longest key type has 43.
    public static var maximumEvidenceLine: Int { 64 }
    /// The most words of a PAM line that are passed on.
    public static var maximumArguments: Int { 8 }
    /// The longest of them, in bytes.
    public static var maximumArgument: Int { 128 }

    /// The lowest and the highest version that the module speaks.
    public let lowestVersion: UInt8
    /// The highest version that the module speaks.
    public let highestVersion: UInt8
    /// Which function libpam called.
    public let stage: Stage
    /// PAM's own flags (PAM_SILENT, …), as pam_authenticate(3) was given them.
    public let flags: UInt32
    /// Whether PAM_AUTHTOK is set. The token itself is never sent unless it is asked for.
    public let hasAuthtok: Bool
    /// PAM_SERVICE.
    public let service: Field
    /// PAM_USER.
    public let user: Field
    /// PAM_RHOST, as the host process says it: a name or an address.
    public let remoteHost: Field
    /// PAM_TTY.
    public let terminal: Field
    /// PAM_RUSER.
    public let remoteUser: Field
    /// SSH_CONNECTION of PAM's environment: PAM_RHOST may be a DNS name, this is not.
    public let connection: Field
    /// Method and key type of each line of SSH_AUTH_INFO_0 (`publickey ssh-ed25519`).
    public let evidence: FieldList
    /// What the PAM line says to the daemon (`provider=linux`).
    public let arguments: FieldList

    /// Only the offer: what can be read of a `begin` of any version.
    public static func offer(_ payload: Span<UInt8>) throws(WireError) -> (lowest: UInt8, highest: UInt8) {
        var cursor = Cursor()
        let lowest = try cursor.uint8(in: payload)
        let highest = try cursor.uint8(in: payload)
        guard lowest > 0, lowest <= highest else { throw .malformed }
        return (lowest, highest)
    }

    /// Reads a payload of version 1 to its last byte, or throws `malformed`.
    public init(_ payload: Span<UInt8>) throws(WireError) {
        (lowestVersion, highestVersion) = try Begin.offer(payload)
        var cursor = Cursor()
        _ = try cursor.uint16(in: payload)
        guard let stage = try Stage(rawValue: cursor.uint8(in: payload)) else { throw .malformed }
        self.stage = stage
        flags = try cursor.uint32(in: payload)
        switch try cursor.uint8(in: payload) {
        case 0: hasAuthtok = false
        case 1: hasAuthtok = true
        case _: throw .malformed
        }
        service = try cursor.field(in: payload, atMost: Begin.maximumService)
        user = try cursor.field(in: payload, atMost: Wire.maximumName)
        remoteHost = try cursor.field(in: payload, atMost: Wire.maximumName)
        terminal = try cursor.field(in: payload, atMost: Begin.maximumTerminal)
        remoteUser = try cursor.field(in: payload, atMost: Wire.maximumName)
        connection = try cursor.field(in: payload, atMost: Begin.maximumConnection)
        evidence = try FieldList(
            &cursor, in: payload, most: Begin.maximumEvidenceLines, each: Begin.maximumEvidenceLine)
        arguments = try FieldList(&cursor, in: payload, most: Begin.maximumArguments, each: Begin.maximumArgument)
        try cursor.finish(in: payload)
    }
}

/// A short list of fields, without an array: at most sixteen.
public struct FieldList: Sendable {
    private var fields = [16 of Field](repeating: .empty)
    public private(set) var count = 0

    /// Reads a count of at most `most` (16 or fewer), then as many fields of at most `each` bytes.
    init(
        _ cursor: inout Cursor, in payload: Span<UInt8>, most: Int, each: Int
    ) throws(WireError) {
        let announced = try Int(cursor.uint8(in: payload))
        guard announced <= min(most, 16) else { throw .malformed }
        while count >= 0, count < announced, count < 16 {
            fields[count] = try cursor.field(in: payload, atMost: each)
            count &+= 1
        }
    }

    /// The field at `index`, or an empty one past the end.
    public func field(at index: Int) -> Field {
        index >= 0 && index < count && index < 16 ? fields[index] : .empty
    }
}

extension FrameBuffer {
    /// Starts a `begin`. What follows, in this order: service, user, remote host, terminal, remote user and
    /// connection, each by `append(field:atMost:)`, then the lists of evidence and of arguments, each by
    /// `openList()` and `append(listed:atMost:most:)`, then `finish()`.
    ///
    /// A `begin` is laid out as the lowest version on offer has it, and says so in its header.
    public mutating func startBegin(
        _ stage: Stage, flags: UInt32, hasAuthtok: Bool, offering versions: ClosedRange<UInt8> = Wire.versions
    ) {
        start(.begin, version: versions.lowerBound)
        append(uint8: versions.lowerBound)
        append(uint8: versions.upperBound)
        append(uint8: stage.rawValue)
        append(uint32: flags)
        append(uint8: hasAuthtok ? 1 : 0)
    }

    /// Builds `answer(bytes)`: its payload is what was typed and nothing else. Of more than 511 bytes
    /// nothing is sent: false is returned, and the frame is empty.
    public mutating func setAnswer(_ bytes: Span<UInt8>, version: UInt8) -> Bool {
        guard bytes.count <= Wire.maximumAnswer else {
            clear()
            return false
        }
        start(.answer, version: version)
        let whole = append(bytes: bytes)
        finish()
        return whole
    }

    /// Builds `unusable` or `cancel`, which have no payload.
    public mutating func setBare(_ kind: FrameKind, version: UInt8) {
        start(kind, version: version)
        finish()
    }
}
