/// A file of PAM's as it stands: every byte, and the lines that libpam acts on with their places.
package struct StackFile: Equatable, Sendable {
    /// Within the tree: `/etc/pam.d/sshd`.
    package let path: String
    package let bytes: [UInt8]
    /// In the order of the file.
    package let lines: [StackLine]
    /// Whether it ends within a line that was to be continued: libpam takes such a file for none.
    package let isCutOff: Bool

    /// Reads a file as libpam does (pam.d(5)): `\` continues a line, also behind comments and empty lines in between,
    /// and `#` begins a comment anywhere.
    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        var lines: [StackLine] = []
        var assembled: [UInt8] = []
        var start: Int?
        for (index, physical) in StackFile.physicalLines(bytes).enumerated() {
            let number = index + 1
            guard let first = physical.firstIndex(where: { !Token.isSpace($0) }), physical[first] != UInt8(ascii: "#")
            else { continue }
            let begin = start ?? number
            let comment = physical.firstIndex(of: UInt8(ascii: "#"))
            var text = Array(physical[..<(comment ?? physical.endIndex)])
            // Before a comment a backslash continues nothing.
            if comment == nil, let last = text.lastIndex(where: { !StackFile.isBlank($0) }),
                text[last] == UInt8(ascii: "\\")
            {
                text.removeSubrange(last...)
                assembled += text + [0x20]
                start = begin
                continue
            }
            if let line = StackLine(assembled + text, lines: begin...number) { lines.append(line) }
            assembled = []
            start = nil
        }
        self.lines = lines
        isCutOff = start != nil
    }

    /// The line of that number as it stands, without its end; nil where there is none. From 1.
    package func text(ofLine number: Int) -> String? {
        let all = StackFile.physicalLines(bytes)
        guard number >= 1, number <= all.count else { return nil }
        return String(decoding: all[number - 1], as: UTF8.self)
    }

    /// The bytes between newlines; what stands behind the last newline is a line if there is any.
    static func physicalLines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var all = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if all.last?.isEmpty == true { all.removeLast() }
        return all
    }

    /// isspace(3) in the C locale.
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
