/// What to write, and where, so that a finding is gone: for people to read and for programs to apply.
package enum Mend: Hashable, Sendable {
    /// In place of these lines of a file, counted from 1, this one.
    case replace(String, ClosedRange<Int>, with: String)
    /// A line before the one of this number, counted from 1; one more than the file has puts it at the end.
    case insert(String, before: Int, String)
    /// A file with these contents, whatever is there now.
    case write(String, String)
    /// What to type as root: where it is not the text of a file that is wrong.
    case command(String)

    /// The file that is changed, by its path in the tree; nil for a command.
    package var path: String? {
        switch self {
        case .replace(let path, _, _), .insert(let path, _, _), .write(let path, _): path
        case .command: nil
        }
    }

    /// The same in a tree that lies below a folder.
    package func below(_ prefix: String) -> Mend {
        switch self {
        case .replace(let path, let lines, let text): .replace(prefix + path, lines, with: text)
        case .insert(let path, let line, let text): .insert(prefix + path, before: line, text)
        case .write(let path, let text): .write(prefix + path, text)
        case .command: self
        }
    }

    /// What the file would be; every other byte stays. Nil where it has no such line, and for a command.
    package func applied(to bytes: [UInt8]?) -> [UInt8]? {
        switch self {
        case .write(_, let text): return Array(text.utf8)
        case .command: return nil
        case .replace(_, let lines, let text):
            guard let bytes, let start = Mend.offset(ofLine: lines.lowerBound, in: bytes),
                let last = Mend.offset(ofLine: lines.upperBound, in: bytes), last < bytes.count
            else { return nil }
            // The newline at its end stays, or stays away.
            let end = bytes[last...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            return Array(bytes[..<start]) + Array(text.utf8) + Array(bytes[end...])
        case .insert(_, let line, let text):
            guard var bytes else { return nil }
            let isAtEnd = line == StackFile.physicalLines(bytes).count + 1
            if isAtEnd, let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
            guard let start = Mend.offset(ofLine: line, in: bytes) else { return nil }
            return Array(bytes[..<start]) + Array(text.utf8) + [UInt8(ascii: "\n")] + Array(bytes[start...])
        }
    }

    /// Where a line begins; one behind the last newline begins at the end.
    private static func offset(ofLine number: Int, in bytes: [UInt8]) -> Int? {
        guard number >= 1 else { return nil }
        guard number > 1 else { return 0 }
        var seen = 1
        for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
            seen += 1
            if seen == number { return index + 1 }
        }
        return nil
    }
}
