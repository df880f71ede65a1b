import AdminProtocol
import Foundation

extension LoggedRecord {
    /// A record as `journalctl --output=json` writes one; nil for what is none of a decision.
    init?(journal line: [UInt8]) {
        guard let values = try? JSONDecoder().decode([String: JournalValue].self, from: Data(line)),
            let message = values["MESSAGE"]?.text,
            let microseconds = values["__REALTIME_TIMESTAMP"]?.text.flatMap({ Int64($0) })
        else { return nil }
        var fields: [String: String] = [:]
        for (name, value) in values where name.hasPrefix("TWOSTEP_") { fields[name] = value.text }
        guard fields["TWOSTEP_RESULT"] != nil else { return nil }
        self.init(
            number: 0, at: microseconds / 1_000_000, priority: values["PRIORITY"]?.text.flatMap { Int($0) } ?? 6,
            message: message, fields: fields)
    }
}

/// A field of the journal: text, bytes that are no text, several of these, or nothing (too long to be shown).
private struct JournalValue: Decodable {
    /// The first, if there are several.
    let text: String?

    init(from decoder: any Decoder) throws {
        if let container = try? decoder.singleValueContainer() {
            if let text = try? container.decode(String.self) {
                self.text = text
                return
            }
            if let bytes = try? container.decode([UInt8].self) {
                text = String(decoding: bytes, as: UTF8.self)
                return
            }
            if let several = try? container.decode([JournalValue].self) {
                text = several.first?.text
                return
            }
        }
        text = nil
    }
}
