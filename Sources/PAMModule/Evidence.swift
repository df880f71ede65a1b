public import Wire

/// Reduces a line of sshd's SSH_AUTH_INFO_0 to what a policy may know of it: the method, and for a key its type.
///
/// sshd writes `publickey ssh-ed25519 AAAA…`, `password`, `keyboard-interactive/pam`. The key itself stays
/// here, and so does a certificate: with its principals it would burst the frame. Only the part before the
/// slash is a method; a policy that compares it must not have to know sshd's devices.
public enum Evidence {
    /// The reduced line is in `bytes`, `count` of them; 0 if the line names no method.
    public static func reduce(_ line: Span<UInt8>, into reduced: inout FixedBytes<64>) {
        reduced.clear()
        var methodEnd = 0
        while let byte = line.byte(at: methodEnd), isMethodCharacter(byte) { methodEnd &+= 1 }
        var wordEnd = methodEnd
        while let byte = line.byte(at: wordEnd), byte != space { wordEnd &+= 1 }
        let isWhole = methodEnd == wordEnd || line.byte(at: methodEnd) == slash
        guard methodEnd > 0, isWhole, append(line, from: 0, methodEnd, to: &reduced) else {
            reduced.clear()
            return
        }
        guard reduced.withBytes({ matches($0, "publickey") || matches($0, "hostbased") }) else { return }
        let typeStart = wordEnd &+ 1
        var typeEnd = typeStart
        var hyphens = 0
        while let byte = line.byte(at: typeEnd), isKeyTypeCharacter(byte) {
            if byte == hyphen { hyphens &+= 1 }
            typeEnd &+= 1
        }
        // Every key type has a hyphen, and base64 has none: a blob can never pass for a type.
        let ends = line.byte(at: typeEnd).map { $0 == space } ?? true
        guard hyphens > 0, ends, typeEnd &- typeStart < 64 &- reduced.count else { return }
        reduced.append(space)
        append(line, from: typeStart, typeEnd &- typeStart, to: &reduced)
    }

    private static var space: UInt8 { 0x20 }
    private static var hyphen: UInt8 { 0x2D }
    private static var slash: UInt8 { 0x2F }

    private static func isMethodCharacter(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == hyphen || byte == 0x5F
    }

    private static func isKeyTypeCharacter(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == hyphen || byte == 0x2E || byte == 0x40 || byte == 0x5F
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    @discardableResult
    private static func append(
        _ line: Span<UInt8>, from start: Int, _ count: Int, to reduced: inout FixedBytes<64>
    ) -> Bool {
        line.withPart(from: start, count: count) { reduced.append(contentsOf: $0) }
    }

    private static func matches(_ bytes: Span<UInt8>, _ literal: StaticString) -> Bool {
        literal.withBytes { isEqual(bytes, $0) }
    }
}

/// Compares without an early exit: how long it takes tells the lengths and nothing else.
func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    var difference: UInt8 = left.count == right.count ? 0 : 1
    var index = 0
    while index < left.count {
        difference |= (left.byte(at: index) ?? 0) ^ (right.byte(at: index) ?? 0)
        index &+= 1
    }
    return difference == 0
}
