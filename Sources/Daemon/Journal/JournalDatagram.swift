import Authentication

/// Records of logins as journald takes them, one after the other in the same memory.
///
/// It says what `LoginRecord.entry` says, and puts it into words a thing at a time: an entry has each of them as a text
/// of its own, which takes several times as long.
package struct JournalDatagram {
    /// The last record, whole.
    package private(set) var bytes: [UInt8] = []
    private var fields: [UInt8] = []

    package init() {
        bytes.reserveCapacity(1024)
        fields.reserveCapacity(512)
    }

    /// Puts a record in place of the one before.
    package mutating func put(_ record: LoginRecord) {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        begin(record.level)
        append(record.beginning)
        field("TWOSTEP_RESULT", record.result)
        record.forEachPart { add($0) }
        bytes += fields
        bytes.append(UInt8(ascii: "\n"))
    }

    /// The same for any other entry.
    package mutating func put(_ entry: JournalEntry) {
        bytes.removeAll(keepingCapacity: true)
        begin(entry.level)
        append(entry.message)
        fields.removeAll(keepingCapacity: true)
        for (name, value) in entry.fields { field(name, value) }
        bytes += fields
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func begin(_ level: JournalEntry.Level) {
        append("PRIORITY=")
        bytes.append(UInt8(ascii: "0") + UInt8(clamping: level.rawValue % 10))
        append("\nSYSLOG_IDENTIFIER=twostepd\nMESSAGE=")
    }

    private mutating func add(_ part: LoginRecord.Part) {
        let isPlain = JournalDatagram.isPlain(part.value, withBlanks: part.isQuoted)
        let value = isPlain ? part.value : JournalEntry.printable(part.value)
        if !part.word.isEmpty {
            bytes.append(UInt8(ascii: " "))
            append(part.word)
            bytes.append(UInt8(ascii: "="))
            if !isPlain {
                append(part.isQuoted ? LoginRecord.quoted(value) : LoginRecord.word(value))
            } else if part.isQuoted {
                bytes.append(UInt8(ascii: "\""))
                append(value)
                bytes.append(UInt8(ascii: "\""))
            } else {
                append(value)
            }
        }
        if !part.field.isEmpty { field(part.field, value) }
    }

    private mutating func field(_ name: String, _ value: String) {
        fields.append(UInt8(ascii: "\n"))
        fields += name.utf8
        fields.append(UInt8(ascii: "="))
        fields += value.utf8
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }

    /// Whether a value may stand as it is: ASCII without controls, quotes and backslashes, and without blanks where they
    /// would end it.
    private static func isPlain(_ value: String, withBlanks: Bool) -> Bool {
        let least: UInt8 = withBlanks ? 0x20 : 0x21
        return value.utf8.allSatisfy {
            $0 >= least && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
    }
}
