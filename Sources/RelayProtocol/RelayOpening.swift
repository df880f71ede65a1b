package import Authentication

/// What a host says of who asks for a login: what kind of caller it was that its kernel vouches for, and at which terminal.
///
/// A hub takes no uid and no group from it: whom it knows, it looks up itself.
package struct RelayOpening: Equatable, Sendable {
    /// What the host's own rule has made of its caller.
    package enum Caller: UInt8, CaseIterable, Sendable {
        /// uid 0 of the host.
        case root = 1
        /// The account itself: of what it says only the name and the answers count.
        case account = 2
        /// A service account that the host's configuration lists.
        case listed = 3
    }

    /// A terminal's session on the host.
    package struct Session: Equatable, Sendable {
        /// `pts/3`: 1 to 64 printable bytes.
        package let terminal: String
        package let leader: Int32
        package let leaderStart: UInt64
        /// Which boot of the host it belongs to.
        package let boot: Int64

        package init(terminal: String, leader: Int32, leaderStart: UInt64, boot: Int64) {
            self.terminal = terminal
            self.leader = leader
            self.leaderStart = leaderStart
            self.boot = boot
        }
    }

    package let caller: Caller
    /// Nil where there is none, or nobody wants to remember a login by it.
    package let session: Session?

    package init(_ caller: Caller, session: Session? = nil) {
        self.caller = caller
        self.session = session
    }

    private static let longestTerminal = 64
    private static let sessionSize = 20

    /// Reads a payload of the kind `open`; throws `malformed` for anything else.
    package init(_ bytes: Span<UInt8>) throws(RelayError) {
        guard bytes.count >= 2, let caller = Caller(rawValue: bytes[0]) else { throw .malformed }
        let length = Int(bytes[1])
        guard length > 0 else {
            guard bytes.count == 2 else { throw .malformed }
            self.init(caller)
            return
        }
        guard length <= RelayOpening.longestTerminal, bytes.count == 2 + length + RelayOpening.sessionSize else {
            throw .malformed
        }
        let name = bytes.extracting(2..<(2 + length))
        for index in name.indices where !(0x21...0x7E).contains(name[index]) { throw .malformed }
        let terminal = unsafe name.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        let place = 2 + length
        self.init(
            caller,
            session: Session(
                terminal: terminal, leader: Int32(bitPattern: UInt32(bigEndian: bytes, at: place)),
                leaderStart: UInt64(bigEndian: bytes, at: place + 4),
                boot: Int64(bitPattern: UInt64(bigEndian: bytes, at: place + 12))))
    }

    /// The payload; without the session, if its terminal has no name that can be said.
    package var bytes: [UInt8] {
        var bytes = [caller.rawValue]
        let name = session.map { Array($0.terminal.utf8) } ?? []
        guard let session, (1...RelayOpening.longestTerminal).contains(name.count),
            name.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return bytes + [0] }
        bytes.append(UInt8(name.count))
        bytes += name
        bytes.append(bigEndian: UInt32(bitPattern: session.leader))
        bytes.append(bigEndian: session.leaderStart)
        bytes.append(bigEndian: UInt64(bitPattern: session.boot))
        return bytes
    }
}

extension TerminalSession {
    /// The session as a hub knows it: of one certificate, and of one boot of its host.
    package init(_ session: RelayOpening.Session, ofHost host: String) {
        self.init(
            terminal: session.terminal, leader: session.leader, leaderStart: session.leaderStart,
            host: "\(host) \(session.boot)")
    }
}
